import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultEngineOptions, type Policy, readPolicy } from "../../src/engine/mod.ts";
import type { PlaceRequest } from "../../src/engine/rules.ts";
import { staticRules } from "../../src/engine/static_rules.ts";
import type { Value } from "../../src/state/mod.ts";
import { DARK, LIT, nodeOf, OFF, UP } from "./decisions.ts";
import { planner } from "./lab.ts";

type Cfg = { readonly [url: string]: { readonly [field: string]: Value } };

function policyOf(cfg: Cfg): Policy {
  return readPolicy(new Map(Object.entries(cfg)));
}

/** The first step of a node with this cfg, as a request of it. */
function request(cfg: Parameters<typeof nodeOf>[0], seen: Parameters<typeof nodeOf>[1]): PlaceRequest {
  const node = nodeOf(cfg, seen);
  const plan = planner.plan(node);
  const [step] = plan.ok ? plan.steps : [];
  assert.ok(step !== undefined);
  return { id: "a", node, step, out: "NO", unhealthy: false, taken: [] };
}

const cut = request(OFF, UP);
const light = request(LIT, DARK);
const rulesOf = (cfg: Cfg) => staticRules(policyOf(cfg), defaultEngineOptions);

test("another aggregator's limit makes nothing wait, as it is not known how many places are taken", () => {
  const rules = rulesOf({ "/limits/cuts": { mutations: ["machine/off"], atMost: 1 } });
  assert.equal(rules.refusalOf(cut), undefined);
  assert.deepEqual(rules.placesOf(cut).map(({ rule, atMost, taken }) => [rule.name, atMost, taken]), [["cuts", 1, 0]]);
  assert.deepEqual(rules.placesOf(light), []);
  assert.deepEqual(rules.blockerOf(cut, { kind: "queued" }), { kind: "turn" });
});

test("an invariant without any place refuses what it is about, and says so as one of count", () => {
  for (const atMost of [0, "0%"]) {
    const rules = rulesOf({ "/invariants/never-away": { kind: "away", atMost } });
    assert.deepEqual(rules.refusalOf(cut), { kind: "queued" });
    assert.equal(rules.refusalOf(light), undefined);
    assert.deepEqual(rules.placesOf(cut).map((place) => place.atMost), [0]);
    assert.deepEqual(rules.blockerOf(cut, { kind: "queued" }), {
      ...{ kind: "count", invariant: "never-away", counts: "away", group: "" },
      ...{ inFlight: 0, holders: [], atMost: 0, since: 0, place: 1 },
    });
  }
});

test("an invariant with places refuses nothing, and a share of it is not known", () => {
  for (const [bound, atMost] of [[2, 2], ["10%", undefined]] as const) {
    const rules = rulesOf({ "/invariants/most": { kind: "away", atMost: bound } });
    assert.equal(rules.refusalOf(cut), undefined);
    assert.deepEqual(rules.placesOf(cut).map((place) => place.atMost), [atMost]);
    assert.deepEqual(rules.blockerOf(cut, { kind: "queued" }), { kind: "turn" });
  }
});

test("the invariant without a place is named, also behind others", () => {
  const rules = rulesOf({
    "/invariants/a": { kind: "away", atMost: 5 },
    "/invariants/b": { kind: "transition", atMost: 0 },
    "/limits/c": { mutations: ["machine/off"], atMost: 1 },
  });
  const blocker = rules.blockerOf(cut, { kind: "queued" });
  assert.deepEqual(blocker.kind === "count" && [blocker.invariant, blocker.counts], ["b", "transition"]);
});

test("a value under which nothing may be disrupted refuses what disrupts, and nothing else", () => {
  const never = { "/invariants/busy": { kind: "never", when: { "/busy": "BUSY" } } };
  const rules = rulesOf(never);
  const busy = (of: PlaceRequest): PlaceRequest => ({
    ...of,
    node: { ...of.node, view: new Map([...of.node.view, ["/busy", "BUSY"]]) },
  });
  const objection = { invariant: "busy", because: "'/busy' is 'BUSY'" };
  const refusal = rules.refusalOf(busy(cut));
  assert.deepEqual(refusal, { kind: "invariant", ...objection });
  assert.deepEqual(rules.blockerOf(busy(cut), { kind: "invariant", ...objection }), {
    kind: "invariant",
    ...objection,
  });
  assert.equal(rules.refusalOf(cut), undefined);
  assert.equal(rules.refusalOf(busy(light)), undefined);
  assert.deepEqual(rules.forbids(busy(cut).node), objection);
});

test("another aggregator's rules are a parent's, which holds nothing and has started nothing", () => {
  const rules = rulesOf({});
  assert.deepEqual([rules.role, rules.run, rules.options], ["parent", "", defaultEngineOptions]);
  assert.equal(rules.holdOf("rack/light", light.node), undefined);
  assert.equal(rules.unreturnedOf("a", "rack/light"), undefined);
});
