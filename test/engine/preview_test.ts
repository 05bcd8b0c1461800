import assert from "node:assert/strict";
import { test } from "node:test";
import { type EngineNode, previewElsewhere, readPolicy } from "../../src/engine/mod.ts";
import { compileDomain, createPlanner, declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, type Value } from "../../src/state/mod.ts";

type Record = Readonly<{ [url: string]: Value }>;

const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };

/** Each mutation takes another time. */
const planner = createPlanner(compileDomain([declareModule({
  name: "m",
  about: "For tests",
  extensions: [
    core,
    defineExtension("lamp", {
      "/lamp": { type: enumeration("UNKNOWN", "DARK", "LIT"), writer: "parent", about: "A lamp", knownWhile: {} },
      "/arm": { type: enumeration("UNKNOWN", "OUT", "IN"), writer: "parent", about: "An arm", knownWhile: {} },
      "/lid": { type: enumeration("UNKNOWN", "OPEN", "SHUT"), writer: "parent", about: "A lid", knownWhile: {} },
      "/bell": { type: enumeration("UNKNOWN", "MUTE", "LOUD"), writer: "self", about: "A bell", knownWhile: {} },
    }),
  ],
  discovers: ["/physState", "/runState", "/lamp", "/arm", "/lid", "/bell"],
  mutations: {
    off: {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      excludes: { "/arm": "OUT", "/lid": "OPEN" },
      timeout: 10_000,
      duration: 1_000,
    },
    on: {
      context: "parent",
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      timeout: 10_000,
      duration: 2_000,
    },
    repower: {
      context: "parent",
      changes: { "/physState": ["PHYS_HANG", "POWER_OFF"] },
      timeout: 10_000,
      duration: 3_000,
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "SYNC"] },
      requires: { "/physState": "POWER_ON" },
      timeout: 10_000,
      duration: 4_000,
    },
    light: { context: "parent", changes: { "/lamp": ["DARK", "LIT"] }, timeout: 10_000, duration: 500 },
    dim: {
      context: "parent",
      changes: { "/lamp": ["LIT", "DARK"] },
      requires: { "/physState": "POWER_OFF" },
      timeout: 10_000,
      duration: 700,
    },
    tuck: { context: "parent", changes: { "/arm": ["OUT", "IN"] }, timeout: 10_000, duration: 900 },
    shut: { context: "parent", changes: { "/lid": ["OPEN", "SHUT"] }, timeout: 10_000, duration: 200 },
    ring: { context: "self", changes: { "/bell": ["MUTE", "LOUD"] }, timeout: 10_000, duration: 50 },
  },
})]));

/** A preview of the plan of a node, by these rules. */
function previewOf(rules: Record, cfg: Record, seen: Record, name = "n1") {
  const node: EngineNode = {
    ...{ name, planner, target: "1", frozen: "no" },
    view: new Map(Object.entries(seen)),
    cfg: new Map(Object.entries(cfg)),
  };
  const { explanation, places, refused } = previewElsewhere("n1", node, readPolicy(new Map(Object.entries(rules))), 0);
  const steps = explanation.steps.map(({ step }) => step.mutation);
  return {
    steps,
    refused,
    places: places.map(({ step, rule, group, keeps }) => ({ step: steps[step], rule, group, keeps })),
  };
}

test("a limit is previewed at the first step that it is about, for as long as that takes", () => {
  const rules = { "/limits/power": { mutations: ["m/o*"], atMost: 1 } };
  const { steps, places } = previewOf(rules, UP, { "/physState": "PHYS_HANG" });
  assert.deepEqual(steps, ["repower", "on", "boot"]);
  assert.deepEqual(places, [{ step: "on", rule: "power", group: "", keeps: 2_000 }]);
});

test("a limit counts in the group of its variable, as it is seen or else as cfg has it", () => {
  const by = (url: string) => ({ "/limits/power": { mutations: ["*/on"], atMost: 1, by: url } });
  const groupOf = (url: string, cfg: Record, seen: Record = {}) =>
    previewOf(by(url), { ...UP, ...cfg }, { "/physState": "POWER_OFF", ...seen }).places.map(({ group }) => group);
  assert.deepEqual(groupOf("/rack", { "/rack": "r7" }), ["r7"]);
  assert.deepEqual(groupOf("/rack", {}), [""]);
  assert.deepEqual(groupOf("/lamp", { "/lamp": "LIT" }, { "/lamp": "DARK" }), ["DARK"]);
});

test("rules say nothing of nodes and mutations that they are not about", () => {
  const seen = { "/physState": "POWER_OFF", "/lamp": "DARK" };
  const rules = {
    "/limits/other": { mutations: ["m/off", "n/*"], atMost: 1 },
    "/limits/others": { mutations: ["*/*"], nodes: "n[2-3]", atMost: 1 },
    "/invariants/others": { kind: "away", nodes: "n[2-3]", atMost: 1 },
    "/invariants/never": { kind: "never", nodes: "n[2-3]", when: { "/lamp": "LIT" } },
  };
  assert.deepEqual(previewOf(rules, { "/physState": "POWER_ON" }, seen).places, []);
  const other = previewOf(rules, { "/physState": "POWER_OFF" }, { ...UP, "/lamp": "LIT" }, "n2");
  assert.deepEqual(other.places.map(({ rule }) => rule), ["other", "others", "others"]);
  assert.equal(other.refused?.invariant, "never");
  const own = previewOf(rules, { "/physState": "POWER_OFF" }, { ...UP, "/lamp": "LIT" });
  assert.deepEqual(own.places.map(({ rule }) => rule), ["other"]);
  assert.equal(own.refused, undefined);
});

test("a place of an invariant is kept until the plan is over where that ends in SYNC", () => {
  const rules = {
    "/invariants/up": { kind: "away", atMost: 1 },
    "/invariants/chassis": { kind: "transition", atMost: 1, by: "/chassis" },
  };
  const cfg = { ...UP, "/lamp": "DARK", "/chassis": "c1" };
  const { steps, places } = previewOf(rules, cfg, { ...UP, "/lamp": "LIT" });
  assert.deepEqual(steps, ["off", "dim", "on", "boot"]);
  const keeps = 1_000 + 700 + 2_000 + 4_000;
  assert.deepEqual(places, [
    { step: "off", rule: "chassis", group: "c1", keeps },
    { step: "off", rule: "up", group: "", keeps },
  ]);
});

test("a node that is not to come back keeps its place of those that are away for good, and of a transition not", () => {
  const rules = {
    "/invariants/up": { kind: "away", atMost: 1 },
    "/invariants/transition": { kind: "transition", atMost: 1 },
  };
  assert.deepEqual(previewOf(rules, { "/physState": "POWER_OFF" }, UP).places, [
    { step: "off", rule: "transition", group: "", keeps: 1_000 },
    { step: "off", rule: "up", group: "", keeps: Infinity },
  ]);
});

test("what a step keeps begins when all that comes before it is done", () => {
  const rules = { "/invariants/transition": { kind: "transition", atMost: 1 } };
  const cfg = { "/physState": "POWER_OFF", "/lamp": "DARK" };
  const seen = { "/physState": "POWER_ON", "/lamp": "LIT", "/arm": "OUT", "/lid": "OPEN" };
  const { steps, places } = previewOf(rules, cfg, seen);
  assert.deepEqual([...steps].sort(), ["dim", "off", "shut", "tuck"]);
  assert.deepEqual(places, [{ step: "off", rule: "transition", group: "", keeps: 1_700 }]);
});

test("who is not in SYNC is not taken away from it, but is in transition", () => {
  const rules = {
    "/invariants/up": { kind: "away", atMost: 1 },
    "/invariants/transition": { kind: "transition", atMost: 1 },
  };
  const { places } = previewOf(rules, { "/physState": "POWER_OFF" }, { "/physState": "POWER_ON" });
  assert.deepEqual(places.map(({ rule }) => rule), ["transition"]);
  assert.deepEqual(
    previewOf(rules, UP, { "/physState": "POWER_OFF" }).places,
    [],
    "what only gives power disturbs nobody",
  );
});

test("agents don't know of rules", () => {
  const rules = { "/limits/all": { mutations: ["*/*"], atMost: 1 } };
  const { steps, places } = previewOf(rules, { "/bell": "LOUD" }, { ...UP, "/bell": "MUTE" });
  assert.deepEqual(steps, ["ring"]);
  assert.deepEqual(places, []);
});

test("a refusal is previewed at the first disruptive step where all of it holds, by what the steps before it change", () => {
  const never = (when: Record) => ({ "/invariants/a": { kind: "never", when } });
  const cfg = { "/physState": "POWER_OFF" };
  const seen = { ...UP, "/lamp": "LIT" };
  assert.deepEqual(previewOf(never({ "/lamp": "LIT", "/runState": "SYNC" }), cfg, seen).refused, {
    ...{ step: 0, mutation: "m/off", invariant: "a", because: "'/lamp' is 'LIT', '/runState' is 'SYNC'" },
  });
  assert.equal(previewOf(never({ "/lamp": "LIT", "/runState": "INIT" }), cfg, seen).refused, undefined);
  const lights = { "/lamp": "LIT", "/runState": "SYNC" };
  assert.equal(previewOf(never({ "/lamp": "LIT" }), lights, { ...UP, "/lamp": "DARK" }).refused, undefined);
  const both = { "/physState": "POWER_OFF", "/lamp": "LIT" };
  const dark = { ...UP, "/lamp": "DARK" };
  assert.deepEqual(previewOf({}, both, dark).steps, ["light", "off"]);
  assert.equal(previewOf(never({ "/lamp": "DARK" }), both, dark).refused, undefined);
  assert.equal(previewOf(never({ "/lamp": "LIT" }), both, dark).refused?.step, 1);
  const before = previewOf(never({ "/physState": "POWER_OFF" }), { ...UP, "/lamp": "DARK" }, {
    "/physState": "PHYS_HANG",
    "/lamp": "LIT",
  });
  assert.equal(before.refused, undefined, "Once it is off nothing is disruptive any more");
});

test("of two that say no the first says why, and each rule is named once", () => {
  const rules = {
    "/invariants/a": { kind: "never", when: { "/lamp": "DARK" } },
    "/invariants/b": { kind: "never", when: { "/lamp": "LIT" } },
    "/invariants/c": { kind: "never", when: { "/runState": "SYNC" } },
    "/limits/all": { mutations: ["m/*"], atMost: 2 },
  };
  const { refused, places } = previewOf(rules, { ...UP, "/lamp": "DARK" }, { ...UP, "/lamp": "LIT" });
  assert.equal(refused?.invariant, "b");
  assert.deepEqual(places.map(({ step, rule }) => [step, rule]), [["off", "all"]]);
});

test("where there is no plan nothing is previewed", () => {
  const rules = { "/limits/all": { mutations: ["*/*"], atMost: 1 } };
  const { steps, places, refused } = previewOf(rules, { "/physState": "PHYS_ERROR" }, { "/physState": "POWER_OFF" });
  assert.deepEqual([steps, places, refused], [[], [], undefined]);
});

function nodeOf(cfg: Record, seen: Record): EngineNode {
  const view = new Map(Object.entries(seen));
  return { name: "n1", planner, target: "1", frozen: "no", view, cfg: new Map(Object.entries(cfg)) };
}

test("a place is previewed with its bounds as far as they are known, and with nothing that its rule does not say", () => {
  const rules = {
    "/limits/a": { mutations: ["m/off"], atMost: 3, by: "/rack" },
    "/limits/b": { mutations: ["m/off"], perSecond: 2 },
    "/invariants/c": { kind: "away", atMost: 4 },
    "/invariants/d": { kind: "away", atMost: "50%" },
    "/invariants/e": { kind: "transition", atMost: 0, by: "/rack" },
  };
  const { places, disruptive } = previewElsewhere(
    "n1",
    nodeOf({ "/physState": "POWER_OFF", "/rack": "r1" }, UP),
    readPolicy(new Map(Object.entries(rules))),
    0,
  );
  assert.equal(disruptive, true);
  const about = { step: 0, taken: 0 };
  assert.deepEqual(places, [
    { ...about, kind: "limit", rule: "a", by: "/rack", group: "r1", atMost: 3, keeps: 1_000 },
    { ...about, kind: "limit", rule: "b", perSecond: 2, group: "", keeps: 1_000 },
    { ...about, kind: "away", rule: "c", group: "", atMost: 4, keeps: Infinity },
    { ...about, kind: "away", rule: "d", group: "", keeps: Infinity },
    { ...about, kind: "transition", rule: "e", by: "/rack", group: "r1", atMost: 0, keeps: 1_000 },
  ]);
});

test("a step that comes later and never has a place is told to wait for one, and no other step is", () => {
  const states = (rules: Record) => {
    const node = nodeOf({ "/physState": "POWER_OFF", "/lamp": "DARK" }, { ...UP, "/arm": "OUT", "/lamp": "LIT" });
    const { explanation } = previewElsewhere("n1", node, readPolicy(new Map(Object.entries(rules))), 0);
    return explanation.steps.map((
      { step, state },
    ) => [step.mutation, state.kind === "waiting" ? state.blocker : state]);
  };
  const after = (...steps: string[]) => ({ kind: "after", steps });
  const [tuck, off, dim] = states({ "/invariants/up": { kind: "away", atMost: 0 } });
  assert.deepEqual([tuck, dim], [["tuck", { kind: "ready" }], ["dim", after("m/off")]]);
  const line = { inFlight: 0, holders: [], atMost: 0, since: 0, place: 1 };
  const up = { kind: "count", invariant: "up", counts: "away", group: "", ...line };
  assert.deepEqual(off, ["off", up]);
  for (
    const rule of [{ "/invariants/up": { kind: "away", atMost: 1 } }, {
      "/limits/x": { mutations: ["*/off"], atMost: 0 },
    }]
  ) {
    assert.deepEqual(states(rule)[1], ["off", after("m/tuck")]);
  }
  const grouped = states({ "/invariants/up": { kind: "transition", by: "/rack", atMost: 0 } })[1]?.[1];
  assert.deepEqual(grouped, { ...up, counts: "transition", by: "/rack" });
});

test("where nothing disrupts a node nothing is said to", () => {
  const { disruptive, places } = previewElsewhere(
    "n1",
    nodeOf({ "/lamp": "LIT" }, { ...UP, "/lamp": "DARK" }),
    readPolicy(new Map()),
    0,
  );
  assert.deepEqual([disruptive, places], [false, []]);
});
