import { defineProgram } from "../../src/cli/mod.ts";
import { MAX_TIERS } from "./tiers.ts";

/** The demo's command line. */
export const program = defineProgram({
  name: "demo",
  about: "Starts an aggregator and simulated machines, and drives them to what an inventory file asks for. Every " +
    "process is real: the machines' agents are started and killed by their simulated BMCs.",
  options: {
    nodes: { kind: "integer", min: 1, max: 2000, help: "How many nodes, instead of those that the file lists" },
    tiers: {
      kind: "integer",
      min: 1,
      max: MAX_TIERS,
      default: 1,
      help: "Tiers of aggregators: 1 is the root alone, 3 are root, rows and racks",
    },
    cluster: { kind: "string", default: "examples/demo/cluster.yaml", placeholder: "FILE", help: "The inventory" },
    "until-converged": { kind: "boolean", help: "End when every node is what the inventory asks for" },
    json: { kind: "boolean", help: "Print one JSON object last" },
    binaries: { kind: "boolean", help: "Run the single binaries that `npm run build` made, instead of the source" },
    broker: {
      kind: "string",
      placeholder: "mosquitto|URL",
      env: "KRAKEN_BROKER",
      help: "Use this MQTT broker instead of embedded ones; mosquitto: two bridged ones, or with one tier one",
    },
    limit: { kind: "duration", default: 600_000, help: "Give up waiting for convergence after this time" },
    "http-port": { kind: "integer", default: 3141, max: 65_535, help: "Port of the aggregator's API; 0: any free one" },
    "mqtt-port": { kind: "integer", default: 1883, max: 65_535, help: "Port of its MQTT broker; 0: any free one" },
    "bmc-port": { kind: "integer", default: 3142, max: 65_535, help: "Port of the simulated BMCs; 0: any free one" },
  },
  examples: [
    "npm run demo",
    "npm run demo -- --nodes 64 --until-converged",
    "npm run demo -- --tiers 3 --nodes 200 --broker mosquitto",
    "npm run -s demo -- --nodes 8 --until-converged --json",
  ],
});
