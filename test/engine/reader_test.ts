import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/engine/explain.ts";
import { defaultEngineOptions, defaultPolicy, type EngineNode } from "../../src/engine/mod.ts";
import { createReader } from "../../src/engine/reader.ts";
import type { NodeRecord } from "../../src/engine/record.ts";
import { staticRules } from "../../src/engine/static_rules.ts";
import { DARK, failureOf, LIT, look, momentOf, nodeOf, NOW, recordOf, UP } from "./decisions.ts";

const rules = staticRules(defaultPolicy, defaultEngineOptions);
const HELD = { failures: new Map([["rack/light", failureOf({ held: true, heldSince: NOW - 5_000 })]]) };

/** A reader of one node, whose record is known if it is given. */
function make(node: EngineNode | undefined, record?: NodeRecord, isDue = false) {
  return createReader({
    source: { nodes: () => ["a"], read: () => node },
    records: new Map(record === undefined ? [] : [["a", record]]),
    rules,
    isDue: () => isDue,
    now: () => momentOf(),
    keptOf: () => ({ checkpoint: undefined, stuck: undefined }),
  });
}

test("an explanation says why a node is not at its goal, and nothing of the kind where it is on its way", () => {
  const node = nodeOf(LIT, DARK);
  const stuck = explain(recordOf(HELD), node, rules, momentOf());
  assert.equal(stuck.phase, "stuck");
  assert.match(stuck.reason ?? "", /rack\/light.*No/);
  assert.deepEqual(stuck.steps.map(({ state }) => state.kind), ["held"]);
  const working = explain(recordOf(), node, rules, momentOf());
  assert.deepEqual([working.phase, "reason" in working, "frozen" in working, "noPlan" in working], [
    ...["working", false, false, false],
  ]);
  assert.deepEqual([working.now, working.steps.map(({ state }) => state.kind)], [NOW, ["ready"]]);
});

test("an explanation says who has frozen a node and what would be next, and why there is no plan", () => {
  const frozen = explain(recordOf(), nodeOf(LIT, DARK, { frozen: "node" }), rules, momentOf());
  assert.deepEqual([frozen.phase, frozen.frozen], ["frozen", "node"]);
  assert.deepEqual(frozen.steps.map(({ state }) => state), [{ kind: "frozen", by: "node", next: true }]);
  const held = explain(recordOf(HELD), nodeOf(LIT, DARK, { frozen: "everything" }), rules, momentOf());
  assert.deepEqual(held.steps.map(({ state }) => state), [{ kind: "frozen", by: "everything", next: false }]);
  const nowhere = explain(
    recordOf(),
    nodeOf({ "/physState": "PHYS_ERROR" }, { "/physState": "POWER_ON" }),
    rules,
    momentOf(),
  );
  assert.equal(nowhere.plan.ok, false);
  assert.ok(nowhere.noPlan !== undefined);
  assert.deepEqual(nowhere.steps, []);
});

test("an explanation says what is late, and nothing of the kind where nothing is", () => {
  const node = nodeOf(LIT, DARK);
  const { record } = look(recordOf(), node);
  const late = explain(record, node, rules, momentOf({ now: NOW + 9_000 })).late;
  assert.match(late?.why ?? "", /^rack\/light runs|^'\/lamp' is/);
  assert.equal("late" in explain(record, node, rules, momentOf()), false);
});

test("on a frozen node what an agent is awaited for goes on, and what it would be awaited for would be next", () => {
  const cfg = { "/services/s/state": "RUN" };
  const node = nodeOf(cfg, UP);
  const state = (record: NodeRecord) => explain(record, { ...node, frozen: "node" }, rules, momentOf()).steps[0]?.state;
  const { record } = look(recordOf(), node);
  assert.equal(state(record)?.kind, "awaited");
  assert.deepEqual(state(recordOf()), { kind: "frozen", by: "node", next: true });
});

test("what runs on a frozen node goes on, and what would begin does not", () => {
  const both = { ...LIT, "/fan": "FAST", "/pump": "FAST" };
  const node = nodeOf(both, { ...DARK, "/fan": "SLOW", "/pump": "SLOW" });
  const { record } = look(recordOf(), nodeOf(LIT, node.view.size === 0 ? {} : Object.fromEntries(node.view)));
  const states = explain(record, { ...node, frozen: "node" }, rules, momentOf()).steps;
  assert.deepEqual(states.map(({ step, state }) => `${step.key} ${state.kind}`).sort(), [
    ...["rack/cool frozen", "rack/light running"],
  ]);
});

test("a status is of the last look, and never more than there is where a new one is due", () => {
  const node = nodeOf(LIT, LIT);
  const { record } = look(recordOf(), node);
  assert.equal(make(node, record).status("a").phase, "converged");
  assert.equal(make(nodeOf(LIT, DARK), record, true).status("a").phase, "working");
  assert.equal(make(node, record, true).status("a").phase, "converged", "the look will find nothing new");
  assert.equal(make(nodeOf(LIT, DARK)).status("a").phase, "working", "it was never looked at");
  assert.equal(make(undefined).status("a").phase, "working", "it is not there");
});

test("explain() knows the reason of the last look, and no node that is not there", () => {
  const node = nodeOf(LIT, DARK);
  const { record } = look(recordOf(HELD), node);
  const found = make(node, record).explain("a");
  assert.equal(found?.phase, "stuck");
  assert.match(found?.reason ?? "", /rack\/light.*No/);
  assert.deepEqual([make(node).explain("a")?.phase, make(node).explain("a")?.reason], ["working", "Not looked at yet"]);
  const lit = nodeOf(LIT, LIT);
  const done = make(lit, look(recordOf(), lit).record).explain("a");
  assert.deepEqual([done?.phase, done !== undefined && "reason" in done], ["converged", false]);
  assert.equal(make(undefined).explain("a"), undefined);
});

test("a preview keeps what freezes a node from outside of its cfg, and nothing else", () => {
  const wanted = nodeOf(LIT, DARK);
  const cases = [["everything", "everything"], ["moved", "moved"], ["node", undefined], ["no", undefined]] as const;
  for (const [frozen, expected] of cases) {
    const now = nodeOf({}, DARK, { frozen, ...(frozen === "moved" && { frozenWhy: "it may be elsewhere" }) });
    const { explanation } = make(now, recordOf()).preview("a", wanted);
    assert.equal(explanation.frozen, expected, frozen);
    assert.deepEqual(explanation.steps.map(({ step }) => step.key), ["rack/light"]);
  }
  assert.equal(make(nodeOf({}, DARK)).preview("a", { ...wanted, frozen: "node" }).explanation.frozen, "node");
  assert.equal(make(undefined).preview("a", { ...wanted, frozen: "everything" }).explanation.frozen, "everything");
  const stuck = make(nodeOf(LIT, DARK), recordOf(HELD)).preview("a", wanted).explanation;
  assert.match(stuck.reason ?? "", /rack\/light.*No/);
});
