import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, services } from "../../src/state/mod.ts";

const knownWhile = { "/runState": "SYNC" } as const;

/** What a running system reports about its machine. */
export const host = defineExtension("host", {
  "/host/arch": {
    type: { kind: "string", maxLength: 32 },
    writer: "self",
    about: "Architecture, such as x86_64",
    knownWhile,
  },
  "/host/kernel": { type: { kind: "string", maxLength: 128 }, writer: "self", about: "Kernel release", knownWhile },
  "/host/cpus": {
    type: { kind: "integer", min: 0 },
    writer: "self",
    about: "Number of CPUs that are online",
    knownWhile,
  },
  "/host/memory": { type: { kind: "integer", min: 0 }, writer: "self", about: "Memory, in MiB", knownWhile },
  "/host/load": {
    type: { kind: "integer", min: 0 },
    writer: "self",
    about: "Load average over 1 minute; changes of less than 5 % are not reported, in hundredths",
    knownWhile,
  },
  "/host/uptime": {
    type: { kind: "integer", min: 0 },
    writer: "self",
    about: "Time since boot, in seconds",
    knownWhile,
  },
  "/services/hostinfo/config": {
    type: {
      kind: "object",
      fields: { interval: { kind: "integer", min: 1, max: 3600 } },
      optional: ["interval"],
    },
    writer: "cfg",
    about: "interval: time between two readings of load and uptime (s, default 30)",
  },
});

/** The module that describes the machine. It changes nothing. */
export const hostinfoDeclaration = declareModule({
  name: "hostinfo",
  about: "Architecture, kernel, CPUs, memory, load and uptime of the machine",
  extensions: [core, services, host],
  discovers: ["/host/arch", "/host/kernel", "/host/cpus", "/host/memory", "/host/load", "/host/uptime"],
  mutations: {},
});
