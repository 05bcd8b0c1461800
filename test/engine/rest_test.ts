import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Checkpoint,
  createEngine,
  defaultEngineOptions,
  type EngineEvent,
  type EngineHost,
  type EngineNode,
  policy,
  readPolicy,
} from "../../src/engine/mod.ts";
import type { Planner } from "../../src/plan/mod.ts";
import { core, createSchema, findIssue, type Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createLab, planner } from "./lab.ts";

type Fields = Readonly<Record<string, Value>>;
const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };
const OFF = { "/physState": "POWER_OFF" };

/** An engine whose host gives the same object for a node until that changes. */
function createQuietLab(first: { readonly cfg: Fields; readonly view: Fields }) {
  const clock = createVirtualClock();
  const events: EngineEvent[] = [];
  const runs: { readonly key: string; readonly reject: (error: Error) => void; readonly signal: AbortSignal }[] = [];
  const checkpoints: Checkpoint[] = [];
  let plans = 0;
  const counting: Planner = {
    ...planner,
    plan(question) {
      plans++;
      return planner.plan(question);
    },
  };
  let node: EngineNode = {
    ...{ name: "a", planner: counting, target: "1", frozen: "no" },
    cfg: new Map(Object.entries(first.cfg)),
    view: new Map(Object.entries(first.view)),
  };
  const host: EngineHost = {
    role: "parent",
    source: { nodes: () => ["a"], read: () => node },
    executor: {
      run: (_id, step, _execution, signal) =>
        new Promise((_resolve, reject) => runs.push({ key: step.key, reject, signal })),
      discover() {},
    },
    journal: { log: (event) => events.push(event), hold() {}, held: () => undefined },
    checkpoints: {
      write: (_id, checkpoint) => checkpoints.push(checkpoint),
      read: () => undefined,
      isWritable: () => true,
    },
  };
  const engine = createEngine(host, { clock, random: () => 0.5 });
  return {
    ...{ clock, engine, events, runs, checkpoints },
    plans: () => plans,
    node: () => node,
    /** The node is this now, and is looked at. */
    async become(next: Partial<EngineNode>) {
      node = { ...node, ...next };
      engine.touch("a");
      await clock.advance(0);
    },
    /** It is read as this very object again. */
    async becomeAgain(same: EngineNode) {
      node = same;
      engine.touch("a");
      await clock.advance(0);
    },
  };
}
const values = (fields: Fields) => new Map(Object.entries(fields));

test("a node at rest is looked at again whatever of it has changed", async () => {
  const changes: Partial<EngineNode>[] = [
    ...[{ view: values(LIT) }, { cfg: values(LIT) }, { target: "2" }, { frozen: "node" as const }, { name: "b" }],
    { planner: { ...planner } },
  ];
  for (const change of changes) {
    const lab = createQuietLab({ cfg: LIT, view: LIT });
    await lab.become({});
    const plans = lab.plans();
    await lab.become({});
    assert.equal(lab.plans(), plans, "it is the same");
    let asked = 0;
    const next = change.planner === undefined ? change : {
      planner: {
        ...planner,
        plan: (question: Parameters<Planner["plan"]>[0]) => {
          asked++;
          return planner.plan(question);
        },
      },
    };
    await lab.become(next);
    assert.ok(lab.plans() + asked > plans, Object.keys(change).join());
    lab.engine.stop();
  }
});

test("a node that was changed and is as it was at rest is looked at all the same", async () => {
  const lab = createQuietLab({ cfg: LIT, view: LIT });
  await lab.become({});
  const rest = lab.node();
  await lab.become({ view: values(DARK) });
  assert.deepEqual(lab.runs.map(({ key }) => key), ["rack/light"]);
  await lab.becomeAgain(rest);
  assert.deepEqual(lab.events.map(({ kind }) => kind), ["started", "done", "converged"]);
  lab.engine.stop();
});

test("a node at its goal is looked at until what failed there is forgotten", async () => {
  const lab = createQuietLab({ cfg: LIT, view: DARK });
  await lab.become({});
  lab.runs[0]?.reject(new Error("No light"));
  await lab.clock.advance(0);
  assert.equal(lab.checkpoints.at(-1)?.failed?.mutations.length, 1);
  await lab.become({ view: values(LIT) });
  await lab.clock.advance(180_000);
  assert.equal(lab.checkpoints.at(-1)?.failed, undefined);
  lab.engine.stop();
});

test("a node at its goal is looked at until nothing that was broken off counts any more", async () => {
  const lab = createQuietLab({ cfg: UP, view: UP });
  lab.engine.setPolicy(readPolicy(new Map<string, Value>([["/invariants/up", { kind: "away", atMost: 1 }]])));
  await lab.become({});
  await lab.become({ cfg: values(OFF), target: "2" });
  assert.deepEqual(lab.runs.map(({ key }) => key), ["machine/off"]);
  await lab.become({ cfg: values(UP), target: "3" });
  assert.equal(lab.runs[0]?.signal.aborted, true);
  assert.equal(lab.engine.invariants()[0]?.count, 1);
  await lab.clock.advance(29_999);
  assert.equal(lab.engine.invariants()[0]?.count, 1);
  await lab.clock.advance(1_001);
  assert.equal(lab.engine.invariants()[0]?.count, 0);
  lab.engine.stop();
});

test("letting go where nothing is held reads no node, and a retry reads no other one", async () => {
  let reads = 0;
  const lab = createLab({ onRead: () => reads++ });
  for (const id of ["a", "b", "c"]) {
    lab.want(LIT, id);
    lab.see(LIT, id);
  }
  await lab.settle();
  reads = 0;
  lab.engine.release();
  await lab.settle();
  assert.equal(reads, 0);
  lab.engine.retry("a");
  await lab.settle();
  assert.equal(reads, 2, "at once, and when it is looked at");
  assert.deepEqual(lab.keysOf("released"), []);
});

test("a policy without invariants reads no node, and one with some reads each", () => {
  let reads = 0;
  const lab = createLab({ onRead: () => reads++ });
  for (const id of ["a", "b"]) lab.want(LIT, id);
  reads = 0;
  const rules = (all: Fields) => lab.engine.setPolicy(readPolicy(new Map(Object.entries(all))));
  rules({ "/limits/a": { mutations: ["rack/*"], atMost: 1 } });
  assert.equal(reads, 0);
  rules({ "/invariants/a": { kind: "away", atMost: 1 } });
  assert.ok(reads >= 2, `${reads} reads`);
});

test("an engine behaves as its options say where nothing else is asked for", () => {
  assert.deepEqual(defaultEngineOptions, {
    ...{ maxAttempts: 5, backoffBase: 1_000, backoffCap: 300_000, settle: 60_000, resync: 60_000 },
    ...{ grace: 30_000, slice: 10 },
  });
});

test("a policy's texts and numbers are bounded", () => {
  const schema = createSchema([core, policy]);
  const issue = (url: string, value: Value) => {
    const variable = schema.find(url)?.variable ?? assert.fail(url);
    return findIssue(variable.type, value, url);
  };
  const limit = (more: Fields): Value => ({ mutations: ["m/a"], ...more });
  const fits = (url: string, good: Value, bad: Value) => {
    assert.equal(issue(url, good), undefined, JSON.stringify(good).slice(0, 80));
    assert.notEqual(issue(url, bad), undefined, JSON.stringify(bad).slice(0, 80));
  };
  const text = (length: number) => "x".repeat(length);
  fits("/limits/a", limit({ nodes: text(4_096) }), limit({ nodes: text(4_097) }));
  fits("/limits/a", limit({ by: text(256) }), limit({ by: text(257) }));
  fits("/limits/a", limit({ atMost: 1 }), limit({ atMost: 0 }));
  fits("/limits/a", limit({ atMost: 1_000_000 }), limit({ atMost: 1_000_001 }));
  fits("/limits/a", limit({ perSecond: 1_000_000 }), limit({ perSecond: 1_000_001 }));
  fits("/limits/a", limit({ perSecond: 1 }), limit({ perSecond: 0 }));
  const many = (length: number) => Array.from({ length }, () => "m/a");
  fits("/limits/a", { mutations: many(64) }, { mutations: many(65) });
  fits("/limits/a", { mutations: [text(160)] }, { mutations: [text(161)] });
  fits("/invariants/a", { kind: "away", atMost: 0 }, { kind: "away", atMost: 1_000_001 });
  fits("/invariants/a", { kind: "away", atMost: text(8) }, { kind: "away", atMost: text(9) });
  fits("/invariants/a", { kind: "brake", unhealthyAbove: text(8) }, { kind: "brake", unhealthyAbove: text(9) });
  fits("/engine/config", { failuresInARow: 1 }, { failuresInARow: 0 });
  fits("/engine/config", { failuresInARow: 1_000_000 }, { failuresInARow: 1_000_001 });
});
