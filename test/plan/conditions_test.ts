import assert from "node:assert/strict";
import { test } from "node:test";
import { allConditionsOf, conditionOf } from "../../src/plan/conditions.ts";
import { compileDomain } from "../../src/plan/domain.ts";
import type { Domain, Mutation } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, tree } from "../../src/state/mod.ts";

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

test("compileDomain() calls nothing idle that a mutation requires, changes or fails to, or that a condition names", () => {
  const isIdle = (mutation: Partial<Mutation>) => domainOf(undefined, mutation, ["/lamp"]).isIdle("/lamp");
  assert.equal(isIdle({}), true);
  assert.equal(isIdle({ requires: { "/lamp": "ON" } }), false);
  assert.equal(isIdle({ excludes: { "/lamp": "ON" } }), false);
  assert.equal(isIdle({ failTo: { "/lamp": "OFF" } }), false);
  assert.equal(isIdle({ changes: { "/run": ["UNKNOWN", "ON"], "/lamp": ["OFF", "ON"] } }), false);
  const known = defineExtension("known", {
    "/lamp": { type: states, writer: "parent", about: "A lamp" },
    "/fan": { type: states, writer: "parent", about: "A fan", knownWhile: { "/lamp": "ON" } },
  });
  const domain = compileDomain([{
    name: "m",
    about: "",
    extensions: [known],
    discovers: ["/lamp", "/fan"],
    mutations: {},
  }]);
  assert.deepEqual(["/lamp", "/fan"].map(domain.isIdle), [false, true]);
});

test("compileDomain() calls nothing of the core or the tree idle, which programs read by themselves", () => {
  const domain = compileDomain([{
    name: "m",
    about: "",
    extensions: [core, tree],
    discovers: ["/physState", "/runState"],
    mutations: {},
  }]);
  assert.deepEqual(["/physState", "/runState"].map(domain.isIdle), [false, false]);
});

test("conditionOf() binds a pattern's condition to the name, in the order of URLs", () => {
  const extension = defineExtension("disks", {
    "/a": { type: states, writer: "parent", about: "" },
    "/z": { type: states, writer: "parent", about: "" },
    "/disks/{disk}/power": { type: states, writer: "parent", about: "" },
    "/disks/{disk}/state": {
      type: states,
      writer: "parent",
      about: "",
      knownWhile: { "/z": "ON", "/disks/{disk}/power": "ON", "/a": "OFF" },
    },
    "/lamp": { type: states, writer: "parent", about: "", knownWhile: { "/z": "ON", "/a": "OFF" } },
  });
  const domain = compileDomain([{ name: "m", about: "", extensions: [extension], discovers: [], mutations: {} }]);
  const [a, z] = [{ url: "/a", value: "OFF" }, { url: "/z", value: "ON" }];
  assert.deepEqual(conditionOf(domain, "/disks/d7/state"), [a, { url: "/disks/d7/power", value: "ON" }, z]);
  assert.deepEqual(conditionOf(domain, "/lamp"), [a, z]);
  assert.deepEqual(conditionOf(domain, "/a"), []);
  assert.deepEqual(conditionOf(domain, "/nothing"), []);
});

test("allConditionsOf() has conditions at any depth, each once, and tells values apart", () => {
  const conditions = new Map([
    ["/x", [{ url: "/y", value: "1" }, { url: "/z", value: "1" }]],
    ["/y", [{ url: "/w", value: 1 }]],
    ["/z", [{ url: "/w", value: "1" }, { url: "/y", value: "1" }]],
  ]);
  const all = allConditionsOf((url) => conditions.get(url) ?? [], "/x");
  assert.deepEqual(
    all.map(({ url, value }) => `${url} ${JSON.stringify(value)}`).sort(),
    ['/w "1"', "/w 1", '/y "1"', '/z "1"'],
  );
});
