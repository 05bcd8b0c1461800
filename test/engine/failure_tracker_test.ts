import assert from "node:assert/strict";
import { test } from "node:test";
import { createFleet } from "../../src/engine/fleet.ts";
import {
  checkpointValue,
  createEngine,
  defaultPolicy,
  type EngineHost,
  type EngineNode,
  goalsHash,
  readCheckpoint,
  readStuck,
} from "../../src/engine/mod.ts";
import { PermanentError, UnavailableError } from "../../src/module/mod.ts";
import type { Planner, Question } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock, VIRTUAL_EPOCH } from "../support/virtual_clock.ts";
import { createLab, type Lab, planner } from "./lab.ts";

const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const ON = { "/physState": "POWER_ON" };
const OFF = { "/physState": "POWER_OFF" };
const UP = { ...ON, "/runState": "SYNC" };
const COOL = { "/fan": "FAST", "/pump": "FAST" };
const WARM = { "/fan": "SLOW", "/pump": "SLOW" };

/** A lab whose lamps do not light, for this reason. */
function dark(options: Parameters<typeof createLab>[0] = {}, reason = "No light"): Lab {
  const lab = createLab(options);
  lab.onRun = (run) => run.reject(new Error(reason));
  return lab;
}

const whys = (lab: Lab, kind: string) => lab.events.filter((event) => event.kind === kind).map(({ why }) => why);

test("what is kept of a failure says when it is tried again, in whole seconds, and 256 characters of why", async () => {
  const lab = dark({ options: { backoffBase: 10_001 } }, "x".repeat(300));
  await lab.clock.advance(500);
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  const at = VIRTUAL_EPOCH / 1000 + Math.ceil((500 + 10_001 * 0.75) / 1000);
  assert.deepEqual(lab.checkpoints.get("a"), {
    reached: "",
    out: "NO",
    failed: {
      target: "1",
      mutations: [{ mutation: "rack/light", attempts: 1, held: false, at, reason: "x".repeat(256) }],
    },
  });
});

test("what is kept of what was given up says since when it is", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.reject(new PermanentError("No such lamp"));
  await lab.clock.advance(2_300);
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  const [kept] = lab.checkpoints.get("a")?.failed?.mutations ?? [];
  const at = VIRTUAL_EPOCH / 1000 + 3;
  assert.deepEqual(kept, { mutation: "rack/light", attempts: 1, held: true, at, reason: "No such lamp" });
  await lab.clock.advance(60_000);
  lab.see({ "/physState": "POWER_ON" });
  await lab.settle();
  lab.restart();
  await lab.settle();
  const state = lab.engine.explain("a")?.steps[0]?.state;
  assert.ok(state?.kind === "held");
  assert.equal(state.since, 3_000);
});

test("how often in a row something could not be tried is kept, and waits on after a restart", async () => {
  const lab = createLab({ options: { backoffBase: 1_000 } });
  lab.onRun = (run) => run.reject(new UnavailableError("No answer"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(5_000); // at 0, 0.75 and 2.25 s; the next one at 5.25 s
  const [kept] = lab.checkpoints.get("a")?.failed?.mutations ?? [];
  assert.deepEqual([kept?.attempts, kept?.unavailable, kept?.held], [0, 3, false]);
  assert.equal(whys(lab, "failed")[0], "No answer (not tried, next attempt in 750 ms)");
  lab.restart();
  await lab.clock.advance(999);
  assert.equal(lab.runs.length, 3);
  await lab.clock.advance(2_000);
  assert.equal(lab.runs.length, 4);
  assert.equal(lab.checkpoints.get("a")?.failed?.mutations[0]?.unavailable, 4);
});

test("a checkpoint is read back as it was written, and without what is not as it should be", () => {
  const kept = { mutation: "m/a", attempts: 2, held: false, at: 7, reason: "No" };
  const checkpoint = {
    reached: "t",
    out: "CUT",
    failed: { target: "u", mutations: [kept, { ...kept, mutation: "m/b", unavailable: 3, held: true }] },
  } as const;
  assert.deepEqual(readCheckpoint(checkpointValue(checkpoint)), checkpoint);
  assert.deepEqual(checkpointValue({ reached: "t", out: "TAKEN" }), { reached: "t", out: "TAKEN" });
  const withKept = (change: Readonly<Record<string, Value>>): Value => ({
    ...{ reached: "t", out: "NO" },
    failed: { target: "u", mutations: [{ ...kept, ...change }, kept] },
  });
  const wrong: Readonly<Record<string, Value>>[] = [
    ...[{ mutation: 1 }, { attempts: "2" }, { held: "no" }, { at: "7" }, { reason: 1 }],
  ];
  for (const change of wrong) {
    assert.deepEqual(readCheckpoint(withKept(change))?.failed?.mutations, [kept], JSON.stringify(change));
  }
  assert.deepEqual(readCheckpoint(withKept({ unavailable: "3" }))?.failed?.mutations, [kept, kept]);
  for (const value of [null, undefined, "x", [], { reached: 1, out: "NO" }, { reached: "t", out: "OUT" }]) {
    assert.equal(readCheckpoint(value), undefined);
  }
  for (const failed of ["x", { target: 1, mutations: [] }, { target: "u", mutations: "x" }]) {
    assert.deepEqual(readCheckpoint({ reached: "t", out: "NO", failed }), { reached: "t", out: "NO" });
  }
});

test("what an agent says it gave up is read whole, or not at all", () => {
  const stuck = { mutation: "m/a", reason: "No", target: "t", attempts: 2 };
  assert.deepEqual(readStuck({ ...stuck, more: 1 }), stuck);
  const wrong: Readonly<Record<string, Value>>[] = [{ mutation: 1 }, { reason: 1 }, { target: 1 }, { attempts: "2" }];
  for (const change of wrong) assert.equal(readStuck({ ...stuck, ...change }), undefined);
  for (const value of [null, undefined, "x", []]) assert.equal(readStuck(value), undefined);
});

test("what is given up is shown with its reason, attempts and target, and what was given up before stays shown", async () => {
  const lab = createLab({ options: { maxAttempts: 2, backoffBase: 100 } });
  lab.onRun = (run) => run.reject(new Error(`No ${run.key}`));
  lab.want({ ...LIT, ...COOL });
  lab.see({ ...DARK, ...WARM });
  await lab.clock.advance(10_000);
  const [first] = lab.keysOf("stuck");
  assert.equal(lab.keysOf("stuck").length, 2);
  assert.deepEqual(lab.holds.get("a"), { mutation: first, reason: `No ${first}`, target: "1", attempts: 2 });
});

test("of what is given up, what the plan needs now is shown: whoever waits for it would not know otherwise", async () => {
  const lab = createLab({ role: "self" });
  lab.onRun = (run) => run.reject(new PermanentError(`No ${run.key}`));
  lab.want({ "/services/x/state": "RUN" });
  lab.see({ ...UP, "/services/x/state": "UNKNOWN" });
  await lab.settle(); // a failed start leaves it in ERROR, out of which another mutation leads
  assert.deepEqual(lab.keysOf("stuck"), ["service/start{name=x}", "service/restart{name=x}"]);
  assert.equal(lab.holds.get("a")?.mutation, "service/restart{name=x}");
  lab.see({ ...UP, "/services/x/state": "UNKNOWN" });
  await lab.settle();
  assert.equal(lab.holds.get("a")?.mutation, "service/start{name=x}");
});

test("a failure that was held is told to be let go of, with why", async () => {
  const lab = dark({ options: { maxAttempts: 1 } });
  for (const id of ["a", "b", "c"]) {
    lab.want(LIT, id);
    lab.see(DARK, id);
  }
  await lab.settle();
  lab.engine.retry("a");
  lab.want({ ...LIT, "/rack": "r2" }, "b");
  lab.see(LIT, "c");
  await lab.clock.advance(130_000);
  const told = new Map(lab.events.filter(({ kind }) => kind === "unstuck").map(({ node, why }) => [node, why]));
  assert.deepEqual(told.get("node a"), "A person asked for a retry");
  assert.deepEqual(told.get("node b"), "Its cfg has changed");
  assert.deepEqual(told.get("node c"), "Its effect has lasted 60 s");
});

test("the wait after a success that did not last goes on where it was before it", async () => {
  const lab = createLab({ options: { backoffBase: 1_000, settle: 60_000 } });
  lab.want(LIT);
  lab.see(DARK);
  lab.onRun = (run) => lab.runs.length > 2 ? lab.see(LIT) : run.reject(new Error("No light"));
  await lab.clock.advance(10_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.see(DARK);
  await lab.settle();
  assert.equal(whys(lab, "failed").at(-1), "Did not last (attempt 3 of 5, next attempt in 3 s)");
});

test("what was reached and lost after it had lasted counts anew", async () => {
  const lab = createLab({ options: { settle: 60_000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(100);
  lab.onRun = () => lab.see(LIT);
  await lab.clock.advance(5_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  await lab.clock.advance(120_000);
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.see(DARK);
  await lab.settle();
  assert.equal(whys(lab, "failed").at(-1), "No light (attempt 1 of 5, next attempt in 750 ms)");
});

test("a fleet's count of failures names each node once, and the hold keeps since when over restarts", async () => {
  const lab = dark({ policy: { ...defaultPolicy, failuresInARow: 2 }, options: { maxAttempts: 9, backoffBase: 100 } });
  lab.want(LIT, "a");
  lab.see(DARK, "a");
  await lab.clock.advance(1_000);
  assert.ok(lab.runs.length > 1);
  assert.deepEqual(lab.engine.holds(), [], "one node that fails again and again is no fleet");
  lab.want(LIT, "b");
  lab.see(DARK, "b");
  await lab.settle();
  const [hold] = lab.engine.holds();
  assert.deepEqual([hold?.since, hold?.nodes, hold?.reason], [1_000, ["node a", "node b"], "No light"]);
  await lab.clock.advance(5_000);
  lab.restart();
  assert.deepEqual(lab.engine.holds(), [hold]);
  assert.equal(lab.engine.counts().failures, 0);
});

test("a retry lets go of a hold of the fleet for the steps of its own node only", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 1 } });
  lab.onRun = (run) => run.reject(new Error(`No ${run.key}`));
  lab.want(LIT, "a");
  lab.see(DARK, "a");
  lab.want(COOL, "b");
  lab.see(WARM, "b");
  await lab.settle();
  assert.equal(lab.engine.holds().length, 2);
  lab.onRun = () => {};
  lab.engine.retry("a");
  assert.deepEqual(lab.engine.holds().map(({ mutation }) => mutation), ["rack/cool"]);
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "working");
  assert.equal(lab.engine.status("b").phase, "stuck");
});

test("the fleet remembers a thousand streaks of failures, of which the oldest that holds nothing goes first", () => {
  const fleet = createFleet(() => 2, []);
  const node = (goal: number, name: string): EngineNode => ({
    ...{ name, planner, target: "1", frozen: "no", view: new Map() },
    cfg: new Map([[`/services/s${goal}/state`, "RUN"]]),
  });
  const fail = (goal: number, name: string) => fleet.fail("service/start", node(goal, name), "No", 0) !== undefined;
  assert.deepEqual([fail(0, "a"), fail(0, "b")], [false, true]);
  for (let goal = 1; goal < 1_000; goal++) assert.equal(fail(goal, "a"), false);
  assert.equal(fail(1, "b"), true, "a thousand are remembered");
  fail(1_000, "a"); // in the place of 2: 0 and 1 are held
  assert.equal(fail(3, "b"), true);
  assert.equal(fail(2, "b"), false, "it was forgotten");
  assert.deepEqual(fleet.holds().map(({ nodes }) => nodes), [["a", "b"], ["a", "b"], ["a", "b"]]);
});

test("a hold of the fleet that a clock ahead of ours has written counts from now", () => {
  const clock = createVirtualClock();
  const goals = goalsHash({ planner, cfg: new Map(Object.entries(LIT)) });
  const kept = { mutation: "rack/light", goals, nodes: ["n1"], reason: "No", heldAt: VIRTUAL_EPOCH + 1_000_000 };
  const host: EngineHost = {
    role: "parent",
    source: { nodes: () => [], read: () => undefined },
    executor: { run: () => Promise.resolve(), discover() {} },
    journal: { log() {}, hold() {}, held: () => undefined },
    fleet: { keep() {}, kept: () => [kept, { ...kept, mutation: "rack/dim", heldAt: VIRTUAL_EPOCH - 5_000 }] },
  };
  const engine = createEngine(host, { clock, random: () => 0.5 });
  assert.deepEqual(engine.holds().map(({ mutation, since }) => [mutation, since]), [
    ["rack/light", 0],
    ["rack/dim", -5_000],
  ]);
  engine.stop();
});

test("goals have one name whatever else is in a cfg and in whatever order, and other goals another", () => {
  const hash = (cfg: Readonly<Record<string, Value>>) => goalsHash({ planner, cfg: new Map(Object.entries(cfg)) });
  const base = hash({ ...LIT, ...ON });
  assert.match(base, /^[0-9a-f]{16}$/);
  assert.equal(hash({ ...ON, ...LIT, "/rack": "r1" }), base);
  assert.notEqual(hash({ ...DARK, ...ON }), base);
  assert.notEqual(hash(LIT), base);
});

test("what a host's own queue puts off is put off once, however many of its requests stand there", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  lab.want(ON);
  lab.see(OFF);
  await lab.clock.advance(1_000);
  const [run] = lab.runs;
  const first = run?.queued();
  await lab.clock.advance(2_000);
  const second = run?.queued();
  await lab.clock.advance(2_000);
  first?.();
  await lab.clock.advance(1_000);
  second?.(); // five seconds in all
  await lab.clock.advance(8_999);
  assert.equal(lab.engine.counts().failures, 0);
  await lab.clock.advance(1);
  assert.equal(lab.engine.counts().failures, 1);
});

test("what a handler says of a queue after it is over changes nothing", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  lab.see(LIT);
  await lab.settle();
  lab.runs[0]?.finish();
  await lab.settle();
  const end = lab.runs[0]?.queued();
  end?.();
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
});

test("counts say how many plans, mutations, retries and failures there were", async () => {
  const lab = dark({ options: { backoffBase: 1_000, maxAttempts: 3 } });
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(10_000);
  assert.deepEqual(lab.engine.counts(), { plans: 1, mutations: 3, retries: 2, failures: 3, late: 0, waiting: 0 });
});

test("a plan counts when it is another one than before, and an empty one never", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see(LIT);
  await lab.settle();
  assert.equal(lab.engine.counts().plans, 0);
  lab.see(DARK);
  await lab.settle();
  lab.see(ON);
  lab.engine.touch("a");
  await lab.settle();
  assert.equal(lab.engine.counts().plans, 1);
  lab.want({ ...LIT, ...OFF });
  await lab.settle();
  assert.equal(lab.engine.counts().plans, 2);
});

test("that there is no path is told once, and again after there was one", async () => {
  const lab = createLab();
  lab.want({ "/physState": "PHYS_ERROR" });
  lab.see(OFF);
  await lab.settle();
  lab.engine.touch("a");
  lab.see(DARK);
  await lab.settle();
  assert.equal(lab.keysOf("no-path").length, 1);
  lab.want(OFF);
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "converged");
  lab.want({ "/physState": "PHYS_ERROR" });
  await lab.settle();
  assert.equal(lab.keysOf("no-path").length, 2);
});

test("that every goal is reached is told when something was done for it, and not when it came by itself", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see(LIT);
  await lab.settle();
  lab.want({ ...LIT, ...ON });
  lab.see(ON);
  await lab.settle();
  assert.equal(lab.keysOf("converged").length, 0);
  lab.see(DARK);
  await lab.settle();
  lab.see(LIT);
  await lab.settle();
  assert.equal(lab.keysOf("converged").length, 1);
});

test("a node of which an earlier run knows something looks at it before anything is started", async () => {
  const lab = dark({ options: { backoffBase: 60_000 } });
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  lab.restart();
  await lab.settle();
  assert.equal(lab.runs.length, 1);
  assert.equal(lab.engine.status("a").phase, "backoff");
  assert.equal(lab.engine.status("a").retryAt, 45_000);
  lab.engine.stop();
  lab.want({ ...LIT, "/rack": "r9" });
  lab.restart();
  await lab.settle();
  assert.equal(lab.runs.length, 2);
  assert.equal(lab.checkpoints.get("a")?.failed?.target, "2", "what failed for another cfg is not kept");
});

test("a node in SYNC that a new target reaches is healthy, and where it was by the last one is remembered", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see(UP);
  await lab.settle();
  assert.deepEqual(lab.checkpoints.get("a"), { reached: "1", out: "NO" });
  lab.want({ ...UP, ...LIT });
  lab.see(DARK);
  await lab.settle();
  assert.deepEqual(lab.checkpoints.get("a"), { reached: "1", out: "NO" });
  lab.see(LIT);
  await lab.settle();
  assert.deepEqual(lab.checkpoints.get("a"), { reached: "2", out: "NO" });
});

/** A planner that searches for plans of what this tells, until the test says that it is done. */
function slowFor(isSlow: (question: Question) => boolean) {
  const asked: Question[] = [];
  const waiting: (() => void)[] = [];
  const slow: Planner = {
    ...planner,
    plan: (question) =>
      isSlow(question) ? { ok: false, reason: { kind: "searching" }, suspended: [] } : planner.plan(question),
    found(question) {
      asked.push(question);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
  return { slow, asked, waiting };
}

test("what has come a part of its way is planned from as if it had not begun, also while that is searched for", async () => {
  let isSlow = false;
  const { slow, asked, waiting } = slowFor(() => isSlow);
  const lab = createLab({ planner: slow });
  lab.onRun = () => {};
  lab.want(COOL);
  lab.see(WARM);
  await lab.settle();
  isSlow = true;
  lab.see({ "/fan": "FAST" });
  await lab.settle();
  assert.deepEqual(asked.map(({ view }) => [view.get("/fan"), view.get("/pump")]), [["SLOW", "SLOW"]]);
  assert.deepEqual(lab.keysOf("aborted"), []);
  isSlow = false;
  waiting.forEach((resolve) => resolve());
  await lab.settle();
  assert.equal(lab.runs[0]?.signal.aborted, false);
});

test("what is done is not concluded before the plan from there is known", async () => {
  let isSlow = false;
  const { slow, asked, waiting } = slowFor(({ view }) => isSlow && view.get("/lamp") === "LIT");
  const lab = createLab({ planner: slow });
  lab.onRun = () => {};
  lab.want({ ...LIT, ...ON });
  lab.see({ ...DARK, ...OFF });
  await lab.settle();
  isSlow = true;
  lab.see(LIT);
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), []);
  assert.equal(asked.length, 1);
  assert.equal(lab.engine.status("a").phase, "working");
  isSlow = false;
  waiting.forEach((resolve) => resolve());
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["rack/light"]);
});

test("of several things that are late the one that is so for longest is told", async () => {
  for (const [start, since] of [[57_000, 59_500], [59_000, 60_000]] as const) {
    const lab = createLab({ options: { backoffBase: 3_600_000, backoffCap: 3_600_000 } });
    lab.onRun = (run) => run.key === "machine/join" ? run.reject(new UnavailableError("No answer")) : undefined;
    lab.want(UP);
    lab.see({ ...ON, "/runState": "INIT", ...DARK });
    await lab.clock.advance(start);
    lab.want({ ...UP, ...LIT }); // what is expected of INIT counts on
    await lab.clock.advance(62_000 - start);
    assert.equal(lab.engine.status("a").late?.since, since);
    lab.engine.stop();
  }
  const lab = createLab({ options: { backoffBase: 3_600_000, backoffCap: 3_600_000 } });
  lab.onRun = (run) => run.reject(new UnavailableError("No answer"));
  lab.want({ ...LIT, ...UP });
  lab.see({ ...ON, "/runState": "INIT", ...DARK });
  await lab.clock.advance(301_000);
  const why = "'/runState' is 'INIT': expected for 60 s at most";
  assert.deepEqual(lab.engine.status("a").late, { since: 60_000, why });
});
