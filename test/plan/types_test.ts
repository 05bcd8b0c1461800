import assert from "node:assert/strict";
import { test } from "node:test";
import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";

const fans = defineExtension("fans", {
  "/fans/{name}/speed": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "self", about: "Speed of one fan" },
  "/fans/limit": { type: { kind: "integer" }, writer: "cfg", about: "Highest speed" },
});
const base = { name: "fans", about: "Fans", extensions: [core, fans], discovers: [] } as const;
const speedUp = { "/fans/{name}/speed": ["SLOW", "FAST"] } as const;

test("declareModule() keeps the names of its mutations in its type", () => {
  const declared = declareModule({
    ...base,
    discovers: ["/fans/{name}/speed"],
    mutations: {
      faster: {
        context: "self",
        changes: speedUp,
        requires: { "/runState": "SYNC", "/fans/limit": 3, "/freeze": false },
        excludes: { "/physState": ["PHYS_HANG", "PHYS_ERROR"] },
        failTo: { "/fans/{name}/speed": "UNKNOWN" },
        timeout: 1000,
      },
    },
  });
  assert.deepEqual(declared.mutations.faster.changes, speedUp);
  // @ts-expect-error There is no such mutation
  assert.equal(declared.mutations.slower, undefined);
});

// Each of these must fail the type check: where one does not, the unused directive does.

test("declareModule() does not type-check with a URL that no extension has", () => {
  // @ts-expect-error '/fan' is unknown
  declareModule({ ...base, mutations: { a: { context: "self", changes: { "/fan": ["SLOW", "FAST"] }, timeout: 1 } } });
  declareModule({
    ...base,
    mutations: {
      // @ts-expect-error '/fan' is unknown, beside one that is known
      a: { context: "self", changes: { "/fans/{name}/speed": ["SLOW", "FAST"], "/fan": ["SLOW", "FAST"] }, timeout: 1 },
    },
  });
  declareModule({
    ...base,
    // @ts-expect-error '/runstate' is unknown
    mutations: { a: { context: "self", changes: speedUp, requires: { "/runstate": "SYNC" }, timeout: 1 } },
  });
  declareModule({
    ...base,
    // @ts-expect-error '/fans/x' is unknown
    discovers: ["/fans/x"],
    mutations: {},
  });
});

test("declareModule() does not type-check with a value that its variable does not have", () => {
  declareModule({
    ...base,
    mutations: {
      // @ts-expect-error 'FASTER' is no speed
      a: { context: "self", changes: { "/fans/{name}/speed": ["SLOW", "FASTER"] }, timeout: 1 },
    },
  });
  declareModule({
    ...base,
    // @ts-expect-error 'ON' is no power state
    mutations: { a: { context: "self", changes: speedUp, requires: { "/physState": "ON" }, timeout: 1 } },
  });
  declareModule({
    ...base,
    // @ts-expect-error 'AWAY' is no /busy
    mutations: { a: { context: "self", changes: speedUp, excludes: { "/busy": ["BUSY", "AWAY"] }, timeout: 1 } },
  });
  declareModule({
    ...base,
    // @ts-expect-error '3' is no integer
    mutations: { a: { context: "self", changes: speedUp, requires: { "/fans/limit": "3" }, timeout: 1 } },
  });
  declareModule({
    ...base,
    // @ts-expect-error 'STUCK' is no speed
    mutations: { a: { context: "self", changes: speedUp, failTo: { "/fans/{name}/speed": "STUCK" }, timeout: 1 } },
  });
});

test("declareModule() does not type-check with a change of what is no enumeration", () => {
  // @ts-expect-error '/fans/limit' is an integer
  declareModule({ ...base, mutations: { a: { context: "self", changes: { "/fans/limit": [1, 2] }, timeout: 1 } } });
});
