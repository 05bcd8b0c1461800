import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { createApi } from "../../scripts/cluster/api.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { programCommand, ROOT } from "../../scripts/runtimes.ts";
import { demoCommand } from "./lab.ts";

const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** The commands of the walk through the demo, in order. */
function walk(): string[] {
  const section = README.split("## A walk through it")[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => (block ?? "").trim().split("\n"))
    .filter((line) => !line.startsWith("alias "));
}

/** What each command that is not simply to succeed must do. */
const EXPECTED: readonly {
  readonly start: string;
  readonly code?: number;
  readonly output?: RegExp;
  readonly endless?: true;
}[] = [
  { start: "krakenctl get nodes n2", output: /n2 .*frozen/ },
  { start: "krakenctl get nodes", output: /n8 .*SYNC/ },
  { start: "krakenctl get node n3", output: /runState: SYNC/ },
  { start: "krakenctl plan", output: /n\[1-8\]/ },
  { start: "krakenctl explain", output: /n\[1-8\] would have to do this to reach \/physState=POWER_OFF:/ },
  { start: "krakenctl limits", output: /\/limits\/power=.*"atMost":1/ },
  { start: "krakenctl set n3 /physState=POWER_OFF --dry-run", output: /service\/drain[\s\S]*simpower\/power-off/ },
  { start: "krakenctl events n5 -f", output: /n5/, endless: true },
  { start: "krakenctl set n1 /physState=PHYS_ERROR --dry-run", output: /no mutation leads to it/ },
  { start: "krakenctl set n1 /physState=ON", code: 2, output: /expected one of PHYS_UNKNOWN, POWER_OFF/ },
];

test("README: every command of the walk through the demo does what it says", async () => {
  const commands = walk();
  assert.ok(commands.length >= 18, `only ${commands.length} commands were found`);
  const [file, ...args] = demoCommand();
  const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text: Uint8Array) => output += String(text));
  child.stderr.on("data", (text: Uint8Array) => output += String(text));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await waitFor("the demo runs", () => output.includes("The README walks you through it"), { limit: 90_000 });
    const api = /API +(\S+)\/api\/v1/.exec(output)?.[1] ?? "?";
    const folder = /logs are in (\S+)/.exec(output)?.[1] ?? "?";
    for (const command of commands) await runStep(command, api, folder);
    await waitFor(
      "all is well in the end",
      async () => (await createApi(api).nodes()).every(({ phase, name }) => phase === "converged" || name === "n1"),
      { limit: 90_000 },
    );
  } catch (error) {
    process.stderr.write(`--- demo\n${output.slice(-3000)}\n`);
    throw error;
  } finally {
    if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, "SIGTERM");
    await exited;
  }
});

async function runStep(command: string, api: string, folder: string): Promise<void> {
  const expected = EXPECTED.find(({ start }) => command.startsWith(start));
  // The usual demo's folder is .kraken/demo; this one has its own, beside it.
  const own = command.replaceAll(".kraken/demo", folder);
  const killed = /\$\(cat (\S+)\)/.exec(own)?.[1];
  const pid = killed === undefined ? undefined : readFileSync(join(ROOT, killed), "utf8");
  const script = `krakenctl() { ${programCommand("krakenctl", "source").join(" ")} "$@"; }; ${own}`;
  const result = await runCommand(["bash", "-c", script], {
    cwd: ROOT,
    env: { KRAKEN_SERVER: api, NO_COLOR: "1" },
    timeout: expected?.endless === true ? 4000 : 90_000,
  });
  if (expected?.endless === true) assert.ok(result.timedOut, `'${command}' ended: ${result.output}`);
  else assert.equal(result.code, expected?.code ?? 0, `'${command}': ${result.output}`);
  if (expected?.output !== undefined) assert.match(result.output, expected.output, command);
  if (killed === undefined) return;
  await waitFor("another process has taken its place, and all is well", async () => {
    const nodes = await createApi(api).nodes();
    const well = nodes.every(({ runState, physState }) => runState === "SYNC" || physState === "POWER_OFF");
    return well && readFileSync(join(ROOT, killed), "utf8") !== pid;
  }, { limit: 90_000 });
}
