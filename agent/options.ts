import { defineProgram } from "../src/cli/mod.ts";

/** The agent's command line. */
export const program = defineProgram({
  name: "kraken-agent",
  about: "Joins its aggregator over MQTT, discovers the state of its machine, and keeps it as its cfg asks for.",
  options: {
    id: { kind: "string", placeholder: "UUID", help: "The node's id" },
    name: { kind: "string", help: "The node's name" },
    cluster: { kind: "string", placeholder: "NAME", help: "The cluster's name" },
    parent: { kind: "string", placeholder: "UUID", help: "The id of its aggregator" },
    broker: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_BROKER",
      help: "The MQTT broker, such as mqtt://10.0.0.1",
    },
    cmdline: {
      kind: "string",
      placeholder: "FILE",
      help: "Read who it is from this kernel command line, such as /proc/cmdline, instead of the options above",
    },
    "switch-root": {
      kind: "boolean",
      help: "What started it switches root when it ends with code 99: see docs/how-to/images.md",
    },
    "run-dir": {
      kind: "string",
      default: "/run/kraken",
      placeholder: "DIR",
      help: "Where it keeps what must outlive it but not the machine's boot",
    },
  },
});
