import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type CommandResult, runCommand } from "../command.ts";
import { bunPath, DENO_CONFIG, denoPath, nodePath, ROOT } from "../runtimes.ts";
import { parseJunit, type TestCase } from "./junit.ts";
import type { Unit } from "./suites.ts";

/** How long one test may take on Bun, in milliseconds, whose own limit is 5 s: a test file's limit ends it on every runtime. */
const BUN_TIMEOUT_MS = 300_000;

/** How a unit went. */
export interface UnitResult {
  readonly unit: Unit;
  readonly cases: readonly TestCase[];
  readonly seconds: number;
  /** What it wrote. */
  readonly output: string;
}

/** How units are run. */
interface RunOptions {
  /** The most that a unit may take, in milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs the tests of a unit. What no report shows counts as a failed test of its own: a crash, a unit that takes longer
 * than it may, processes that are left behind. Where something of several files fails, each is run again by itself, as what one of
 * them leaves behind may fail another: that is a failure too.
 */
export async function runUnit(root: string, unit: Unit, options: RunOptions): Promise<UnitResult> {
  const whole = await runTogether(root, unit, options);
  const hasFailed = ({ cases }: UnitResult): boolean => cases.some(({ outcome }) => outcome === "failed");
  if (unit.files.length === 1 || !hasFailed(whole) || options.signal?.aborted === true) return whole;
  const single: UnitResult[] = [];
  for (const file of unit.files) single.push(await runTogether(root, { ...unit, files: [file] }, options));
  const cases = single.flatMap(({ unit: { files }, cases }) =>
    cases.map((one) => ({ ...one, name: one.outcome === "failed" ? `${files[0]}: ${one.name}` : one.name }))
  );
  const seconds = whole.seconds + single.reduce((sum, each) => sum + each.seconds, 0);
  const failed = single.filter(hasFailed);
  if (failed.length > 0) return { unit, cases, seconds, output: failed.map(({ output }) => output).join("\n") };
  const together = whole.cases.filter(({ outcome }) => outcome === "failed").map((one) => ({
    ...one,
    name: `${one.name} (fails only after other files of its folder, in one process)`,
  }));
  return { unit, cases: [...cases, ...together], seconds, output: whole.output };
}

async function runTogether(root: string, unit: Unit, options: RunOptions): Promise<UnitResult> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-test-"));
  const report = join(folder, "report.xml");
  const start = performance.now();
  try {
    const result = await runCommand(testCommand(root, unit, folder, report), {
      cwd: root,
      env: { NO_COLOR: "1" },
      ...options,
    });
    const reported = readReport(report);
    const problem = problemOf(result, reported, options.timeout);
    const seconds = (performance.now() - start) / 1000;
    const failure: TestCase[] = problem === undefined ? [] : [{ name: problem, outcome: "failed", seconds }];
    const output = problem === undefined ? result.output : `${result.output}\n${problem}\n`;
    return { unit, cases: [...reported, ...failure], seconds, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problemOf(result: CommandResult, cases: readonly TestCase[], timeout: number): string | undefined {
  if (result.timedOut) return `It took longer than ${timeout / 1000} s and was ended`;
  const failed = cases.some(({ outcome }) => outcome === "failed");
  if (result.code !== 0 && !failed) return `It ended with ${result.code ?? "a signal"} and reports no failed test`;
  if (cases.length === 0) return "It reports no tests";
  if (result.leftovers.length > 0) return `It left processes behind: ${result.leftovers.join("; ")}`;
  return undefined;
}

function testCommand(root: string, { runtime, files }: Unit, folder: string, report: string): string[] {
  switch (runtime) {
    case "deno":
      return [denoPath(), "test", "-A", "--no-check", "--config", DENO_CONFIG, `--junit-path=${report}`, ...files];
    case "node": {
      const reporters = ["spec", "stdout", "junit", report].map((value, index) =>
        `--test-reporter${index % 2 === 0 ? "" : "-destination"}=${value}`
      );
      // Without --test, which would start one more process for each file.
      const entry = join(folder, "all.mjs");
      writeFileSync(
        entry,
        files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)))};\n`).join(""),
      );
      return [nodePath(), "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), ...reporters, entry];
    }
    case "bun":
      return [
        bunPath(),
        "test",
        `--timeout=${BUN_TIMEOUT_MS}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...files.map((file) => `./${file}`),
      ];
    default:
      return runtime satisfies never;
  }
}

/** A file that crashed has written no report, or part of one. */
function readReport(file: string): TestCase[] {
  try {
    return parseJunit(readFileSync(file, "utf8"));
  } catch {
    return [];
  }
}
