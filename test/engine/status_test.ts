import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeRecord } from "../../src/engine/record.ts";
import { countNow, engineStatusOf, lateOf } from "../../src/engine/status.ts";
import { DARK, failureOf, LIT, look, nodeOf, NOW, OFF, recordOf, UP } from "./decisions.ts";

const status = (record: NodeRecord, now = NOW) => engineStatusOf(record, () => ({ kind: "turn" }), now);

/** The record of a node whose lamp is being lit since now. */
function running(): NodeRecord {
  return look(recordOf(), nodeOf(LIT, DARK)).record;
}
const dwell = (value: string, since: number, within: number) => ({ value, since, within });

test("a running step is late once it takes longer than is expected of it, from then on", () => {
  const record = running();
  const [{ step } = assert.fail("nothing runs")] = record.executions.values();
  assert.equal(lateOf(record, NOW + step.duration), undefined);
  const late = lateOf(record, NOW + step.duration + 1);
  assert.equal(late?.since, NOW + step.duration);
  assert.match(late?.why ?? "", /^rack\/light runs: expected to take \d/);
  assert.equal(status(record, NOW + step.duration + 1).late?.since, late?.since);
  assert.equal("late" in status(record), false);
});

test("a value that a node should leave is late once its time is over, and of several what is late for longest is told", () => {
  const record = recordOf({
    dwells: new Map([
      ["/a", dwell("X", NOW, 5_000)],
      ["/b", dwell("Y", NOW, 3_000)],
      ["/c", dwell("Z", NOW, 4_000)],
      ["/d", dwell("Z", NOW, 3_000)],
    ]),
  });
  assert.equal(lateOf(record, NOW + 3_000), undefined);
  const late = { since: NOW + 3_000, why: "'/b' is 'Y': expected for 3 s at most" };
  for (const now of [NOW + 3_001, NOW + 60_000]) assert.deepEqual(lateOf(record, now), late);
  const runs = running();
  const [{ step } = assert.fail("nothing runs")] = runs.executions.values();
  const earlier = { ...runs, dwells: new Map([["/b", dwell("Y", NOW, step.duration)]]) };
  assert.match(lateOf(earlier, NOW + 600_000)?.why ?? "", /^'\/b'/, "the same time: what came first");
  const later = { ...runs, dwells: new Map([["/b", dwell("Y", NOW, step.duration + 1)]]) };
  assert.match(lateOf(later, NOW + 600_000)?.why ?? "", /^rack\/light/);
});

test("nothing is late on a frozen node", () => {
  for (const frozen of ["node", "everything", "moved"] as const) {
    assert.equal(lateOf({ ...running(), frozen }, NOW + 600_000), undefined);
  }
});

test("late nodes and those that wait are counted", () => {
  const waiting = look(recordOf(), nodeOf(LIT, DARK), { refusalOf: () => ({ kind: "queued" }) }).record;
  assert.deepEqual(countNow([running(), running(), waiting, recordOf()], NOW + 600_000), { late: 3, waiting: 1 });
  assert.deepEqual(countNow([running(), waiting], NOW), { late: 0, waiting: 1 });
  assert.deepEqual(countNow([], NOW), { late: 0, waiting: 0 });
});

test("each phase has its reason", () => {
  const node = nodeOf(LIT, DARK);
  const held = new Map([["rack/light", failureOf({ held: true, heldSince: 0, attempts: 3 })]]);
  const pausing = new Map([["rack/light", failureOf({ retryAt: NOW + 5_000 })]]);
  const cases: [record: NodeRecord, phase: string, reason: RegExp | undefined][] = [
    [recordOf(), "working", /^Not looked at yet$/],
    [running(), "working", undefined],
    [look(recordOf({ failures: held }), node).record, "stuck", /^Gave up on rack\/light after 3 attempts: No$/],
    [look(recordOf({ failures: pausing }), node).record, "backoff", /^rack\/light: No$/],
    [
      look(recordOf(), node, { refusalOf: () => ({ kind: "queued" }) }).record,
      "waiting",
      /^rack\/light its turn has come$/,
    ],
    [look(recordOf(), nodeOf(LIT, LIT)).record, "converged", undefined],
    [look(recordOf(), nodeOf({ "/physState": "PHYS_ERROR" }, UP)).record, "blocked", /./],
    [look(recordOf(), { ...node, frozen: "node" }).record, "frozen", undefined],
    [look(recordOf(), { ...node, frozen: "moved", frozenWhy: "Elsewhere" }).record, "waiting", /^Elsewhere$/],
    [
      look(recordOf(), nodeOf(OFF, UP), { role: "self" }).record,
      "working",
      /^Waits for the parent to run machine\/off$/,
    ],
    [{ ...running(), searching: true }, "working", /./],
  ];
  for (const [record, phase, reason] of cases) {
    const found = status(record);
    assert.equal(found.phase, phase);
    if (reason === undefined) assert.equal("reason" in found, false, phase);
    else assert.match(found.reason ?? "", reason);
  }
  assert.equal(status(look(recordOf({ failures: pausing }), node).record).retryAt, NOW + 5_000);
});

test("what runs is listed, and a step that was given up is told beside it", () => {
  const both = { ...LIT, "/fan": "FAST", "/pump": "FAST" };
  const node = nodeOf(both, { ...DARK, "/fan": "SLOW", "/pump": "SLOW" });
  const held = new Map([["rack/light", failureOf({ held: true, heldSince: 0 })]]);
  const found = status(look(recordOf({ failures: held }), node).record);
  assert.deepEqual(found.running, [{ key: "rack/cool", ours: true, since: NOW, execution: "r-1" }]);
  assert.match(found.reason ?? "", /^Gave up on rack\/light/);
  assert.equal(found.phase, "working");
});
