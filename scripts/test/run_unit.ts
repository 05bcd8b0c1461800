import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { bunPath, DENO_CONFIG, denoPath, nodePath, ROOT } from "../runtimes.ts";
import { parseJunit, type TestCase } from "./junit.ts";
import type { Runtime, Unit } from "./suites.ts";

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

/**
 * Runs the tests of one file. What no report shows counts as a failed test of its own: a crash, a file that takes longer
 * than `timeout` milliseconds, processes that are left behind.
 */
export async function runUnit(
  root: string,
  unit: Unit,
  options: { readonly timeout: number; readonly signal?: AbortSignal },
): Promise<UnitResult> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-test-"));
  const report = join(folder, "report.xml");
  const start = performance.now();
  try {
    const result = await runCommand(testCommand(unit.runtime, unit.file, report), {
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

function testCommand(runtime: Runtime, file: string, report: string): string[] {
  switch (runtime) {
    case "deno":
      return [denoPath(), "test", "-A", "--no-check", "--config", DENO_CONFIG, `--junit-path=${report}`, file];
    case "node": {
      const reporters = ["spec", "stdout", "junit", report].map((value, index) =>
        `--test-reporter${index % 2 === 0 ? "" : "-destination"}=${value}`
      );
      // Without --test, which would start one more process for the file.
      return [nodePath(), "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), ...reporters, file];
    }
    case "bun":
      return [
        bunPath(),
        "test",
        `--timeout=${BUN_TIMEOUT_MS}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        `./${file}`,
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
