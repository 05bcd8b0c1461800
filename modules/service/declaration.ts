import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, services } from "../../src/state/mod.ts";

const knownWhile = { "/runState": "SYNC" } as const;
/** The most lines of an output that can be asked for, and the most characters of an answer. */
export const MAX_LINES = 1_000;
export const MAX_TEXT = 16_384;

/** The programs that Kraken keeps running on a node. */
export const programs = defineExtension("programs", {
  "/services/{name}/config": {
    type: {
      kind: "object",
      fields: {
        command: { kind: "string", maxLength: 4096 },
        args: { kind: "list", items: { kind: "string" } },
        env: { kind: "record", values: { kind: "string" } },
        cwd: { kind: "string", maxLength: 4096 },
        restart: { kind: "enum", values: ["always", "on-failure", "never"] },
        stopTimeout: { kind: "integer", min: 0, max: 30_000 },
      },
      optional: ["args", "env", "cwd", "restart", "stopTimeout"],
    },
    writer: "cfg",
    about: "Program to run in the foreground; stopTimeout: time from SIGTERM to SIGKILL (ms, default 10000)",
    outdates: { "/services/{name}/state": ["RUN", "INIT"] },
  },
  "/services/{name}/pid": {
    type: { kind: "integer", min: 1 },
    writer: "self",
    about: "Process id of the running program",
    knownWhile,
  },
  "/services/{name}/exitCode": {
    type: { kind: "integer", min: 0, max: 255 },
    writer: "self",
    about: "Last exit code of the program, or 128 plus the number of the signal that killed it",
    knownWhile,
  },
  "/services/{name}/output/asked": {
    type: {
      kind: "object",
      fields: { number: { kind: "integer", min: 0 }, lines: { kind: "integer", min: 1, max: MAX_LINES } },
    },
    writer: "parent",
    about: "Internal: a request for the end of the program's output, while somebody waits for it",
    knownWhile: {},
  },
  "/services/{name}/output/tail": {
    type: {
      kind: "object",
      fields: { number: { kind: "integer", min: 0 }, text: { kind: "string", maxLength: MAX_TEXT } },
    },
    writer: "self",
    about: "Internal: the answer to the request of that number",
    knownWhile,
  },
});

const onNode = { "/runState": "SYNC" } as const;
const mayRun = { "/runState": "SYNC", "/drained": "NO" } as const;
/** A stop may have to wait for `stopTimeout`, and a start for a running stop. */
const timeout = 45_000;

/** The module that starts, watches, restarts and stops programs. */
export const serviceDeclaration = declareModule({
  name: "service",
  about: "Keeps the programs of a node's cfg running",
  extensions: [core, services, programs],
  discovers: [
    "/services/{name}/state",
    "/services/{name}/error",
    "/services/{name}/pid",
    "/services/{name}/exitCode",
    "/services/{name}/output/tail",
    "/drained",
  ],
  mutations: {
    find: {
      context: "self",
      changes: { "/services/{name}/state": ["UNKNOWN", "STOP"] },
      requires: onNode,
      timeout: 10_000,
      about: "Checks whether the program runs, expecting that it does not",
    },
    start: {
      context: "self",
      changes: { "/services/{name}/state": ["STOP", "RUN"] },
      requires: mayRun,
      failTo: { "/services/{name}/state": "ERROR" },
      timeout,
      about: "Starts the program",
    },
    apply: {
      context: "self",
      changes: { "/services/{name}/state": ["INIT", "RUN"] },
      requires: mayRun,
      failTo: { "/services/{name}/state": "ERROR" },
      timeout,
      about: "Stops the program and starts it with its new config",
    },
    restart: {
      context: "self",
      changes: { "/services/{name}/state": ["ERROR", "RUN"] },
      requires: mayRun,
      failTo: { "/services/{name}/state": "ERROR" },
      timeout,
      about: "Starts the program again after a failure",
    },
    stop: {
      context: "self",
      changes: { "/services/{name}/state": ["RUN", "STOP"] },
      requires: onNode,
      timeout,
      about: "Stops the program",
    },
    "stop-outdated": {
      context: "self",
      changes: { "/services/{name}/state": ["INIT", "STOP"] },
      requires: onNode,
      timeout,
      about: "Stops the program that runs with an older config",
    },
    clear: {
      context: "self",
      changes: { "/services/{name}/state": ["ERROR", "STOP"] },
      requires: onNode,
      timeout,
      about: "Clears the failure of the program",
    },
    "find-drained": {
      context: "self",
      changes: { "/drained": ["UNKNOWN", "NO"] },
      requires: onNode,
      timeout: 10_000,
      about: "Checks whether the node is drained",
    },
    drain: {
      context: "self",
      changes: { "/drained": ["NO", "YES"] },
      requires: onNode,
      timeout: 60_000,
      about: "Stops every program that Kraken has started on the node",
    },
    resume: {
      context: "self",
      changes: { "/drained": ["YES", "NO"] },
      requires: onNode,
      timeout: 10_000,
      about: "Allows programs to run on the node again",
    },
  },
});
