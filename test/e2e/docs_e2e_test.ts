import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { createApi } from "../../scripts/cluster/api.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { programCommand, ROOT } from "../../scripts/runtimes.ts";
import { SYNC, withLab } from "./lab.ts";

/** Nodes that are no machines; pages ask what some would have to do. */
const cfgOf = (name: string) => ({ platform: /^n[5-8]$/.test(name) ? "sim" : "none", parent: "root" });

/** A command of a page. */
interface Command {
  readonly at: string;
  readonly text: string;
}

const PAGES = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".md")
)
  .map((name) => `docs/${name}`).sort();
/** Programs whose commands a page may give; a prompt may stand before them. */
const COMMAND =
  /^(?: {4}(?:\$ )?|\$ )?((?:[A-Z_]+=\S+ )?(?:krakenctl|kraken-aggregator|curl|npm|python3|node_modules\/\S+)(?: .*)?)$/;

/** The commands of all code blocks of a page, in order; one that ends with a backslash goes on in the next line. */
function commandsOf(page: string): Command[] {
  const lines = readFileSync(join(ROOT, page), "utf8").split("\n");
  const found: Command[] = [];
  let fence = "";
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const opened = /^\s*```(\w*)/.exec(line);
    if (opened !== null) {
      fence = fence === "" ? opened[1] || "text" : "";
      continue;
    }
    const isShell = fence === "sh" || fence === "console" && line.startsWith("$ ") ||
      fence === "" && line.startsWith("    ");
    let text = isShell ? COMMAND.exec(line)?.[1] : undefined;
    if (text === undefined) continue;
    const at = `${page}:${index + 1}`;
    while (text.endsWith("\\")) text = text.slice(0, -1) + (lines[++index] ?? "").trim();
    found.push({ at, text });
  }
  return found;
}

/** What commands do that do not simply succeed. */
const EXPECTED: readonly {
  readonly start: RegExp;
  readonly code?: number;
  readonly output?: RegExp;
  readonly endless?: true;
}[] = [
  { start: /^krakenctl (?:events -f|watch)|^curl -N/, endless: true },
  // Something that an earlier command of the page has done stands in the way: n1 is busy, n3 is deleted.
  { start: /^krakenctl plan 'n\[1-412\]/, code: 1, output: /^n1: no plan: .*\/busy is 'BUSY'/m },
  { start: /^krakenctl explain (?:'n\[1-8\]'$|n1$|'n\[1-3\]' )/, code: 1, output: /^n1: there is no way/m },
  { start: /^curl .*\/engine\/freeze/, code: 22, output: /No nodes n3 / },
  { start: /^curl .*if-match/, code: 22, output: /"status":412/ },
  { start: /^python3/, output: /^692bc5f6-1788-52bc-8248-4ac17f7bd0c3$/m },
];

test("docs: every krakenctl, curl and python command does what its page says", async () => {
  const commands = PAGES.flatMap(commandsOf).filter(({ text }) => /^(?:krakenctl|curl|python3)/.test(text));
  assert.ok(commands.length >= 60, `only ${commands.length} commands were found`);
  const folder = mkdtempSync(join(tmpdir(), "kraken-docs-"));
  const limits = readFileSync(join(ROOT, "docs/how-to/limits.md"), "utf8");
  try {
    const demo = readFileSync(join(ROOT, "examples/demo/cluster.yaml"), "utf8");
    writeFileSync(join(folder, "demo.yaml"), demo.replace(/^cluster: demo$/m, "cluster: lab"));
    writeFileSync(join(folder, "cluster.yaml"), /```yaml\n([\s\S]*?)```/.exec(limits)?.[1] ?? "");
    const names = new Set(["login1"]);
    for (let number = 1; number <= 412; number++) names.add(`n${number}`).add(`n${String(number).padStart(3, "0")}`);
    await withLab({ count: 4 }, async ({ cluster, names: machines, request }) => {
      const api = createApi(cluster.api);
      const wrong: string[] = [];
      for (const page of PAGES) {
        await api.apply([...names].map((name) => ({ name, cfg: machines.includes(name) ? SYNC : cfgOf(name) })));
        await request("POST", "/api/v1/engine/thaw", {});
        for (const command of commands.filter(({ at }) => at.startsWith(page))) {
          await runOne(command, cluster.api, folder).catch((error: unknown) => wrong.push(String(error)));
        }
      }
      assert.deepEqual(wrong, []);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function runOne({ at, text }: Command, server: string, folder: string): Promise<void> {
  const expected = EXPECTED.find(({ start }) => start.test(text));
  const krakenctl = programCommand("krakenctl", "source").join(" ");
  // There is no terminal to ask at, and what is waited for would take other machines.
  const own = text.replaceAll("http://127.0.0.1:3141", server).replace("examples/demo/cluster.yaml", "demo.yaml")
    .replace(/ \| dot .*$/, "").replace(/ --wait\b/, "").replace(/^krakenctl delete/, "$& -y")
    .replace(/^curl/, "curl -sS --fail-with-body");
  const result = await runCommand(["bash", "-c", `krakenctl() { ${krakenctl} "$@"; }; ${own}`], {
    cwd: folder,
    env: { KRAKEN_SERVER: server, NO_COLOR: "1" },
    timeout: expected?.endless === true ? 4000 : 60_000,
  });
  const said = `${at}: '${text}': ${result.output}`;
  if (expected?.endless === true) assert.ok(result.timedOut, said);
  else assert.equal(result.code, expected?.code ?? 0, said);
  if (expected?.output !== undefined) assert.match(result.output, expected.output, said);
}

test("docs: every kraken-aggregator command starts one", async () => {
  const commands = PAGES.flatMap(commandsOf).filter(({ text }) => text.startsWith("kraken-aggregator"));
  assert.ok(commands.length >= 5, `only ${commands.length} commands were found`);
  for (const { at, text } of commands) {
    const folder = mkdtempSync(join(tmpdir(), "kraken-docs-"));
    try {
      const own = text.replace("/var/lib/kraken", folder).replace("/srv/kraken/boot", folder)
        .replace("10.77.0.1", "127.0.0.1 --boot-port 0 --dhcp off").replace(/mqtt:\/\/\S+/, "mqtt://127.0.0.1:9");
      const isOnce = own.includes("--restored");
      if (isOnce) await startAndEnd(own.replace(" --restored", ""), at);
      if (!isOnce) await startAndEnd(own, at);
      else {
        const { code, output } = await runCommand(words(own), { cwd: folder, timeout: 30_000 });
        assert.equal(code, 0, `${at}: '${text}': ${output}`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

function words(command: string): string[] {
  return [...programCommand("aggregator", "source"), ...command.split(" ").slice(1)];
}

/** Starts an aggregator, waits until it is ready, and ends it. */
async function startAndEnd(command: string, at: string): Promise<void> {
  const [file = "", ...args] = [...words(command), "--http-port", "0", "--mqtt-port", "0"];
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text: Uint8Array) => output += String(text));
  child.stderr.on("data", (text: Uint8Array) => output += String(text));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await waitFor(`${at}: '${command}' runs`, () => {
      assert.equal(child.exitCode, null, `${at}: '${command}' ended: ${output}`);
      return output.includes('"message":"Ready"');
    }, { limit: 60_000 });
  } finally {
    if (child.exitCode === null) child.kill("SIGTERM");
    await exited;
  }
}

test("docs: every npm command names a script that knows its options", async () => {
  const commands = PAGES.flatMap(commandsOf).filter(({ text }) => /\bnpm run /.test(text));
  assert.ok(commands.length >= 3, `only ${commands.length} commands were found`);
  for (const { at, text } of commands) {
    const [, name = "", subject = ""] = /\bnpm run (?:-s )?(\S+)(?: -- ([a-z]+\b))?/.exec(text) ?? [];
    const wanted = name === "golden" ? text : `npm run -s ${name} -- ${subject} --help`;
    const { code, output } = await runCommand(["bash", "-c", wanted], { cwd: ROOT, timeout: 60_000 });
    assert.equal(code, 0, `${at}: '${wanted}': ${output}`);
    for (const [option] of text.matchAll(/--[a-z][\w-]*/g)) {
      assert.ok(output.includes(option), `${at}: '${text}': ${name} knows no ${option}: ${output}`);
    }
  }
});
