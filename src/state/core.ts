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
  "/rack": { type: { kind: "string", maxLength: 64 }, writer: "cfg", about: "The rack that it stands in" },
  "/chassis": {
    type: { kind: "string", maxLength: 64 },
    writer: "cfg",
    about: "The chassis that it shares with others",
  },
  "/deleted": { type: { kind: "boolean" }, writer: "cfg", about: "True when the node has been deleted" },
  "/freeze": { type: { kind: "boolean" }, writer: "cfg", about: "True while people want nothing done to this node" },
  "/physState": {
    type: enumeration("PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "POWER_CYCLE", "PHYS_HANG", "PHYS_ERROR"),
    writer: "parent",
    about: "Power, as the machine's own controller tells it",
    knownWhile: {},
    leaveWithin: { PHYS_UNKNOWN: 30_000, PHYS_HANG: 60_000 },
  },
  "/runState": {
    type: enumeration("UNKNOWN", "INIT", "SYNC", "ERROR"),
    writer: "parent",
    about: "INIT: its agent was heard; SYNC: its link is up and level; ERROR: its link was lost and did not return",
    knownWhile: { "/physState": "POWER_ON" },
    leaveWithin: { INIT: 60_000, ERROR: 30_000 },
  },
  "/link": {
    type: enumeration("UNKNOWN", "DOWN", "UP"),
    writer: "parent",
    about: "Whether its agent's link is up at this moment; /runState allows a lost link a grace time",
    knownWhile: { "/physState": "POWER_ON" },
  },
  "/busy": {
    type: enumeration("FREE", "BUSY"),
    writer: "parent",
    about: "BUSY while somebody else, say a job scheduler, has the node: it is not powered off",
    knownWhile: {},
    reported: true,
  },
  "/frozen": {
    type: { kind: "boolean" },
    writer: "parent",
    about: "True while nothing is done to this node, because it or its whole aggregator is frozen",
    knownWhile: {},
  },
  "/approval": {
    type: { kind: "string", maxLength: 256 },
    writer: "parent",
    about: "The mutation of its aggregator that its agent may prepare now: draining waits for this word",
    knownWhile: {},
  },
  "/retry": {
    type: { kind: "integer", min: 0 },
    writer: "parent",
    about: "Grows each time that somebody asks to try again what was given up: its agent sees it and does so too",
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
      "What its aggregator must know of it after a restart: the cfg that it last reached; whether it was taken out; what failed",
    knownWhile: {},
  },
  "/seen": {
    type: { kind: "string", maxLength: 32 },
    writer: "self",
    about: "The newest version of its cfg that its agent's modules have been told of",
    knownWhile: { "/runState": "SYNC" },
  },
  "/drained": {
    type: enumeration("UNKNOWN", "NO", "YES"),
    writer: "self",
    about: "YES when everything that runs on the node has been let go",
    knownWhile: { "/runState": "SYNC" },
  },
  "/stuck/parent": {
    type: stuck,
    writer: "parent",
    about: "Why its aggregator has given up on this node until its cfg changes or someone retries it",
    knownWhile: {},
  },
  "/stuck/self": {
    type: stuck,
    writer: "self",
    about: "Why its own agent has given up on something until its cfg changes or someone retries it",
    knownWhile: { "/runState": "SYNC" },
  },
});

/** The state of programs that run on a node, and of the modules of Kraken's own programs. */
export const services = defineExtension("services", {
  "/services/{name}/state": {
    type: enumeration("UNKNOWN", "INIT", "STOP", "RUN", "ERROR"),
    writer: "self",
    about: "RUN: it runs with the config that is asked for; INIT: it is starting, or runs with an older config",
    knownWhile: { "/runState": "SYNC" },
    leaveWithin: { INIT: 60_000, ERROR: 60_000 },
  },
  "/services/{name}/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "self",
    about: "The last thing that went wrong with it",
    knownWhile: { "/runState": "SYNC" },
  },
});
