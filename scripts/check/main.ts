// The gate: format, lint, types, import rules and documents. Prints a line for each check, and the problems.
// Usage: npm run check -- --write                    regenerates the tables of documents instead
// Usage: npm run check [-- --structure [--all]]      prints figures about the code instead; with --all, the places
import process from "node:process";
import { ROOT } from "../runtimes.ts";
import { describeGate, runGate } from "./gate.ts";
import { writeOwnership } from "./ownership.ts";
import { writeReference } from "./reference.ts";
import { describeStructure, measureStructure } from "./structure.ts";

const [mode, detail, ...rest] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
if (mode === "--structure" && (detail === undefined || detail === "--all") && rest.length === 0) {
  process.stdout.write(describeStructure(measureStructure(ROOT), detail === "--all"));
} else if (mode === "--write" && detail === undefined) {
  writeOwnership(ROOT);
  writeReference(ROOT);
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
