import assert from "node:assert/strict";
import { test } from "node:test";
import { disruptionPrepared, isDisruptive, isInSync, isSensing } from "../../src/engine/disruption.ts";
import type { Step } from "../../src/plan/mod.ts";
import { DARK, LIT, nodeOf, OFF, UP } from "./decisions.ts";
import { planner } from "./lab.ts";

type Changes = { readonly [url: string]: readonly [string, string] };

/** A step that changes these variables. */
function stepOf(changes: Changes, about: Partial<Step> = {}): Step {
  const plan = planner.plan(nodeOf(LIT, DARK));
  const [step] = plan.ok ? plan.steps : [];
  assert.ok(step !== undefined);
  return { ...step, changes, ...about };
}

const COOL = stepOf({ "/fan": ["SLOW", "FAST"], "/pump": ["SLOW", "FAST"] });
const FIND = stepOf({ "/lamp": ["UNKNOWN", "LIT"] });

test("a step only discovers where it begins with values that are unknown", () => {
  assert.equal(isSensing(FIND, nodeOf({}, {})), true);
  assert.equal(isSensing(COOL, nodeOf({}, {})), false);
  assert.equal(isSensing(stepOf({ "/lamp": ["UNKNOWN", "LIT"], "/fan": ["SLOW", "FAST"] }), nodeOf({}, {})), false);
});

test("what cuts the power is disruptive, from whatever state had some, and what switches it on is not", () => {
  const node = nodeOf({}, { "/physState": "POWER_ON" });
  const disrupts = (from: string, to: string) => isDisruptive(stepOf({ "/physState": [from, to] }), node);
  for (const to of ["POWER_OFF", "POWER_CYCLE"]) {
    for (const from of ["POWER_ON", "PHYS_HANG", "PHYS_ERROR"]) assert.equal(disrupts(from, to), true, `${from} ${to}`);
    for (const from of ["PHYS_UNKNOWN", "POWER_OFF"]) assert.equal(disrupts(from, to), false, `${from} ${to}`);
  }
  assert.equal(disrupts("POWER_OFF", "POWER_ON"), false);
  assert.equal(disrupts("PHYS_HANG", "POWER_ON"), false);
});

test("what takes a node out of SYNC is disruptive, where it is in SYNC", () => {
  const sync = nodeOf({}, { "/physState": "POWER_ON", "/runState": "SYNC" });
  const init = nodeOf({}, { "/physState": "POWER_ON", "/runState": "INIT" });
  assert.deepEqual([isInSync(sync), isInSync(init), isInSync(nodeOf({}, {}))], [true, false, false]);
  const leave = stepOf({ "/runState": ["SYNC", "INIT"] });
  assert.deepEqual([isDisruptive(leave, sync), isDisruptive(leave, init)], [true, false]);
  assert.equal(isDisruptive(stepOf({ "/runState": ["INIT", "SYNC"] }), sync), false);
  const hang = stepOf({ "/physState": ["POWER_ON", "PHYS_HANG"] });
  assert.deepEqual(
    [isDisruptive(hang, sync), isDisruptive(hang, init)],
    [true, false],
    "its run state is not known then",
  );
  assert.equal(isDisruptive(stepOf({ "/physState": ["PHYS_HANG", "POWER_ON"] }), sync), false);
  assert.equal(isDisruptive(COOL, sync), false);
});

/** Steps of a plan that takes a node's power: an agent's drain and stop, the lamp, and the power-off. */
function planOf(
  after: { readonly stop: readonly number[]; readonly lamp: readonly number[]; readonly off: readonly number[] },
) {
  const drain = stepOf({ "/busy": ["BUSY", "FREE"] }, { key: "service/drain", context: "self", after: [] });
  const stop = stepOf({ "/x": ["A", "B"] }, { key: "service/stop", context: "self", after: after.stop });
  const lamp = stepOf({ "/lamp": ["DARK", "LIT"] }, { key: "rack/light", context: "parent", after: after.lamp });
  const off = stepOf({ "/physState": ["POWER_ON", "POWER_OFF"] }, {
    key: "machine/off",
    context: "parent",
    after: after.off,
  });
  return { drain, stop, lamp, off, all: [drain, stop, lamp, off] };
}

test("a step of an agent prepares the disruptive step of its aggregator that follows it, however far", () => {
  const node = nodeOf(OFF, UP);
  const near = planOf({ stop: [], lamp: [], off: [0] });
  assert.equal(disruptionPrepared(near.all, near.drain, node), near.off);
  assert.equal(disruptionPrepared(near.all, near.stop, node), undefined, "nothing follows it");
  const far = planOf({ stop: [0], lamp: [1], off: [2] });
  for (const step of [far.drain, far.stop]) assert.equal(disruptionPrepared(far.all, step, node), far.off);
  const alone = planOf({ stop: [], lamp: [0], off: [] });
  assert.equal(disruptionPrepared(alone.all, alone.drain, node), undefined, "what follows it disrupts nothing");
});

test("a step prepares nothing that reaches a goal itself, or is its aggregator's own", () => {
  const { all, drain, lamp } = planOf({ stop: [], lamp: [], off: [0, 2] });
  assert.equal(disruptionPrepared(all, drain, nodeOf({ ...OFF, "/busy": "FREE" }, UP)), undefined);
  assert.equal(disruptionPrepared(all, lamp, nodeOf(OFF, UP)), undefined);
  assert.notEqual(disruptionPrepared(all, drain, nodeOf(OFF, UP)), undefined);
});
