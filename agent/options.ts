import { defineProgram } from "../src/cli/mod.ts";

/** The agent's command line. */
export const program = defineProgram({
  name: "kraken-agent",
  about:
    "Joins its aggregator over MQTT, discovers the state of its machine, and keeps the machine in the state of its cfg.",
  options: {
    id: { kind: "string", placeholder: "UUID", help: "Id of the node" },
    name: { kind: "string", help: "Name of the node" },
    cluster: { kind: "string", placeholder: "NAME", help: "Name of the cluster" },
    parent: { kind: "string", placeholder: "UUID", help: "Id of the node's aggregator" },
    broker: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_BROKER",
      help: "MQTT broker, such as mqtt://10.0.0.1",
    },
    cmdline: {
      kind: "string",
      placeholder: "FILE",
      help: "Read the options above from this kernel command line instead, such as /proc/cmdline",
    },
    "switch-root": {
      kind: "boolean",
      help: "Exit with code 99 to let the supervisor switch root: see docs/how-to/images.md",
    },
    "run-dir": {
      kind: "string",
      default: "/run/kraken",
      placeholder: "DIR",
      help: "Folder for files that must survive the agent but not a reboot of the machine",
    },
  },
});
