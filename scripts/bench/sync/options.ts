import { defineProgram } from "../../../src/cli/mod.ts";

/** The sync bench's command line. */
export const program = defineProgram({
  name: "bench sync",
  about:
    "Measures a real aggregator with thousands of real agent links, and beside it what the broker and CBOR alone " +
    "can do with the same messages.",
  options: {
    agents: { kind: "integer", default: 1000, min: 1, max: 16_000, help: "How many agents" },
    tiers: {
      kind: "integer",
      default: 1,
      min: 1,
      max: 3,
      help: "Tiers of aggregators: the root, ten racks, rows between",
    },
    broker: {
      kind: "string",
      default: "embedded",
      choices: ["embedded", "mosquitto"],
      placeholder: "BROKER",
      help: "The aggregator's own broker, or a Mosquitto beside it",
    },
    json: { kind: "boolean", help: "Print one JSON object instead of tables" },
  },
  examples: [
    "npm run bench -- sync --agents 1000",
    "npm run -s bench -- sync --agents 5000 --tiers 2 --broker mosquitto --json",
  ],
});

/** Which broker carries the links. */
export type BrokerKind = "embedded" | "mosquitto";
