// Runs the gate and every test, on Deno and, where they are portable, on Node and Bun.
// Usage: npm test [-- FOLDER|FILE ...]      only these folders and files of test/, without the gate
import { availableParallelism } from "node:os";
import process from "node:process";
import { describeGate, runGate } from "../check/gate.ts";
import { runCommand } from "../command.ts";
import { bunPath, denoPath, nodePath, ROOT } from "../runtimes.ts";
import { runPool } from "./pool.ts";
import { runUnit, type UnitResult } from "./run_unit.ts";
import { spareProcessors } from "./spare.ts";
import { findUnits } from "./suites.ts";
import { describeTotals, describeUnit } from "./summary.ts";

/** Longest that a unit may take, in milliseconds; and one about virtual machines, which first builds what they boot, or thousands of links. */
const FILE_LIMIT = 600_000;
const MACHINES_LIMIT = 1_200_000;

const wanted = process.argv.slice(2);
const write = (text: string) => process.stdout.write(text);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());

async function version(command: string): Promise<string> {
  const { output } = await runCommand([command, "--version"], { signal: stop.signal });
  return output.split("\n")[0]?.replace(/^deno | \(.*$/g, "") ?? "";
}

try {
  const units = findUnits(ROOT, wanted);
  const [deno, node, bun] = await Promise.all([denoPath(), nodePath(), bunPath()].map(version));
  write(`Deno ${deno}, Node ${node}, Bun ${bun}\n\n`);
  const gate = wanted.length === 0 ? await runGate(stop.signal) : [];
  if (gate.length > 0) write(`${describeGate(gate)}\n`);
  const results: UnitResult[] = [];
  const workers = Math.min(4, availableParallelism());
  await runPool(units, { workers, most: workers + 5, spare: spareProcessors }, async (unit) => {
    const result = await runUnit(ROOT, unit, {
      timeout: /^test\/vm\/|vcluster|storm_fault/.test(unit.files.join()) ? MACHINES_LIMIT : FILE_LIMIT,
      signal: stop.signal,
    });
    if (stop.signal.aborted) return;
    results.push(result);
    write(describeUnit(result));
  }, stop.signal);
  if (stop.signal.aborted) {
    write("\nInterrupted\n");
    process.exitCode = 130;
  } else {
    write(describeTotals(results, gate));
    const failed = results.some(({ cases }) => cases.some(({ outcome }) => outcome === "failed"));
    process.exitCode = failed || gate.some(({ ok }) => !ok) || units.length === 0 ? 1 : 0;
  }
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
