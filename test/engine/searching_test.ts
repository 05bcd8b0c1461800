import assert from "node:assert/strict";
import { test } from "node:test";
import type { Planner, Question } from "../../src/plan/mod.ts";
import { createLab, planner } from "./lab.ts";

const LIT = { "/lamp": "LIT" };

/** A planner whose searches take until the test says that they are over. */
function createSlowPlanner() {
  let isSlow = true;
  const waiting: (() => void)[] = [];
  const slow: Planner = {
    ...planner,
    plan: (question: Question) =>
      isSlow ? { ok: false, reason: { kind: "searching" }, suspended: [] } : planner.plan(question),
    found: () => new Promise((resolve) => waiting.push(resolve)),
  };
  return {
    planner: slow,
    waiting,
    set isSlow(is: boolean) {
      isSlow = is;
    },
    finish() {
      isSlow = false;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

test("a node whose plan is still being searched for is left alone until the plan is found", async () => {
  const slow = createSlowPlanner();
  const lab = createLab({ planner: slow.planner });
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.clock.advance(1000);
  lab.engine.touch("a");
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  assert.equal(slow.waiting.length, 1); // it waits once, however often it is looked at
  assert.equal(lab.engine.status("a").phase, "working");
  assert.match(lab.engine.status("a").reason ?? "", /^The search for a plan takes longer than usual/);
  assert.deepEqual(lab.keysOf("no-path"), []);
  slow.finish();
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["rack/light"]);
  assert.doesNotMatch(lab.engine.status("a").reason ?? "", /search/);
  slow.isSlow = true;
  lab.want({ "/lamp": "DARK" });
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  assert.equal(slow.waiting.length, 1, "the next search is waited for as well");
});

test("what is in flight goes on while a plan is being searched for", async () => {
  const slow = createSlowPlanner();
  slow.isSlow = false;
  const lab = createLab({ planner: slow.planner });
  lab.onRun = () => {};
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  slow.isSlow = true;
  lab.want({ "/lamp": "LIT", "/fan": "FAST" });
  await lab.settle();
  assert.equal(lab.runs[0]?.signal.aborted, false);
  slow.finish();
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["rack/light"]);
});

test("a node that is gone is not looked at again when its plan is found", async () => {
  const slow = createSlowPlanner();
  let reads = 0;
  const lab = createLab({ planner: slow.planner, onRead: () => reads++ });
  lab.want(LIT);
  await lab.settle();
  lab.remove();
  lab.engine.touch("a");
  await lab.settle();
  const before = reads;
  slow.finish();
  await lab.settle();
  assert.equal(reads, before);
});

test("a node that was at its goal is not taken for unhealthy while a plan is being searched for", async () => {
  const slow = createSlowPlanner();
  slow.isSlow = false;
  const lab = createLab({ planner: slow.planner });
  lab.want(LIT);
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  const reached = lab.checkpoints.get("a")?.reached;
  slow.isSlow = true;
  lab.see({ "/lamp": "DARK" });
  lab.freeze(true);
  await lab.settle();
  assert.equal(lab.checkpoints.get("a")?.reached, reached);
  assert.deepEqual(lab.runs, []);
});
