import { defineProgram } from "../../../src/cli/mod.ts";

/** The API bench's command line. */
export const program = defineProgram({
  name: "bench api",
  about: "Measures what a real aggregator takes for requests about many nodes over HTTP, and its memory.",
  options: {
    nodes: { kind: "integer", default: 10_000, min: 10, max: 100_000, placeholder: "COUNT", help: "Nodes" },
    json: { kind: "boolean", help: "Print one JSON object instead of a table" },
  },
});
