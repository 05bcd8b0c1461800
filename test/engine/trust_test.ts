import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPolicy } from "../../src/engine/mod.ts";
import { compileDomain, createPlanner, declareModule } from "../../src/plan/mod.ts";
import { core } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };

/** Lamps that fail to light, on these nodes. */
async function failOn(lab: Lab, ids: readonly string[], cfg: Readonly<Record<string, string>> = LIT): Promise<void> {
  lab.onRun = (run) => run.reject(new Error("No light"));
  for (const id of ids) {
    lab.want(cfg, id);
    lab.see(DARK, id);
    await lab.settle();
  }
}

test("what failed on so many nodes in a row for the same goals is held for all, until a person lets it go", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 3 } });
  await failOn(lab, ["a", "b", "a", "c"]);
  assert.deepEqual(lab.keysOf("held"), ["rack/light"]);
  lab.onRun = (run) => run.finish();
  lab.want({ ...LIT, "/rack": "r1" }, "d"); // the same goals: a rack is none
  lab.see(DARK, "d");
  await lab.clock.advance(100_000);
  assert.equal(lab.engine.status("d").phase, "stuck");
  const reason = "Held for the whole fleet: rack/light failed on 3 nodes in a row: No light";
  assert.equal(lab.engine.status("d").reason, reason);
  assert.equal(lab.engine.status("a").reason, reason);
  assert.deepEqual(lab.engine.holds().map(({ mutation, nodes }) => [mutation, nodes]), [
    ["rack/light", ["node a", "node b", "node c"]],
  ]);
  const [step] = lab.engine.explain("d")?.steps ?? [];
  assert.deepEqual(step?.state, { kind: "held", since: 0, attempts: 3, reason: "No light", fleet: true });
  lab.want({ ...LIT, "/physState": "POWER_OFF" }, "e"); // other goals
  lab.see({ ...DARK, "/physState": "POWER_OFF" }, "e");
  await lab.settle();
  assert.equal(lab.runs.at(-1)?.id, "e");
  lab.engine.release();
  await lab.settle();
  assert.equal(lab.runs.at(-1)?.id, "d");
  assert.deepEqual(lab.engine.holds(), []);
});

test("a person who retries a node lets go of what is held for the fleet in its way", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  await failOn(lab, ["a", "b"]);
  assert.equal(lab.engine.holds().length, 1);
  lab.engine.retry("a");
  assert.equal(lab.engine.holds().length, 0);
  assert.deepEqual(lab.keysOf("released"), ["rack/light"]);
});

test("a success in between means that it did not fail in a row", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  await failOn(lab, ["a"]);
  lab.onRun = (run) => {
    run.finish();
    lab.see(LIT, run.id);
  };
  lab.want(LIT, "b");
  lab.see(DARK, "b");
  await lab.settle();
  await failOn(lab, ["c"]);
  assert.deepEqual(lab.engine.holds(), []);
});

test("what the world cut short on many nodes is held for none: the mutation is not to blame", async () => {
  const lab = createLab({ policy: { ...defaultPolicy, failuresInARow: 2 } });
  for (const id of ["a", "b", "c"]) {
    lab.want(UP, id);
    lab.see({ "/physState": "POWER_ON" }, id);
  }
  await lab.settle();
  for (const id of ["a", "b", "c"]) lab.see({ "/physState": "POWER_OFF" }, id);
  await lab.settle();
  assert.equal(lab.engine.counts().failures, 3);
  assert.deepEqual(lab.engine.holds(), []);
});

test("a node that stays where it is expected to leave is late, since when and why", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see({ "/physState": "POWER_ON", "/runState": "ERROR", "/busy": "BUSY" }); // so nothing can be done about it
  await lab.clock.advance(30_000);
  assert.equal(lab.engine.status("a").late, undefined);
  await lab.clock.advance(1);
  const late = { since: 30_000, why: "'/runState' is 'ERROR': expected for 30 s at most" };
  assert.deepEqual(lab.engine.status("a").late, late);
  assert.deepEqual(lab.engine.explain("a")?.late, late);
  assert.equal(lab.engine.counts().late, 1);
  lab.want({ "/physState": "POWER_ON", "/runState": "ERROR" }); // who asks for it does not want it left
  await lab.settle();
  assert.equal(lab.engine.status("a").late, undefined);
});

test("a node is late when a mutation takes longer than expected", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(2501);
  assert.deepEqual(lab.engine.status("a").late, { since: 2500, why: "rack/light runs: expected to take 2.5 s" });
  lab.see(LIT);
  await lab.settle();
  assert.equal(lab.engine.counts().late, 0);
});

test("a node that can't get to its goal, or does not, is late in the end, whatever the value is", async () => {
  const lab = createLab({ options: { backoffCap: 3_600_000, backoffBase: 3_600_000 } });
  lab.onRun = (run) => run.reject(new Error("No power"));
  lab.want({ "/physState": "POWER_ON" }, "failing");
  lab.see({ "/physState": "POWER_OFF" }, "failing");
  lab.want({ "/physState": "PHYS_ERROR" }, "blocked");
  lab.see({ "/physState": "POWER_OFF" }, "blocked");
  lab.want({ "/physState": "POWER_OFF", "/runState": "SYNC" }, "suspended");
  lab.see({ "/physState": "POWER_OFF" }, "suspended");
  await lab.settle();
  lab.see({ "/physState": "POWER_OFF" }, "failing"); // after what the failure left
  await lab.clock.advance(300_000);
  assert.equal(lab.engine.status("blocked").phase, "blocked");
  assert.equal(lab.engine.status("blocked").late, undefined);
  await lab.clock.advance(1);
  const why = "'/physState' is 'POWER_OFF': expected for 300 s at most";
  assert.deepEqual(lab.engine.status("blocked").late, { since: 300_000, why });
  assert.deepEqual(lab.engine.status("failing").late, { since: 300_000, why });
  assert.equal(lab.engine.status("suspended").late, undefined);
});

test("a goal that its plan takes longer for than others is late later", async () => {
  const slow = declareModule({
    name: "slow",
    about: "Takes ten minutes",
    extensions: [core],
    discovers: ["/physState"],
    mutations: {
      on: {
        context: "parent",
        changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
        timeout: 900_000,
        duration: 600_000,
      },
    },
  });
  const lab = createLab({ planner: createPlanner(compileDomain([slow])) });
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(600_000);
  assert.equal(lab.engine.status("a").late, undefined);
  await lab.clock.advance(1);
  assert.equal(lab.engine.status("a").late?.since, 600_000);
});

test("a frozen node is not late, also while something that was begun before is in flight", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  lab.freeze(true);
  await lab.clock.advance(9_000);
  assert.equal(lab.engine.status("a").running.length, 1);
  assert.equal(lab.engine.status("a").late, undefined);
  assert.equal(lab.engine.counts().late, 0);
});

test("explain() tells the state of every step that is left", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.key === "rack/light" ? run.reject(new Error("No light")) : run.finish();
  lab.want({ ...UP, ...LIT, "/services/sshd/state": "RUN" });
  lab.see({ "/physState": "POWER_OFF", ...DARK });
  await lab.settle();
  const kinds = () => lab.engine.explain("a")?.steps.map(({ step, state }) => `${step.key}: ${state.kind}`);
  assert.deepEqual(kinds()?.sort(), [
    "machine/boot: after",
    "machine/join: after",
    "machine/on: running",
    "rack/light: backoff",
    "service/start{name=sshd}: after",
  ]);
  lab.see(UP);
  await lab.settle();
  lab.freeze(true);
  await lab.settle();
  assert.deepEqual(kinds()?.sort(), ["rack/light: frozen", "service/start{name=sshd}: awaited"]);
  assert.equal(lab.engine.explain("nobody"), undefined);
  lab.freeze(false);
  lab.want({ "/runState": "ERROR" });
  await lab.settle();
  const explained = lab.engine.explain("a");
  assert.equal(explained?.phase, "blocked");
  assert.equal(explained.noPlan?.kind, "unreachable");
});

test("a handler that never returns holds up the next run of its mutation, but not for ever", async () => {
  const lab = createLab({ options: { backoffBase: 100 } });
  lab.onRun = () => {};
  lab.want(LIT);
  lab.see(DARK);
  await lab.clock.advance(10_000); // its time is over
  assert.deepEqual(lab.runs.map(({ signal }) => signal.aborted), [true]);
  await lab.clock.advance(29_999);
  assert.equal(lab.runs.length, 1);
  const [step] = lab.engine.explain("a")?.steps ?? [];
  assert.ok(step?.state.kind === "waiting" && step.state.blocker.kind === "unreturned");
  await lab.clock.advance(1);
  assert.equal(lab.runs.length, 2);
  assert.deepEqual(lab.keysOf("overdue"), ["rack/light"]);
});

test("a handler that goes on after what it does is seen is told to end, and does not run beside itself", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  lab.want(LIT);
  lab.see(DARK);
  await lab.settle();
  lab.see(LIT);
  await lab.settle();
  assert.equal(lab.runs[0]?.signal.aborted, true);
  lab.see(DARK);
  await lab.clock.advance(5_000);
  assert.equal(lab.runs.length, 1);
  lab.runs[0]?.finish();
  await lab.settle();
  assert.equal(lab.runs.length, 2);
});
