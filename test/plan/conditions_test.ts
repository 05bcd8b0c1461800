import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDomain } from "../../src/plan/domain.ts";
import type { Domain, Mutation } from "../../src/plan/mod.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";

const states = enumeration("UNKNOWN", "OFF", "ON");
const extension = defineExtension("machine", {
  "/model": { type: { kind: "string" }, writer: "cfg", about: "A constant" },
  "/power": { type: states, writer: "parent", about: "Power" },
  "/run": { type: states, writer: "parent", about: "Link" },
  "/lamp": { type: states, writer: "parent", about: "A lamp" },
  "/fan": { type: states, writer: "parent", about: "A fan" },
  "/door": { type: states, writer: "parent", about: "A door" },
  "/disks/{disk}/state": { type: states, writer: "parent", about: "A disk" },
});

function domainOf(
  requires: Mutation["requires"],
  rest: Partial<Mutation> = {},
  discovers: readonly string[] = [],
): Domain {
  const find: Mutation = { context: "parent", changes: { "/run": ["UNKNOWN", "ON"] }, timeout: 1, ...rest };
  return compileDomain([{
    name: "m",
    about: "",
    extensions: [extension],
    discovers,
    mutations: { find: requires === undefined ? find : { ...find, requires } },
  }]);
}

test("compileDomain() makes no constant and no unknown value a condition, even where all discoveries need it", () => {
  const conditionsOf = (requires: Mutation["requires"]) => [...domainOf(requires).conditions];
  assert.deepEqual(conditionsOf({ "/power": "ON", "/model": "x" }), [["/run", { "/power": "ON" }]]);
  assert.deepEqual(conditionsOf({ "/power": "ON", "/lamp": "UNKNOWN" }), [["/run", { "/power": "ON" }]]);
  assert.deepEqual(conditionsOf({ "/model": "x" }), []);
});

test("compileDomain() calls idle what is discovered and no mutation names, a pattern for each of its names", () => {
  const urls = ["/power", "/run", "/lamp", "/fan", "/disks/{disk}/state"];
  const domain = domainOf({ "/power": "ON" }, { excludes: { "/lamp": "ON" } }, urls);
  const asked = ["/power", "/run", "/lamp", "/fan", "/disks/d1/state", "/door"];
  assert.deepEqual(asked.map(domain.isIdle), [false, false, false, true, true, false]);
});
