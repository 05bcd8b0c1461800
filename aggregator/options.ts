import { defineProgram } from "../src/cli/mod.ts";
import { LEVELS } from "../src/log.ts";

/** The aggregator's command line. */
export const program = defineProgram({
  name: "kraken-aggregator",
  about:
    "Stores the desired and the discovered state of its nodes, plans the steps between them, and carries them out.",
  options: {
    cluster: { kind: "string", required: true, placeholder: "NAME", help: "Name of the cluster" },
    name: { kind: "string", default: "root", help: "Name of this aggregator's own node" },
    data: {
      kind: "string",
      required: true,
      placeholder: "DIR",
      help: "Folder of its state; one program at a time can use it",
    },
    "http-port": {
      kind: "integer",
      default: 3141,
      max: 65_535,
      help: "Port of the HTTP API on loopback; 0: any free one",
    },
    "require-conditions": {
      kind: "boolean",
      help: "Refuse changes over HTTP that do not say with If-Match what they are based on",
    },
    "mqtt-port": { kind: "integer", default: 1883, max: 65_535, help: "Port of the embedded broker; 0: any free one" },
    broker: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_BROKER",
      help: "MQTT broker of the children, instead of the embedded one",
    },
    advertise: {
      kind: "string",
      placeholder: "HOST",
      help: "Host under which others reach the HTTP API and the embedded broker, on the same ports; default: loopback",
    },
    restored: {
      kind: "boolean",
      help:
        "Prepare a --data folder that was restored from a backup, freeze everything, and exit; only at the root, once before it is started",
    },
    parent: {
      kind: "string",
      placeholder: "NAME",
      help: "Name of the parent aggregator; absent at the root",
    },
    uplink: {
      kind: "string",
      placeholder: "URL",
      env: "KRAKEN_UPLINK",
      help: "MQTT broker of the parent; default: that of --broker",
    },
    "standby-for": {
      kind: "string",
      placeholder: "NAME",
      help: "Offer to be the standby of this aggregator; its /standby in the cfg accepts that",
    },
    "boot-address": {
      kind: "string",
      placeholder: "ADDRESS",
      help: "Boot machines over the network from this IPv4 address of this machine",
    },
    "boot-port": { kind: "integer", default: 8080, max: 65_535, help: "Port of the boot HTTP server; 0: any free one" },
    "boot-files": { kind: "string", placeholder: "DIR", help: "Folder that TFTP and the boot HTTP server serve" },
    dhcp: {
      kind: "string",
      choices: ["server", "proxy", "off"],
      default: "server",
      help:
        "server: assign addresses; proxy: only say what to boot, beside your own DHCP server; off: leave all of DHCP to your own server",
    },
    "tftp-block": {
      kind: "integer",
      min: 512,
      max: 65_464,
      placeholder: "BYTES",
      help: "Largest TFTP block; default: what fits the MTU of the interface of --boot-address",
    },
    "node-metrics": {
      kind: "boolean",
      help: "Give each node, of 10,000 at most, metrics of its own: about 6 series a node",
    },
    "log-level": {
      kind: "string",
      choices: LEVELS,
      default: "info",
      help: "Lowest level of the lines to log, while /log/level of this aggregator's own node does not say",
    },
    grace: {
      kind: "duration",
      default: 10_000,
      help: "Time for a lost link to come back by itself before its node counts as lost",
    },
    publish: {
      kind: "list",
      placeholder: "URL|embedded",
      env: "KRAKEN_PUBLISH",
      help:
        "Publish the state of nodes to this MQTT broker; embedded: let other programs subscribe to it on the embedded one",
    },
    "publish-prefix": {
      kind: "string",
      default: "kraken-state",
      placeholder: "TOPIC",
      help: "First levels of the published topics; the cluster's name follows",
    },
    "publish-values": {
      kind: "list",
      placeholder: "URL,...",
      help: "Values to publish as plain text for each node, such as /host/load,/services/{name}/state",
    },
    "publish-rate": {
      kind: "integer",
      default: 500,
      min: 1,
      max: 100_000,
      help: "Most messages per second to each broker",
    },
    "home-assistant": {
      kind: "string",
      placeholder: "TOPIC",
      help: "Announce nodes to Home Assistant; its discovery prefix, usually homeassistant",
    },
  },
});
