import { defineProgram } from "../../../src/cli/mod.ts";

/** The nodes of Fugaku, the largest machine there was. */
export const FUGAKU = 158_976;

/** The fleet bench's command line. */
export const program = defineProgram({
  name: "bench fleet",
  about:
    "Runs real aggregators of three tiers and the links of all their agents in one process on a virtual clock, changes " +
    "the cfg of every node, and measures what that costs each tier for a node. Network and power are simulated.",
  options: {
    nodes: {
      kind: "integer",
      min: 1,
      max: 200_000,
      help: `How many nodes; without it 1,000, 10,000 and ${FUGAKU.toLocaleString("en")} (Fugaku), one after the other`,
    },
    json: { kind: "boolean", help: "Print one JSON object instead of a table" },
  },
  examples: ["npm run -s bench -- fleet", "npm run -s bench -- fleet --nodes 10000 --json"],
});
