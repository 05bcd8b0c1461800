import assert from "node:assert/strict";
import { test } from "node:test";
import type { Blocker } from "../../src/engine/blocker.ts";
import type { FailureRecord } from "../../src/engine/failure_record.ts";
import {
  describeBlocker,
  describeHold,
  describeReached,
  describeStart,
  describeStepChanges,
  describeStepFailure,
  describeSurprise,
} from "../../src/engine/messages.ts";
import { defaultEngineOptions, type EngineNode } from "../../src/engine/mod.ts";
import type { Plan, Step } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { planner } from "./lab.ts";

type Some = Readonly<Record<string, Value>>;

const COLD = { "/fan": "SLOW", "/pump": "SLOW" };
const COOL = { "/fan": "FAST", "/pump": "FAST" };

function nodeOf(cfg: Some, seen: Some): EngineNode {
  return {
    ...{ name: "n1", planner, target: "1", frozen: "no" },
    view: new Map(Object.entries(seen)),
    cfg: new Map(Object.entries(cfg)),
  };
}

/** The plan of a node, and its first step. */
function planned(node: EngineNode): { readonly plan: Plan; readonly step: Step } {
  const plan = planner.plan(node);
  const [step] = plan.ok ? plan.steps : [];
  assert.ok(step !== undefined);
  return { plan, step };
}

test("a step is described by what it changes, and by what it has reached", () => {
  const { step } = planned(nodeOf(COOL, COLD));
  assert.equal(describeStepChanges(step), "'/fan' from 'SLOW' to 'FAST', '/pump' from 'SLOW' to 'FAST'");
  assert.equal(describeReached(step), "'/fan' is 'FAST', '/pump' is 'FAST'");
});

test("a start names up to three goals that are not reached, and how many more there are", () => {
  const why = (cfg: Some, seen: Some) => {
    const node = nodeOf(cfg, seen);
    const { plan, step } = planned(node);
    return describeStart(step, node, plan).replace(/^Changes .*; /, "");
  };
  const on = { "/physState": "POWER_ON", "/runState": "SYNC" };
  assert.equal(why({ "/lamp": "LIT" }, { "/lamp": "DARK" }), "wanted: '/lamp' = 'LIT'");
  assert.equal(
    why({ ...COOL, "/lamp": "DARK" }, { ...COLD, "/lamp": "DARK" }),
    "wanted: '/fan' = 'FAST', '/pump' = 'FAST'",
  );
  const three = { ...COOL, "/lamp": "LIT" };
  assert.equal(why(three, { ...COLD, "/lamp": "DARK" }), "wanted: '/fan' = 'FAST', '/pump' = 'FAST', '/lamp' = 'LIT'");
  const five = { ...three, ...on };
  assert.equal(
    why(five, { ...COLD, "/lamp": "DARK", "/physState": "POWER_OFF" }),
    "wanted: '/fan' = 'FAST', '/pump' = 'FAST', '/lamp' = 'LIT' and 2 more",
  );
});

test("a start names neither goals that are suspended nor what nothing can change", () => {
  const cfg = { "/physState": "POWER_OFF", "/runState": "SYNC", "/platform": "sim", "/lamp": "LIT" };
  const node = nodeOf(cfg, { "/physState": "POWER_OFF", "/lamp": "DARK" });
  const { plan, step } = planned(node);
  assert.deepEqual(plan.suspended.map(({ url }) => url), ["/runState"]);
  assert.match(describeStart(step, node, plan), /; wanted: '\/lamp' = 'LIT'$/);
});

test("a step that is needed no more says what is another than it was", () => {
  const node = nodeOf(COOL, COLD);
  const { step } = planned(node);
  const because = "The plan from the present state does not need it";
  assert.equal(describeSurprise(step, node, true), "The plan for the new cfg does not need it");
  assert.equal(describeSurprise(step, node, false), because);
  assert.equal(
    describeSurprise(step, nodeOf({}, { "/fan": "FAST", "/pump": "SLOW" }), false),
    `${because}: '/fan' is 'FAST'`,
  );
  assert.equal(describeSurprise(step, nodeOf({}, COOL), false), `${because}: '/fan' is 'FAST', '/pump' is 'FAST'`);
  assert.equal(describeSurprise(step, nodeOf({}, {}), false), `${because}: '/fan' is 'UNKNOWN', '/pump' is 'UNKNOWN'`);
});

function failure(more: Partial<FailureRecord> = {}): FailureRecord {
  return {
    ...{ key: "rack/cool", attempts: 2, retryAt: 8_000, held: false, reason: "No fan" },
    ...{ step: undefined, reachedAt: undefined },
    ...more,
  };
}

test("a failure says how often it was tried and what comes next, and what could not be tried is no attempt", () => {
  const describe = (more: Partial<FailureRecord>) =>
    describeStepFailure(failure(more), 3_000, { ...defaultEngineOptions, maxAttempts: 5 });
  assert.equal(describe({}), "No fan (attempt 2 of 5, next attempt in 5 s)");
  assert.equal(describe({ held: true }), "No fan (attempt 2 of 5, given up)");
  assert.equal(describe({ unavailable: 1 }), "No fan (not tried, next attempt in 5 s)");
  assert.equal(describe({ unavailable: 1, held: true }), "No fan (not tried, given up)");
});

test("what is given up says after how many attempts, or on how many nodes", () => {
  assert.equal(describeHold(failure()), "Gave up on rack/cool after 2 attempts: No fan");
  assert.equal(describeHold(failure({ attempts: 1 })), "Gave up on rack/cool after 1 attempt: No fan");
  const fleet = "Held for the whole fleet: rack/cool failed on 2 nodes in a row: No fan";
  assert.equal(describeHold(failure({ fleet: true })), fleet);
  assert.match(describeHold(failure({ fleet: false })), /^Gave up/);
});

const line = { since: 0, place: 1 } as const;

test("a limit names its places and who has them, or its rate where there is room", () => {
  const limit = (more: Partial<Extract<Blocker, { kind: "limit" }>>) =>
    describeBlocker({ kind: "limit", limit: "boots", group: "", inFlight: 2, holders: [], ...line, ...more }, 0);
  assert.equal(limit({ atMost: 2 }), "waits at limit 'boots' (2 of 2 in flight, 1st in the queue)");
  assert.equal(limit({ atMost: 3 }), "waits at limit 'boots' (2 of 3 in flight, 1st in the queue)");
  assert.equal(limit({ atMost: 3, perSecond: 5 }), "waits at limit 'boots' (5 a second, 1st in the queue)");
  assert.equal(limit({ perSecond: 5 }), "waits at limit 'boots' (5 a second, 1st in the queue)");
  assert.equal(limit({ atMost: 2, perSecond: 5 }), "waits at limit 'boots' (2 of 2 in flight, 1st in the queue)");
  assert.equal(limit({ atMost: 1, perSecond: 5 }), "waits at limit 'boots' (2 of 1 in flight, 1st in the queue)");
  assert.equal(
    limit({ atMost: 2, holders: ["n1", "n2"], behind: "n7", place: 3 }),
    "waits at limit 'boots' (2 of 2 in flight: n1, n2; 3rd in the queue behind n7)",
  );
  assert.equal(
    limit({ atMost: 7, inFlight: 7, holders: ["n1", "n2"] }),
    "waits at limit 'boots' (7 of 7 in flight: n1, n2 and 5 more; 1st in the queue)",
  );
  assert.match(limit({ atMost: 2, by: "/rack", group: "r7" }), /\(rack r7: 2 of 2/);
  assert.match(limit({ atMost: 2, by: "/rack" }), /\(rack unset: 2 of 2/);
});

test("places in a queue are counted as people count", () => {
  const words = [1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 101, 111, 112, 113, 121].map((place) => {
    const said = describeBlocker(
      { kind: "limit", limit: "l", group: "", inFlight: 1, atMost: 1, holders: [], since: 0, place },
      0,
    );
    return /(\w+) in the queue/.exec(said)?.[1];
  });
  assert.deepEqual(words, [
    ...["1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "14th", "20th", "21st", "22nd", "23rd"],
    ...["101st", "111th", "112th", "113th", "121st"],
  ]);
});

test("an invariant names its count, and one without any place says that nothing can start", () => {
  const count = (more: Partial<Extract<Blocker, { kind: "count" }>>) =>
    describeBlocker(
      {
        kind: "count",
        invariant: "most",
        counts: "away",
        group: "",
        inFlight: 2,
        atMost: 2,
        holders: [],
        ...line,
        ...more,
      },
      0,
    );
  assert.equal(count({}), "waits for invariant 'most' (2 of 2 away, 1st in the queue)");
  assert.equal(
    count({ counts: "transition", holders: ["n1"], by: "/rack", group: "r7" }),
    "waits for invariant 'most' (rack r7: 2 of 2 in transition: n1 and 1 more; 1st in the queue)",
  );
  assert.equal(
    count({ atMost: 0 }),
    "can never start, because of invariant 'most' (no node may be away from SYNC)",
  );
  assert.equal(
    count({ atMost: 0, counts: "transition", by: "/rack", group: "r7" }),
    "can never start, because of invariant 'most' (rack r7: no node may be in transition)",
  );
});

test("every other reason to wait has its words", () => {
  const cases: [blocker: Blocker, words: RegExp][] = [
    [{ kind: "turn" }, /^its turn has come$/],
    [
      { kind: "invariant", invariant: "busy", because: "'/busy' is 'BUSY'" },
      /^refused by invariant 'busy': '\/busy' is 'BUSY'$/,
    ],
    [{ kind: "store" }, /^waits for the aggregator's disk, which takes no writes/],
    [{ kind: "approval", mutation: "machine/off" }, /^waits for its aggregator's approval: machine\/off is next$/],
    [{ kind: "unreturned", execution: "x", until: 9_000 }, /waits at most 6 s more for it$/],
    [{ kind: "unreturned", execution: "x", until: 1_000 }, /waits at most 0 ms more for it$/],
  ];
  for (const [blocker, words] of cases) assert.match(describeBlocker(blocker, 3_000), words);
});
