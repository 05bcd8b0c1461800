// The gate: format, lint, types, import rules and documents. Prints a line for each, and what is wrong.
import process from "node:process";
import { describeGate, runGate } from "./gate.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
const results = await runGate(stop.signal);
process.stdout.write(describeGate(results));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
