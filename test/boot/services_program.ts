/** Runs the checks of boot services on a network namespace of its own, and writes a line of JSON for each: see services_test.ts. */
import process from "node:process";
import { CHECKS } from "./services_checks.ts";

for (const [statement, check] of Object.entries(CHECKS)) {
  let problem: string | undefined;
  try {
    await check();
  } catch (error) {
    problem = error instanceof Error ? error.stack ?? error.message : String(error);
  }
  process.stdout.write(`${JSON.stringify({ statement, problem })}\n`);
}
