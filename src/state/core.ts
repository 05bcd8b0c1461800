import { defineExtension, enumeration } from "./extension.ts";

/** A mutation that was given up: the reason, the number of attempts, and the cfg that it was for. */
const stuck = {
  kind: "object",
  fields: {
    mutation: { kind: "string" },
    reason: { kind: "string" },
    target: { kind: "string" },
    attempts: { kind: "integer" },
  },
} as const;

/** One mutation that failed. */
const failure = {
  kind: "object",
  fields: {
    mutation: { kind: "string" },
    attempts: { kind: "integer", min: 0 },
    unavailable: { kind: "integer", min: 0 },
    held: { kind: "boolean" },
    at: { kind: "integer", min: 0 },
    reason: { kind: "string", maxLength: 256 },
  },
  optional: ["unavailable"],
} as const;

/** The variables that every node has. */
export const core = defineExtension("core", {
  "/name": { type: { kind: "string", maxLength: 64 }, writer: "cfg", about: "Unique name of the node" },
  "/arch": { type: { kind: "string", maxLength: 32 }, writer: "cfg", about: "Architecture, such as x86_64" },
  "/platform": {
    type: { kind: "string", maxLength: 32 },
    writer: "cfg",
    about: "Selects the power module: sim, redfish, ipmi, powerman, manual or none",
  },
  "/parent": {
    type: { kind: "string", maxLength: 64 },
    writer: "cfg",
    about: "Name of the aggregator that serves the node",
  },
  "/rack": { type: { kind: "string", maxLength: 64 }, writer: "cfg", about: "Rack that contains the node" },
  "/chassis": {
    type: { kind: "string", maxLength: 64 },
    writer: "cfg",
    about: "Chassis that the node shares with others",
  },
  "/deleted": { type: { kind: "boolean" }, writer: "cfg", about: "True when the node has been deleted" },
  "/freeze": { type: { kind: "boolean" }, writer: "cfg", about: "True if Kraken must start nothing on the node" },
  "/physState": {
    type: enumeration("PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "POWER_CYCLE", "PHYS_HANG", "PHYS_ERROR"),
    writer: "parent",
    about: "Power state, as the machine's controller (BMC) reports it",
    knownWhile: {},
    leaveWithin: { PHYS_UNKNOWN: 30_000, PHYS_HANG: 60_000 },
  },
  "/runState": {
    type: enumeration("UNKNOWN", "INIT", "SYNC", "ERROR"),
    writer: "parent",
    about:
      "INIT: the agent has connected; SYNC: the agent is up to date; ERROR: the connection was lost and did not return",
    knownWhile: { "/physState": "POWER_ON" },
    leaveWithin: { INIT: 60_000, ERROR: 30_000 },
  },
  "/link": {
    type: enumeration("UNKNOWN", "DOWN", "UP"),
    writer: "parent",
    about: "Whether the agent is connected now; /runState gives a lost connection a grace time",
    knownWhile: { "/physState": "POWER_ON" },
  },
  "/busy": {
    type: enumeration("FREE", "BUSY"),
    writer: "parent",
    about: "BUSY while a job scheduler or another program uses the node: Kraken does nothing disruptive to it",
    knownWhile: {},
    reported: true,
  },
  "/frozen": {
    type: { kind: "boolean" },
    writer: "parent",
    about: "True while the node, or its whole aggregator, is frozen",
    knownWhile: {},
  },
  "/approval": {
    type: { kind: "string", maxLength: 256 },
    writer: "parent",
    about: "Mutation of the aggregator for which the agent may prepare now, for example by draining the node",
    knownWhile: {},
  },
  "/retry": {
    type: { kind: "integer", min: 0 },
    writer: "parent",
    about: "Number of requests to retry what was given up; the agent follows them",
    knownWhile: {},
  },
  "/engine/checkpoint": {
    type: {
      kind: "object",
      fields: {
        reached: { kind: "string", maxLength: 64 },
        out: { kind: "enum", values: ["NO", "TAKEN", "AWAY", "CUT"] },
        failed: {
          kind: "object",
          fields: {
            target: { kind: "string", maxLength: 64 },
            mutations: { kind: "list", items: failure, maxItems: 16 },
          },
        },
      },
      optional: ["failed"],
    },
    writer: "parent",
    about:
      "State of the engine that survives a restart: the cfg last reached; whether the node was taken out of service; failures",
    knownWhile: {},
  },
  "/seen": {
    type: { kind: "string", maxLength: 32 },
    writer: "self",
    about: "Newest version of the node's cfg that the agent's modules have received",
    knownWhile: { "/runState": "SYNC" },
  },
  "/drained": {
    type: enumeration("UNKNOWN", "NO", "YES"),
    writer: "self",
    about: "YES when no program of Kraken runs on the node",
    knownWhile: { "/runState": "SYNC" },
  },
  "/stuck/parent": {
    type: stuck,
    writer: "parent",
    about: "Why the aggregator gave up on the node, until its cfg changes or a person retries it",
    knownWhile: {},
  },
  "/stuck/self": {
    type: stuck,
    writer: "self",
    about: "Why the node's agent gave up, until its cfg changes or a person retries it",
    knownWhile: { "/runState": "SYNC" },
  },
});

/** The state of programs that run on a node, and of the modules of Kraken's own programs. */
export const services = defineExtension("services", {
  "/services/{name}/state": {
    type: enumeration("UNKNOWN", "INIT", "STOP", "RUN", "ERROR"),
    writer: "self",
    about: "RUN: runs with its current config; INIT: is starting, or runs with an older config",
    knownWhile: { "/runState": "SYNC" },
    leaveWithin: { INIT: 60_000, ERROR: 60_000 },
  },
  "/services/{name}/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "self",
    about: "The last error",
    knownWhile: { "/runState": "SYNC" },
  },
});
