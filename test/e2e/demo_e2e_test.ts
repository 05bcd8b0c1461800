import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { demoCommand, processes } from "./lab.ts";

test("the demo drives its nodes from POWER_OFF to SYNC and prints one JSON object last", async () => {
  const { code, output, leftovers } = await runCommand(
    demoCommand("--nodes", "10", "--until-converged", "--json"),
    { cwd: ROOT, timeout: 120_000 },
  );
  assert.equal(code, 0, output);
  assert.equal(leftovers.length, 0, `left running: ${leftovers.join(", ")}`);
  const last = output.trimEnd().split("\n").find((line) => line.startsWith("{"));
  const result: Record<string, unknown> = JSON.parse(last ?? "{}");
  assert.deepEqual(Object.keys(result), ["nodes", "converged", "elapsedMs", "plans", "mutations", "retries"]);
  assert.equal(result["nodes"], 10);
  assert.equal(result["converged"], 10);
  assert.ok(Number(result["mutations"]) >= 10);
});

test("Ctrl-C ends the demo and leaves nothing running", async () => {
  const [file, ...args] = demoCommand("--nodes", "3");
  const child = spawn(file, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text: Uint8Array) => output += String(text));
  child.stderr.on("data", (text: Uint8Array) => output += String(text));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  try {
    await waitFor("the cluster runs", () => output.includes("The cluster runs until you press Ctrl-C"), {
      limit: 60_000,
    });
    const folder = /logs are in (\S+)/.exec(output)?.[1] ?? "?";
    const own = processes().filter(({ command }) => command.some((part) => part.includes(folder)));
    assert.ok(own.length >= 5, "an aggregator, a simulator and three agents run");
    process.kill(child.pid ?? 0, "SIGINT");
    assert.equal(await exited, 0, output);
    await waitFor(
      "nothing is left",
      () => processes().every(({ command }) => !command.some((part) => part.includes(folder))),
    );
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid ?? 0, "SIGKILL");
  }
});

test("a cluster file with an unknown state is refused with line, field, value and what was expected", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-demo-"));
  try {
    const file = join(folder, "cluster.yaml");
    const good = readFileSync(join(ROOT, "examples/demo/cluster.yaml"), "utf8");
    writeFileSync(file, good.replace("physState: POWER_ON", "physState: ON"));
    const { code, output } = await runCommand(demoCommand("--cluster", file), { cwd: ROOT, timeout: 60_000 });
    assert.equal(code, 1);
    assert.match(output, /line \d+: nodes\[0\]\.desired\.physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF/);
    assert.doesNotMatch(output, /at .*\.ts:\d+/, "a stack is shown");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
