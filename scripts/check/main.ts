// The gate: format, lint, types, import rules and documents. Prints a line for each, and what is wrong.
// Usage: npm run check -- --write                    writes what documents have from the code anew instead
// Usage: npm run check [-- --structure [--all]]      figures about the code instead; with --all, where each comes from
import process from "node:process";
import { ROOT } from "../runtimes.ts";
import { describeGate, runGate } from "./gate.ts";
import { writeOwnership } from "./ownership.ts";
import { describeStructure, measureStructure } from "./structure.ts";

const [mode, detail, ...rest] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
if (mode === "--structure" && (detail === undefined || detail === "--all") && rest.length === 0) {
  process.stdout.write(describeStructure(measureStructure(ROOT), detail === "--all"));
} else if (mode === "--write" && detail === undefined) {
  writeOwnership(ROOT);
} else if (mode !== undefined) {
  process.stderr.write(
    `Unknown argument "${process.argv.slice(2).join(" ")}": expected none, --write, or --structure [--all]\n`,
  );
  process.exitCode = 2;
} else {
  const results = await runGate(stop.signal);
  process.stdout.write(describeGate(results));
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
}
