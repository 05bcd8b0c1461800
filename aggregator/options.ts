import { defineProgram } from "../src/cli/mod.ts";

/** The aggregator's command line. */
export const program = defineProgram({
  name: "kraken-aggregator",
  about: "Holds the desired and discovered state of its nodes, plans for them, and drives them from one to the other.",
  options: {
    cluster: { kind: "string", required: true, placeholder: "NAME", help: "The cluster's name" },
    name: { kind: "string", default: "root", help: "The name of this aggregator's own node" },
    data: { kind: "string", required: true, placeholder: "DIR", help: "Where its state is kept" },
    "http-port": { kind: "integer", default: 3141, max: 65_535, help: "Port of the API on loopback; 0: any free one" },
    "mqtt-port": { kind: "integer", default: 1883, max: 65_535, help: "Port of the embedded broker; 0: any free one" },
    broker: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_BROKER",
      help: "Use this MQTT broker instead of the embedded one",
    },
    advertise: {
      kind: "string",
      placeholder: "HOST",
      help: "The host where others reach the API and the embedded broker, on the same ports; absent: loopback",
    },
    restored: {
      kind: "boolean",
      help:
        "Prepare the root's --data that was put back from a backup, frozen, and end: said once, before it is started",
    },
    parent: {
      kind: "string",
      placeholder: "NAME",
      help: "The name of the aggregator above; absent at the root",
    },
    uplink: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_UPLINK",
      help: "The MQTT broker over which the parent is reached; where absent it is that of --broker",
    },
    "standby-for": {
      kind: "string",
      placeholder: "NAME",
      help: "Take the children of this aggregator over when it is lost",
    },
    "boot-address": {
      kind: "string",
      placeholder: "ADDRESS",
      help: "Boot machines from here: an IPv4 address of this machine, on their network",
    },
    "boot-port": { kind: "integer", default: 8080, max: 65_535, help: "Port of the boot HTTP server; 0: any free one" },
    "boot-files": { kind: "string", placeholder: "DIR", help: "What is served to machines that boot" },
    dhcp: {
      kind: "string",
      choices: ["server", "proxy", "off"],
      default: "server",
      help: "Give machines that boot their addresses, leave that to another server, or leave all of DHCP to it",
    },
    "tftp-block": {
      kind: "integer",
      min: 512,
      max: 65_464,
      placeholder: "BYTES",
      help: "The largest TFTP block that is agreed to; absent: what fits the MTU of the interface of --boot-address",
    },
    grace: { kind: "duration", default: 10_000, help: "How long a lost link may take to come back by itself" },
  },
});
