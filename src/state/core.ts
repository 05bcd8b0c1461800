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
  "/platform": { type: { kind: "string", maxLength: 32 }, writer: "cfg", about: "Chooses the power module" },
  "/parent": { type: { kind: "string", maxLength: 64 }, writer: "cfg", about: "Name of the aggregator that serves it" },
  "/rack": { type: { kind: "string", maxLength: 64 }, writer: "cfg", about: "Rack in which it stands" },
  "/chassis": {
    type: { kind: "string", maxLength: 64 },
    writer: "cfg",
    about: "Chassis that it shares with other nodes",
  },
  "/deleted": { type: { kind: "boolean" }, writer: "cfg", about: "True when the node has been deleted" },
  "/freeze": { type: { kind: "boolean" }, writer: "cfg", about: "True if the node must be left as it is" },
  "/physState": {
    type: enumeration("PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "POWER_CYCLE", "PHYS_HANG", "PHYS_ERROR"),
    writer: "parent",
    about: "Power, as the machine's controller (BMC) reports it",
    knownWhile: {},
    leaveWithin: { PHYS_UNKNOWN: 30_000, PHYS_HANG: 60_000 },
  },
  "/runState": {
    type: enumeration("UNKNOWN", "INIT", "SYNC", "ERROR"),
    writer: "parent",
    about:
      "INIT: its agent has connected; SYNC: the agent is up to date; ERROR: the connection was lost and did not return",
    knownWhile: { "/physState": "POWER_ON" },
    leaveWithin: { INIT: 60_000, ERROR: 30_000 },
  },
  "/link": {
    type: enumeration("UNKNOWN", "DOWN", "UP"),
    writer: "parent",
    about: "Whether its agent is connected now; /runState allows a lost connection a grace time",
    knownWhile: { "/physState": "POWER_ON" },
  },
  "/busy": {
    type: enumeration("FREE", "BUSY"),
    writer: "parent",
    about: "BUSY while a job scheduler or the like uses the node: it is not powered off",
    knownWhile: {},
    reported: true,
  },
  "/frozen": {
    type: { kind: "boolean" },
    writer: "parent",
    about: "True while the node is left as it is, because it or its whole aggregator is frozen",
    knownWhile: {},
  },
  "/approval": {
    type: { kind: "string", maxLength: 256 },
    writer: "parent",
    about: "Mutation of its aggregator for which its agent may prepare now, such as by draining the node",
    knownWhile: {},
  },
  "/retry": {
    type: { kind: "integer", min: 0 },
    writer: "parent",
    about: "Number of requests to retry what was given up; its agent follows them",
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
      "State of its aggregator that survives a restart: the cfg last reached; whether it was taken out of service; failures",
    knownWhile: {},
  },
  "/seen": {
    type: { kind: "string", maxLength: 32 },
    writer: "self",
    about: "Newest version of its cfg that its agent's modules have received",
    knownWhile: { "/runState": "SYNC" },
  },
  "/drained": {
    type: enumeration("UNKNOWN", "NO", "YES"),
    writer: "self",
    about: "YES when everything that runs on the node has been released",
    knownWhile: { "/runState": "SYNC" },
  },
  "/stuck/parent": {
    type: stuck,
    writer: "parent",
    about: "Why its aggregator gave up on the node, until its cfg changes or someone retries it",
    knownWhile: {},
  },
  "/stuck/self": {
    type: stuck,
    writer: "self",
    about: "Why its own agent gave up, until its cfg changes or someone retries it",
    knownWhile: { "/runState": "SYNC" },
  },
});

/** The state of programs that run on a node, and of the modules of Kraken's own programs. */
export const services = defineExtension("services", {
  "/services/{name}/state": {
    type: enumeration("UNKNOWN", "INIT", "STOP", "RUN", "ERROR"),
    writer: "self",
    about: "RUN: it runs with its current config; INIT: it is starting, or runs with an older config",
    knownWhile: { "/runState": "SYNC" },
    leaveWithin: { INIT: 60_000, ERROR: 60_000 },
  },
  "/services/{name}/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "self",
    about: "Its last error",
    knownWhile: { "/runState": "SYNC" },
  },
});
