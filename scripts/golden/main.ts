// Compares a graph of the original Kraken with the one that this planner makes of its mutations.
// Usage: npm run -s golden -- FILE [--json]
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { compareGraphs } from "./compare.ts";
import { parseGolden } from "./format.ts";
import { describeComparison, isSame, toCounts } from "./report.ts";
import { errorText } from "../../src/toolkit/mod.ts";

function run(args: readonly string[]): number {
  let parsedArgs;
  try {
    parsedArgs = parseArgs({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    return fail(errorText(error));
  }
  const { values, positionals: [path, ...more] } = parsedArgs;
  if (path === undefined || more.length > 0) return fail("Usage: npm run -s golden -- FILE [--json]");
  if (!existsSync(path)) return fail(`Cannot compare "${path}": there is no such file`);
  try {
    const parsed = parseGolden(readFileSync(path, "utf8"));
    if (!parsed.ok) return fail(`Cannot read "${path}" as a graph:\n  ${parsed.problems.join("\n  ")}`);
    const comparison = compareGraphs(parsed.file);
    process.stdout.write(
      values.json ? `${JSON.stringify(toCounts(comparison), undefined, 2)}\n` : describeComparison(comparison),
    );
    return isSame(comparison) ? 0 : 1;
  } catch (error) {
    return fail(`Cannot compare "${path}": ${errorText(error)}`);
  }
}

function fail(message: string): number {
  process.stderr.write(`${message}\n`);
  return 2;
}

process.exitCode = run(process.argv.slice(2));
