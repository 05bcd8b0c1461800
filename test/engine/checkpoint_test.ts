import assert from "node:assert/strict";
import { test } from "node:test";
import { type Checkpoint, checkpointValue, defaultPolicy, readCheckpoint } from "../../src/engine/mod.ts";
import { checkpointOf, isFailure, restoreFailure } from "../../src/engine/checkpoint.ts";
import { createRecord } from "../../src/engine/record.ts";
import { core, findIssue } from "../../src/state/mod.ts";
import { createLab, type Lab, planner } from "./lab.ts";

const WANTED = { "/lamp": "LIT", "/fan": "FAST", "/pump": "FAST" };
const SEEN = { "/lamp": "DARK", "/fan": "SLOW", "/pump": "SLOW" };

/** Two mutations that fail whenever they are tried, for half an hour in twenty pieces. */
async function failTwice(between: (lab: Lab) => void): Promise<Lab> {
  const lab = createLab({ options: { backoffBase: 60_000 } });
  lab.onRun = (run) => run.reject(new Error("No"));
  lab.want(WANTED);
  lab.see(SEEN);
  for (let piece = 0; piece < 20; piece++) {
    await lab.clock.advance(90_000);
    between(lab);
  }
  await lab.clock.advance(600_000);
  return lab;
}

test("twenty restarts during backoff lead to no more attempts than none", async () => {
  const without = await failTwice(() => {});
  const restarted = await failTwice((lab) => lab.restart());
  const runs = (lab: Lab) => lab.runs.map(({ key, at }) => `${key} ${at}`).sort();
  assert.equal(runs(without).length, 10);
  assert.deepEqual(runs(restarted), runs(without));
  assert.deepEqual(restarted.keysOf("stuck").sort(), ["rack/cool", "rack/light"]);
  assert.equal(restarted.engine.status("a").phase, "stuck");
});

test("every mutation that is held stays held over a restart, with its attempts and since when", async () => {
  const lab = await failTwice(() => {});
  const before = lab.engine.explain("a")?.steps.map(({ state }) => state);
  lab.restart();
  await lab.clock.advance(100_000);
  assert.deepEqual(lab.engine.explain("a")?.steps.map(({ state }) => state), before);
  assert.deepEqual(before?.map(({ kind }) => kind), ["held", "held"]);
});

test("what failed is forgotten with its target, also over restarts, and by a retry", async () => {
  const lab = createLab({ options: { backoffBase: 60_000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want({ "/lamp": "LIT" });
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  lab.engine.retry("a");
  await lab.settle();
  assert.equal(lab.runs.length, 2);
  lab.engine.stop();
  lab.want({ "/lamp": "LIT", "/rack": "r2" });
  lab.restart();
  await lab.settle();
  assert.equal(lab.runs.length, 3);
  assert.equal(lab.checkpoints.get("a")?.failed?.mutations[0]?.attempts, 1);
});

test("a success that has lasted is forgotten on disk too", async () => {
  const lab = createLab({ options: { backoffBase: 1000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want({ "/lamp": "LIT" });
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.equal(lab.checkpoints.get("a")?.failed?.mutations.length, 1);
  lab.see({ "/lamp": "LIT" });
  await lab.clock.advance(121_000);
  assert.equal(lab.checkpoints.get("a")?.failed, undefined);
});

test("at most 16 mutations are kept, those that are held before all others", () => {
  const node = { name: "n", planner, view: new Map(), cfg: new Map(), target: "t", frozen: "no" } as const;
  const failures = new Map(Array.from({ length: 40 }, (_, place) => {
    const key = `some/mutation${place}`;
    const about = { key, attempts: 3, retryAt: place, reason: "x".repeat(1000), step: undefined, reachedAt: undefined };
    return [key, { ...about, held: place < 2 }];
  }));
  const record = { ...createRecord("id", node, undefined), failures };
  const checkpoint = checkpointOf(record, { now: 0, wall: 1_000_000_000_000 });
  const kept = checkpoint.failed?.mutations.map(({ mutation }) => mutation) ?? [];
  assert.equal(kept.length, 16);
  assert.deepEqual(kept.slice(0, 3), ["some/mutation1", "some/mutation0", "some/mutation39"]);
  const type = core.variables["/engine/checkpoint"].type;
  assert.equal(findIssue(type, checkpointValue(checkpoint), "/engine/checkpoint"), undefined);
  assert.deepEqual(readCheckpoint(checkpointValue(checkpoint)), checkpoint);
});

test("a wall clock that was set back does not make a backoff longer than any is", () => {
  const [now, wall] = [5000, 1_000_000_000_000];
  const at = Math.ceil(wall / 1000) + 1_000_000;
  const failure = restoreFailure(
    { mutation: "m/a", attempts: 1, held: false, at, reason: "No" },
    { now, wall },
    300_000,
  );
  assert.equal(failure.retryAt - now, 300_000);
});

test("a checkpoint of an earlier release, and one that is none, are read as far as they go", () => {
  const checkpoint: Checkpoint = { reached: "t", out: "AWAY" };
  assert.deepEqual(readCheckpoint({ reached: "t", out: "AWAY" }), checkpoint);
  assert.deepEqual(readCheckpoint({ reached: "t", out: "AWAY", failed: { target: 1, mutations: [] } }), checkpoint);
  const failed = { target: "t", mutations: [{ mutation: "m/a" }, "x"] };
  assert.deepEqual(readCheckpoint({ reached: "t", out: "AWAY", failed })?.failed, { target: "t", mutations: [] });
  assert.equal(readCheckpoint("x"), undefined);
});

test("what is held for the whole fleet stays so over restarts until a person lets it go", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  for (const id of ["a", "b"]) {
    lab.want({ "/lamp": "LIT" }, id);
    lab.see({ "/lamp": "DARK" }, id);
    await lab.settle();
  }
  const holds = lab.engine.holds();
  assert.equal(holds.length, 1);
  for (let restart = 0; restart < 3; restart++) {
    await lab.clock.advance(100_000);
    lab.restart();
  }
  lab.want({ "/lamp": "LIT" }, "c");
  lab.see({ "/lamp": "DARK" }, "c");
  await lab.clock.advance(1000);
  assert.deepEqual(lab.engine.holds(), holds);
  assert.equal(lab.engine.status("c").phase, "stuck");
  assert.equal(lab.runs.length, 2);
  lab.onRun = (run) => run.finish();
  lab.engine.release();
  lab.restart();
  await lab.settle();
  assert.deepEqual(lab.engine.holds(), []);
  assert.equal(lab.runs.filter(({ id }) => id === "c").length, 1);
});

test("a record is of a failure where anything failed, could not be tried or is given up, and else of a success", () => {
  const about = { key: "m/a", attempts: 0, retryAt: 0, held: false, reason: "", step: undefined, reachedAt: 0 };
  assert.equal(isFailure(about), false);
  for (const change of [{ attempts: 1 }, { unavailable: 1 }, { held: true }]) {
    assert.equal(isFailure({ ...about, ...change }), true, Object.keys(change).join());
  }
});
