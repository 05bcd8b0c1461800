import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import * as v from "valibot";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { commandOf, NO_MACHINES, processIds } from "../vm/lab.ts";

const LIMIT = 240_000;
const options = NO_MACHINES === undefined ? {} : { skip: NO_MACHINES };

/** A virtual cluster that runs as a program of its own. */
function startCluster(...more: string[]) {
  const main = join(ROOT, "scripts/vcluster/main.ts");
  const args = ["run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, main, "--http-port", "0", ...more];
  const child = spawn(denoPath(), args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Uint8Array) => printed.stdout += String(text));
  child.stderr.on("data", (text: Uint8Array) => printed.stderr += String(text));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    printed,
    exited,
    pid: child.pid ?? 0,
    /** By process id: Deno takes a child that it has sent a signal for one that the signal has ended. */
    signal(signal: NodeJS.Signals): void {
      if (child.exitCode === null && child.signalCode === null) process.kill(child.pid ?? 0, signal);
    },
  };
}

/** What is left of a cluster by its folder: processes, its network namespace with them. */
function leftOf(folder: string): string[] {
  return processIds().map((pid) => commandOf(pid).join(" ")).filter((command) => command.includes(`${folder}/`));
}

/** The network namespaces, by number, that processes are in whose command has this in it; all interfaces are in these. */
function namespacesOf(mark: string): string[] {
  const ours = readlinkSync("/proc/self/ns/net");
  const theirs = processIds().filter((pid) => commandOf(pid).join(" ").includes(mark)).map(namespaceOf);
  return [...new Set(theirs)].filter((each) => each !== undefined && each !== ours).map(String);
}

/** Undefined when the process has ended. */
function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function folderOf(printed: string): string {
  const found = /logs are in (\S+)/.exec(printed)?.[1];
  if (found === undefined) throw new Error(`It has not said where its folder is: ${printed}`);
  return join(ROOT, found);
}

const summary = v.looseObject({
  nodes: v.literal(1),
  converged: v.literal(1),
  perNode: v.tuple([
    v.object({
      name: v.literal("n1"),
      powerOnMs: v.number(),
      dhcpMs: v.number(),
      kernelMs: v.number(),
      agentMs: v.number(),
      syncMs: v.number(),
    }),
  ]),
});

test("one command powers a virtual machine on, which boots over the network and joins", options, async () => {
  const cluster = startCluster("--nodes", "1", "--until-converged", "--json");
  try {
    assert.equal(await cluster.exited, 0, cluster.printed.stderr);
    const { perNode: [node] } = v.parse(summary, JSON.parse(cluster.printed.stdout));
    const order = [0, node.dhcpMs, node.kernelMs, node.agentMs, node.syncMs];
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
    assert.match(cluster.printed.stderr, /1 of 1 nodes are ready/);
    assert.deepEqual(leftOf(folderOf(cluster.printed.stderr)), []);
  } finally {
    cluster.signal("SIGKILL");
  }
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`a virtual cluster leaves no process, interface or namespace behind after ${signal}`, options, async () => {
    const cluster = startCluster("--nodes", "1");
    try {
      await waitFor("the machine is on", () => cluster.printed.stdout.includes("POWER_ON"), { limit: LIMIT });
      const folder = folderOf(cluster.printed.stdout);
      assert.ok(leftOf(folder).some((command) => command.includes("qemu-system")));
      const namespaces = namespacesOf(`${folder}/`);
      assert.equal(namespaces.length, 1, "it has a network of its own");
      cluster.signal(signal);
      await cluster.exited;
      await waitFor("nothing of it runs", () => leftOf(folder).length === 0, { limit: 20_000 });
      // A network namespace is there as long as a process is in it, or it is mounted.
      const isLeft = (namespace: string) =>
        processIds().some((pid) => namespaceOf(pid) === namespace) ||
        readFileSync("/proc/self/mountinfo", "utf8").includes(namespace);
      assert.deepEqual(namespaces.filter(isLeft), []);
    } finally {
      cluster.signal("SIGKILL");
    }
  });
}
