import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineNode } from "../../src/engine/mod.ts";
import { progressOf, reachesGoal, withoutProgress } from "../../src/engine/progress.ts";
import type { Step } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { planner } from "./lab.ts";

type Some = Readonly<Record<string, Value>>;

const { schema } = planner.domain;
const view = (seen: Some) => new Map(Object.entries(seen));

function nodeOf(cfg: Some, seen: Some): EngineNode {
  return { name: "n1", planner, target: "1", frozen: "no", view: view(seen), cfg: view(cfg) };
}

/** A step that changes these variables. */
function stepOf(changes: { readonly [url: string]: readonly [string, string] }): Step {
  const plan = planner.plan(nodeOf({ "/lamp": "LIT" }, { "/lamp": "DARK" }));
  const [step] = plan.ok ? plan.steps : [];
  assert.ok(step !== undefined);
  return { ...step, changes };
}

const COOL = stepOf({ "/fan": ["SLOW", "FAST"], "/pump": ["SLOW", "FAST"] });
const FIND = stepOf({ "/lamp": ["UNKNOWN", "LIT"] });

test("a mutation is begun, partial or done by how many of its variables have changed, and astray by any other value", () => {
  const progress = (fan: string, pump: string) => progressOf(COOL, schema, view({ "/fan": fan, "/pump": pump }));
  assert.equal(progress("SLOW", "SLOW"), "begun");
  assert.equal(progress("FAST", "SLOW"), "partial");
  assert.equal(progress("SLOW", "FAST"), "partial");
  assert.equal(progress("FAST", "FAST"), "done");
  assert.equal(progress("UNKNOWN", "FAST"), "astray");
  assert.equal(progressOf(COOL, schema, view({ "/fan": "FAST" })), "astray", "what is not seen is unknown");
  assert.equal(progressOf(FIND, schema, view({})), "begun");
  assert.equal(progressOf(FIND, schema, view({ "/lamp": "LIT" })), "done");
  assert.equal(progressOf(FIND, schema, view({ "/lamp": "DARK" })), "astray");
});

test("a view without the progress of steps has their old values, and no value where that was unknown", () => {
  const seen = view({ "/fan": "FAST", "/pump": "SLOW", "/lamp": "LIT", "/physState": "POWER_ON" });
  const before = withoutProgress([COOL, FIND], schema, seen);
  assert.deepEqual(Object.fromEntries(before), { "/fan": "SLOW", "/pump": "SLOW", "/physState": "POWER_ON" });
  assert.equal(seen.get("/fan"), "FAST", "it is a copy");
  assert.equal(withoutProgress([], schema, seen), seen);
});

test("a step reaches a goal where one of its values is wanted", () => {
  assert.equal(reachesGoal(COOL, nodeOf({ "/pump": "FAST" }, {})), true);
  assert.equal(reachesGoal(COOL, nodeOf({ "/pump": "SLOW" }, {})), false);
  assert.equal(reachesGoal(COOL, nodeOf({}, {})), false);
});
