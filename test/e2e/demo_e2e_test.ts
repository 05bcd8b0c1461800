import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { takeFolder } from "../../scripts/demo/folder.ts";
import { demoCommand, processes } from "./lab.ts";

/** A demo that runs, with what it has printed so far. */
function startDemo(...more: string[]) {
  const [file, ...args] = demoCommand(...more);
  const child = spawn(file, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Uint8Array) => printed.stdout += String(text));
  child.stderr.on("data", (text: Uint8Array) => printed.stderr += String(text));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    printed,
    exited,
    /** By process id: Deno takes a child that it has sent a signal for one that the signal has ended. */
    signal(signal: NodeJS.Signals): void {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        process.kill(child.pid, signal);
      }
    },
  };
}

test("the demo drives its nodes from POWER_OFF to SYNC and prints one JSON object last", async () => {
  const demo = startDemo("--nodes", "10", "--until-converged", "--json");
  try {
    assert.equal(await demo.exited, 0, demo.printed.stderr);
    const result: Record<string, unknown> = JSON.parse(demo.printed.stdout);
    assert.deepEqual(Object.keys(result), ["nodes", "converged", "elapsedMs", "plans", "mutations", "retries"]);
    assert.equal(result["nodes"], 10);
    assert.equal(result["converged"], 10);
    assert.ok(Number(result["mutations"]) >= 10);
    assert.match(demo.printed.stderr, /10 of 10 nodes converged/);
  } finally {
    demo.signal("SIGKILL");
  }
});

test("the demo with three tiers brings up the nodes of each rack, and counts what all aggregators did", async () => {
  const demo = startDemo("--tiers", "3", "--nodes", "4", "--until-converged", "--json");
  try {
    assert.equal(await demo.exited, 0, demo.printed.stderr);
    const result: Record<string, unknown> = JSON.parse(demo.printed.stdout);
    assert.equal(result["nodes"], 4);
    assert.equal(result["converged"], 4);
    assert.ok(Number(result["mutations"]) >= 4, "the racks' engines are counted");
    assert.match(demo.printed.stderr, /4 of 4 nodes converged/);
  } finally {
    demo.signal("SIGKILL");
  }
});

test("the demo goes on when its aggregator is killed in the middle of the bring-up", async () => {
  const demo = startDemo("--nodes", "6", "--until-converged");
  try {
    const folder = await waitFor(
      "it has said where its folder is",
      () => /logs are in (\S+)/.exec(demo.printed.stdout)?.[1],
    );
    const file = join(ROOT, folder, "aggregator.pid");
    await waitFor("nodes are coming up", () => demo.printed.stdout.includes("physState"), { limit: 60_000 });
    process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
    assert.equal(await demo.exited, 0, demo.printed.stdout + demo.printed.stderr);
    assert.match(demo.printed.stdout, /The aggregator 'root' has ended: starting it again/);
    assert.match(demo.printed.stdout, /6 of 6 nodes converged/);
  } finally {
    demo.signal("SIGKILL");
  }
});

test("Ctrl-C ends the demo and leaves nothing running", async () => {
  const demo = startDemo("--nodes", "3");
  try {
    await waitFor("the cluster runs", () => demo.printed.stdout.includes("The cluster runs until you press Ctrl-C"), {
      limit: 60_000,
    });
    const folder = /logs are in (\S+)/.exec(demo.printed.stdout)?.[1] ?? "?";
    const own = processes().filter(({ command }) => command.some((part) => part.includes(folder)));
    assert.ok(own.length >= 5, "an aggregator, a simulator and three agents run");
    demo.signal("SIGINT");
    assert.equal(await demo.exited, 0, demo.printed.stdout + demo.printed.stderr);
    await waitFor(
      "nothing is left",
      () => processes().every(({ command }) => !command.some((part) => part.includes(folder))),
    );
  } finally {
    demo.signal("SIGKILL");
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

test("a second demo does not sweep the first one's data away", () => {
  const folder = join(ROOT, ".kraken", `demo-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, "owner.pid"), `${process.ppid}\n`);
    writeFileSync(join(folder, "state"), "precious");
    assert.throws(
      () => takeFolder(false),
      /Another demo runs already, as process \d+: stop it, or run this one beside it/,
    );
    assert.equal(readFileSync(join(folder, "state"), "utf8"), "precious");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
