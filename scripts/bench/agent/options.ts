import { defineProgram } from "../../../src/cli/mod.ts";

/** The agent bench's command line. */
export const program = defineProgram({
  name: "bench agent",
  about:
    "Measures the agent on each runtime against a real Mosquitto: what it weighs, how soon after its start its first " +
    "message is there, and the memory that it needs.",
  options: {
    runs: { kind: "integer", default: 11, min: 1, max: 1_000, help: "How often each is started" },
    settle: { kind: "duration", default: 5_000, help: "How long each runs before its memory is read" },
    json: { kind: "boolean", help: "Print one JSON object instead of a table" },
  },
});
