import { defineProgram } from "../../../src/cli/mod.ts";

/** The plan bench's command line. */
export const program = defineProgram({
  name: "bench plan",
  about: "Measures the planner, and the engine where there is nothing to do.",
  options: { json: { kind: "boolean", help: "Print one JSON object instead of tables" } },
});
