import assert from "node:assert/strict";
import { test } from "node:test";
import { PermanentError } from "../../src/module/mod.ts";
import { compileDomain, createPlanner, declareModule, type Planner } from "../../src/plan/mod.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";
import { createEngine, type EngineNode } from "../../src/engine/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createLab, type Lab, planner, type Run } from "./lab.ts";

const LIT = { "/lamp": "LIT" };
const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };

/** Handlers that do what they say; boot and joining follow a second after what they need. */
function obey(lab: Lab): void {
  const results: { readonly [key: string]: readonly [url: string, value: string] } = {
    "machine/on": ["/physState", "POWER_ON"],
    "machine/off": ["/physState", "POWER_OFF"],
    "machine/reset": ["/physState", "POWER_OFF"],
    "machine/boot": ["/runState", "INIT"],
    "machine/join": ["/runState", "SYNC"],
    "rack/light": ["/lamp", "LIT"],
    "rack/dim": ["/lamp", "DARK"],
  };
  lab.onRun = (run) => {
    run.finish();
    const result = results[run.key];
    if (result === undefined) return;
    lab.clock.after(1000, () => run.signal.aborted || lab.see({ [result[0]]: result[1] }, run.id));
  };
}

/** A node whose agent is in SYNC. */
const IN_SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" };

function lastOf(runs: readonly Run[]): Run {
  const run = runs.at(-1);
  assert.ok(run, "Nothing has run");
  return run;
}

test("touch() leads a node step by step to its goal", async () => {
  const lab = createLab();
  obey(lab);
  lab.see({});
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "converged", 10_000);
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/on", "machine/boot", "machine/join"]);
  assert.deepEqual(lab.keysOf("done"), ["machine/on", "machine/boot", "machine/join"]);
  await lab.clock.advance(200_000);
  assert.equal(lab.keysOf("converged").length, 1);
  const counts = { plans: 3, mutations: 3, retries: 0, failures: 0, late: 0, waiting: 0 };
  assert.deepEqual(lab.engine.counts(), counts);
});

test("status() does not claim anything of a node that was not looked at yet", async () => {
  const lab = createLab();
  lab.want(LIT);
  assert.equal(lab.engine.status("a").phase, "working");
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "blocked");
});

test("a handler that returns has not succeeded: done is when the discovered values say so", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.clock.advance(9_999);
  assert.deepEqual(lab.keysOf("done"), []);
  assert.deepEqual(lab.engine.status("a").running.map(({ key, ours, since }) => ({ key, ours, since })), [
    { key: "rack/light", ours: true, since: 0 },
  ]);
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["rack/light"]);
  assert.equal(lab.engine.counts().failures, 0);
});

test("a value that arrives before its timeout is done even if the node was not looked at yet", async () => {
  const lab = createLab();
  lab.onRun = (run) => {
    lab.see({ "/lamp": "LIT" });
    run.reject(new Error("Lost the connection after the request"));
  };
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["rack/light"]);
  assert.equal(lab.engine.counts().failures, 0);
  assert.equal(lab.engine.status("a").phase, "converged");
});

test("independent steps of a plan run side by side", async () => {
  const lab = createLab();
  lab.want({ ...UP, ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "DARK" });
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.key).sort(), ["machine/on", "rack/light"]);
});

test("a mutation of two values goes on while they arrive one by one", async () => {
  const lab = createLab();
  lab.want({ "/fan": "FAST", "/pump": "FAST" });
  lab.see({ "/fan": "SLOW", "/pump": "SLOW" });
  await lab.clock.advance(1000);
  lab.see({ "/fan": "FAST" });
  await lab.clock.advance(1000);
  assert.equal(lab.engine.status("a").phase, "working");
  assert.deepEqual(lab.keysOf("aborted"), []);
  lab.see({ "/pump": "FAST" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["rack/cool"]);
  assert.equal(lab.runs.length, 1);
});

test("a mutation of two values is aborted when one of them goes astray", async () => {
  const lab = createLab();
  lab.want({ "/fan": "FAST", "/pump": "FAST" });
  lab.see({ "/fan": "SLOW", "/pump": "SLOW" });
  await lab.settle();
  lab.see({ "/fan": "FAST", "/pump": null });
  await lab.settle();
  assert.deepEqual(lab.keysOf("aborted"), ["rack/cool"]);
  assert.equal(lab.engine.status("a").phase, "blocked");
});

test("a mutation of two values that is half done is planned from as it is when nobody wants it any more", async () => {
  const lab = createLab();
  lab.want({ "/fan": "FAST", "/pump": "FAST" });
  lab.see({ "/fan": "SLOW", "/pump": "SLOW" });
  await lab.settle();
  lab.see({ "/fan": "FAST" });
  lab.want({ "/fan": "SLOW" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("aborted"), ["rack/cool"]);
  assert.equal(lastOf(lab.runs).key, "rack/calm");
});

test("F4: a goal refined while a mutation runs leaves it running, with its timer as it was", async () => {
  const lab = createLab();
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(1000);
  lab.want(UP);
  await lab.clock.advance(2000);
  assert.equal(lab.runsOf("machine/on").length, 1);
  assert.equal(lastOf(lab.runs).signal.aborted, false);
  lab.see({ "/physState": "POWER_ON" });
  await lab.clock.advance(1000);
  lab.see({ "/runState": "INIT" });
  await lab.clock.advance(1000);
  lab.see({ "/runState": "SYNC" });
  await lab.clock.advance(50_000); // long past the timeout of the first mutation
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/on", "machine/boot", "machine/join"]);
  assert.equal(lab.engine.counts().failures, 0);
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
});

test("F4: a mutation that goes on keeps the timeout of its start", async () => {
  const lab = createLab();
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(6_000);
  lab.want(UP);
  await lab.clock.advance(3_999);
  assert.equal(lab.engine.counts().failures, 0);
  await lab.clock.advance(1);
  assert.equal(lab.engine.counts().failures, 1);
});

test("time in a queue of the program's own does not count against a mutation's timeout, up to an hour", async () => {
  const lab = createLab();
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(6_000);
  const first = lastOf(lab.runs).queued();
  const second = lastOf(lab.runs).queued();
  await lab.clock.advance(60_000);
  first();
  first(); // once more says nothing
  await lab.clock.advance(60_000);
  second();
  await lab.clock.advance(3_999);
  assert.equal(lab.engine.counts().failures, 0);
  await lab.clock.advance(1);
  assert.equal(lab.engine.counts().failures, 1);
  await lab.clock.runUntil(() => lab.runsOf("machine/on").length + lab.runsOf("machine/reset").length > 1, 120_000);
  const before = lab.engine.counts().failures;
  lastOf(lab.runs).queued(); // and never leaves it
  await lab.clock.advance(3_600_000);
  assert.equal(lab.engine.counts().failures, before);
  await lab.clock.advance(10_000);
  assert.equal(lab.engine.counts().failures, before + 1);
});

test("F4: a goal reversed while a mutation runs aborts it, and its timer goes with it", async () => {
  const lab = createLab();
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(1000);
  lab.want({ "/physState": "POWER_OFF" });
  await lab.settle();
  assert.equal(lastOf(lab.runs).signal.aborted, true);
  assert.deepEqual(lab.keysOf("aborted"), ["machine/on"]);
  await lab.clock.advance(50_000);
  assert.equal(lab.engine.counts().failures, 0);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
});

test("F5: changes beside a running mutation do not run it again", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.settle();
  for (const lamp of ["DARK", "LIT", "DARK"]) {
    lab.see({ "/lamp": lamp });
    lab.engine.touch("a");
    lab.engine.touchAll();
    await lab.settle();
  }
  lab.freeze(true);
  await lab.settle();
  lab.freeze(false);
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/on"]);
  assert.equal(lab.engine.counts().plans, 1);
});

test("F5: a handler that fails because it was aborted, late, holds the next run up until then and harms it not", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  lab.want({});
  await lab.settle();
  lab.want(LIT);
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.signal.aborted), [true]);
  assert.equal(lab.engine.status("a").phase, "waiting");
  assert.match(lab.engine.status("a").reason ?? "", /^rack\/light its last run has not returned, waits at most 30 s/);
  lab.runs[0]?.reject(lab.runs[0].signal.reason);
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.signal.aborted), [true, false]);
  assert.equal(lab.engine.counts().failures, 0);
  assert.equal(lab.runs[1]?.signal.aborted, false);
});

test("F6: a machine that never boots is held after its attempts, with the reason, and left alone", async () => {
  const lab = createLab();
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => run.key === "machine/boot" ? run.finish() : follow(run);
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 600_000);
  assert.equal(lab.runsOf("machine/boot").length, 5);
  assert.equal(lab.runsOf("machine/on").length, 6, "Its power is asked for in its own right, but for no boot more");
  assert.deepEqual(lab.holds.get("a"), {
    mutation: "machine/boot",
    reason: "Timed out after 30 s",
    target: "1",
    attempts: 5,
  });
  assert.match(lab.engine.status("a").reason ?? "", /Gave up on machine\/boot after 5 attempts: Timed out after 30 s/);
  const runs = lab.runs.length;
  await lab.clock.advance(3_600_000);
  assert.equal(lab.runs.length, runs);
  assert.deepEqual(lab.keysOf("stuck"), ["machine/boot"]);
});

test("F6: a machine that boots and dies for ever is not power-cycled for ever", async () => {
  const lab = createLab();
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => {
    follow(run);
    if (run.key === "machine/join") lab.clock.after(20_000, () => lab.see({ "/physState": "PHYS_HANG" }));
  };
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 3_600_000);
  assert.equal(lab.runsOf("machine/join").length, 5);
  assert.equal(lab.holds.get("a")?.reason, "Did not last");
  const powered = lab.runsOf("machine/on").length;
  await lab.clock.advance(3_600_000);
  assert.equal(lab.runsOf("machine/on").length, powered);
});

test("F6: a machine that loses its power in the middle of every boot is not powered on for ever", async () => {
  const lab = createLab();
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => {
    if (run.key !== "machine/boot") return follow(run);
    run.finish();
    lab.clock.after(25_000, () => lab.see({ "/physState": "POWER_OFF" }));
  };
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  // so short that the power-on has always settled when the power goes
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 3_600_000);
  const powered = lab.runsOf("machine/on").length;
  assert.ok(powered <= 6, `It was powered on ${powered} times`);
  await lab.clock.advance(3_600_000);
  assert.equal(lab.runsOf("machine/on").length, powered);
});

test("F7: a timeout whose fail value is there already is noticed, and tried again", async () => {
  const lab = createLab({ options: { resync: 1_000_000 } });
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "PHYS_HANG" });
  await lab.clock.advance(10_000);
  assert.equal(lab.seen("/physState"), "PHYS_HANG");
  assert.equal(lab.engine.status("a").phase, "backoff");
  await lab.clock.advance(1000);
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/reset", "machine/reset"]);
  assert.deepEqual(lab.keysOf("retry"), ["machine/reset"]);
  assert.match(lab.events.find(({ kind }) => kind === "retry")?.why ?? "", /; failed 1 time before$/);
});

test("F7: a failure is a discovery: its value is seen and planned from", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.settle();
  lastOf(lab.runs).reject(new Error("The controller does not answer"));
  await lab.settle();
  assert.equal(lastOf(lab.runs).signal.aborted, true);
  assert.equal(lab.seen("/physState"), "PHYS_HANG");
  assert.match(lab.events.find((event) => event.kind === "failed")?.why ?? "", /^The controller does not answer/);
  await lab.clock.advance(1000);
  assert.equal(lastOf(lab.runs).key, "machine/reset");
});

test("F8: nothing starts on a frozen node, and its thaw looks at what changed meanwhile", async () => {
  const lab = createLab();
  lab.want(LIT);
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  lab.freeze(true);
  await lab.settle();
  lab.see({ "/lamp": "DARK" });
  await lab.clock.advance(200_000);
  assert.equal(lab.engine.status("a").phase, "frozen");
  assert.equal(lab.runs.length, 0);
  lab.freeze(false);
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.key), ["rack/light"]);
});

test("F8: what runs when a node is frozen goes on, and its success is recorded", async () => {
  const lab = createLab();
  lab.want({ ...UP, ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "DARK" });
  await lab.settle();
  lab.freeze(true);
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.signal.aborted), [false, false]);
  lab.see({ "/physState": "POWER_ON" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["machine/on"]);
  await lab.clock.advance(10_000); // the other one times out
  assert.deepEqual(lab.keysOf("failed"), ["rack/light"]);
  assert.equal(lab.runs.length, 2);
  lab.freeze(false);
  await lab.clock.advance(1000); // the backoff of the lamp
  assert.equal(lab.runs.length, 4);
});

test("F9: where there is no path the reason is on the node, and told once", async () => {
  const lab = createLab();
  lab.want({ "/physState": "POWER_OFF" });
  lab.see({ "/physState": "POWER_ON", "/busy": "BUSY" });
  await lab.clock.advance(300_000);
  const status = lab.engine.status("a");
  assert.equal(status.phase, "blocked");
  assert.match(status.reason ?? "", /physState/);
  assert.equal(lab.keysOf("no-path").length, 1);
  assert.equal(lab.holds.size, 0);
  lab.see({ "/busy": "FREE" });
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/off"]);
  lab.see({ "/busy": "BUSY" });
  await lab.settle();
  assert.equal(lastOf(lab.runs).signal.aborted, true, "A plan that is gone aborts what it started");
  assert.equal(lab.keysOf("no-path").length, 2);
});

test("F18: a mutation that another program must run is awaited under its timeout", async () => {
  const lab = createLab();
  lab.want({ ...UP, "/services/sshd/state": "RUN" });
  lab.see(IN_SYNC);
  await lab.settle();
  assert.deepEqual(lab.keysOf("awaited"), ["service/start{name=sshd}"]);
  assert.deepEqual(lab.engine.status("a").running.map((one) => one.ours), [false]);
  await lab.clock.advance(5_000);
  assert.equal(lab.engine.counts().failures, 1);
  assert.equal(lab.seen("/services/sshd/state"), undefined, "What fails there is not ours to discover");
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 100_000);
  assert.equal(lab.holds.get("a")?.mutation, "service/start{name=sshd}");
  assert.deepEqual(lab.runs, []);
  assert.equal(lab.engine.counts().mutations, 0);
});

test("F18: an agent runs its own steps, and neither awaits nor times those of its parent", async () => {
  const lab = createLab({ role: "self" });
  lab.want({ ...UP, "/services/sshd/state": "RUN" });
  lab.see({ "/physState": "POWER_ON", "/runState": "INIT" });
  await lab.clock.advance(50_000);
  assert.deepEqual(lab.events, []);
  assert.match(lab.engine.status("a").reason ?? "", /Waits for the parent to run machine\/join/);
  lab.see({ "/runState": "SYNC" });
  await lab.settle();
  assert.deepEqual(lab.runs.map((run) => run.key), ["service/start{name=sshd}"]);
});

test("of a node that was moved and may be elsewhere nothing is awaited, nothing starts, and no silence is a failure", async () => {
  const lab = createLab();
  lab.want({ ...UP, "/services/sshd/state": "RUN" });
  lab.see(IN_SYNC);
  await lab.settle();
  assert.deepEqual(lab.keysOf("awaited"), ["service/start{name=sshd}"]);
  lab.freeze("moved");
  await lab.clock.advance(600_000);
  assert.deepEqual(lab.keysOf("aborted"), ["service/start{name=sshd}"]);
  assert.deepEqual(lab.keysOf("failed"), []);
  const { phase, reason, running } = lab.engine.status("a");
  assert.deepEqual([phase, running, lab.runs], ["waiting", [], []]);
  assert.equal(reason, "it may be elsewhere");
  lab.freeze("no");
  await lab.settle();
  assert.equal(lab.keysOf("awaited").length, 2);
});

test("an awaited mutation is done when its values arrive", async () => {
  const lab = createLab();
  lab.want({ ...UP, "/services/sshd/state": "RUN" });
  lab.see(IN_SYNC);
  await lab.settle();
  lab.see({ "/services/sshd/state": "RUN" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["service/start{name=sshd}"]);
  assert.equal(lab.engine.status("a").phase, "converged");
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
});

test("an unexpected change aborts what runs and is planned from", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see({ "/physState": "POWER_ON" });
  await lab.settle();
  lab.see({ "/physState": "POWER_OFF" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("aborted"), ["machine/boot"]);
  assert.equal(lab.runsOf("machine/boot")[0]?.signal.aborted, true);
  assert.equal(lastOf(lab.runs).key, "machine/on");
});

test("failures back off exponentially, with jitter between half of it and all, up to the cap", async () => {
  const lab = createLab({ random: () => 0, options: { maxAttempts: 6, backoffBase: 1000, backoffCap: 5000 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 60_000);
  assert.deepEqual(lab.runs.map((run) => run.at), [0, 500, 1500, 3500, 6000, 8500]);
  const late = createLab({ random: () => 0.999_999, options: { maxAttempts: 2, backoffBase: 1000 } });
  late.onRun = (run) => run.reject(new Error("No light"));
  late.want(LIT);
  late.see({ "/lamp": "DARK" });
  await late.clock.runUntil(() => late.engine.status("a").phase === "stuck", 60_000);
  assert.equal(Math.round(late.runs[1]?.at ?? 0), 1000);
});

test("a step in backoff holds back what prepares it, and nothing else", async () => {
  const lab = createLab({ options: { backoffBase: 20_000 } });
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => run.key === "machine/boot" ? run.reject(new Error("No DHCP answer")) : follow(run);
  lab.want({ "/runState": "SYNC" });
  lab.see({ "/physState": "POWER_ON" });
  await lab.clock.advance(1000);
  assert.equal(lab.seen("/physState"), "PHYS_HANG");
  lab.see({ "/lamp": "DARK" });
  for (let time = 0; time < 5; time++) {
    lab.engine.touch("a");
    await lab.settle();
  }
  assert.equal(lab.clock.waiting, 2, "Only the resync and one backoff may wait");
  const { phase, retryAt } = lab.engine.status("a");
  assert.deepEqual({ phase, retryAt }, { phase: "backoff", retryAt: 15_000 });
  await lab.clock.advance(13_999);
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/boot"]);
  await lab.clock.advance(1);
  assert.deepEqual(lab.runs.map((run) => run.key), ["machine/boot", "machine/reset"]);
});

test("an independent step goes on while another is held", async () => {
  const lab = createLab();
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => run.key === "machine/boot" ? run.reject(new PermanentError("No such image")) : follow(run);
  lab.want({ "/runState": "SYNC", ...LIT });
  lab.see({ "/physState": "POWER_ON", "/lamp": "LIT" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "stuck");
  lab.see({ "/lamp": "DARK" });
  await lab.clock.advance(2000);
  assert.equal(lab.seen("/lamp"), "LIT");
  assert.equal(lab.engine.status("a").phase, "stuck");
});

test("a step that reaches a goal goes on although it also prepares one that is held", async () => {
  const lab = createLab();
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => run.key === "machine/boot" ? run.reject(new PermanentError("No such image")) : follow(run);
  lab.want(UP);
  lab.see({ "/physState": "POWER_ON" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "stuck", 60_000);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.advance(2000);
  assert.equal(lab.seen("/physState"), "POWER_ON");
  assert.equal(lab.engine.status("a").phase, "stuck");
});

test("a permanent error holds at once", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.reject(new PermanentError("No such lamp"));
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "stuck");
  assert.deepEqual(lab.holds.get("a"), { mutation: "rack/light", reason: "No such lamp", target: "1", attempts: 1 });
});

test("a handler that throws at once, or rejects with something strange, has failed", async () => {
  const lab = createLab({ options: { maxAttempts: 2 } });
  lab.onRun = () => {
    throw new Error("No such handler");
  };
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.match(lab.engine.status("a").reason ?? "", /No such handler/);
  lab.onRun = (run) => run.reject("no error object");
  await lab.clock.advance(1000);
  assert.equal(lab.holds.get("a")?.reason, "no error object");
});

/** A lab whose lamp is held. */
async function stuckLab(): Promise<Lab> {
  const lab = createLab({ options: { maxAttempts: 1 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "stuck");
  lab.onRun = (run) => run.finish();
  return lab;
}

test("a changed target releases what is held", async () => {
  const lab = await stuckLab();
  lab.want({ ...LIT, "/platform": "sim" });
  await lab.settle();
  assert.equal(lab.holds.size, 0);
  assert.deepEqual(lab.keysOf("unstuck"), ["rack/light"]);
  assert.equal(lab.runs.length, 2);
});

test("retry() releases what is held", async () => {
  const lab = await stuckLab();
  lab.engine.retry("a");
  await lab.settle();
  assert.equal(lab.holds.size, 0);
  assert.deepEqual(lab.keysOf("unstuck"), ["rack/light"]);
  assert.equal(lab.runs.length, 2);
  lab.engine.retry("nobody");
});

test("what is held is released when its value comes by itself and lasts", async () => {
  const lab = await stuckLab();
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "converged");
  assert.equal(lab.holds.size, 1, "It has not lasted yet");
  await lab.clock.advance(130_000);
  assert.equal(lab.holds.size, 0);
  assert.deepEqual(lab.keysOf("unstuck"), ["rack/light"]);
});

test("what is held from an earlier run is released when the node is at its goal and stays there", async () => {
  const lab = await stuckLab();
  lab.engine.stop();
  lab.see({ "/lamp": "LIT" });
  lab.restart();
  await lab.clock.advance(130_000);
  assert.equal(lab.holds.size, 0);
  assert.deepEqual(lab.keysOf("unstuck"), ["rack/light"]);
});

test("what is held stays held, and is not told again, when its value comes by itself and goes", async () => {
  const lab = await stuckLab();
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.equal(lab.holds.get("a")?.attempts, 1);
  assert.deepEqual(lab.keysOf("stuck"), ["rack/light"]);
  await lab.clock.advance(300_000);
  assert.equal(lab.runs.length, 1);
});

test("of several mutations that are held one is shown for as long as it is, then the next", async () => {
  const lab = createLab({ options: { maxAttempts: 1 } });
  obey(lab);
  const follow = lab.onRun;
  lab.onRun = (run) => run.key === "rack/light" ? run.reject(new Error("No light")) : follow(run);
  lab.want({ "/physState": "POWER_ON", ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "LIT" });
  await lab.clock.advance(5000);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  for (let time = 0; time < 2; time++) { // the first loss is put down to what failed since the machine came on
    lab.see({ "/physState": "POWER_OFF" });
    await lab.clock.advance(2000);
  }
  assert.deepEqual(lab.keysOf("stuck"), ["rack/light", "machine/on"]);
  assert.equal(lab.holds.get("a")?.mutation, "rack/light");
  lab.see({ "/lamp": "LIT" });
  await lab.clock.advance(130_000);
  assert.equal(lab.holds.get("a")?.mutation, "machine/on");
});

test("a success that lasts makes earlier failures forgotten", async () => {
  const lab = createLab({ options: { maxAttempts: 2 } });
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  obey(lab);
  await lab.clock.runUntil(() => lab.seen("/lamp") === "LIT", 5000);
  await lab.clock.advance(130_000);
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.see({ "/lamp": "DARK" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "backoff", "A third failure in a row would be held");
});

test("a success that is lost again soon counts as a failure", async () => {
  const lab = createLab({ options: { maxAttempts: 3 } });
  obey(lab);
  lab.want(LIT);
  lab.see({ "/lamp": "DARK" });
  for (let time = 0; time < 10; time++) {
    await lab.clock.advance(20_000);
    lab.see({ "/lamp": "DARK" });
  }
  await lab.settle();
  assert.equal(lab.runs.length, 3);
  assert.equal(lab.holds.get("a")?.reason, "Did not last");
});

test("steps that follow one another are not taken for successes that were lost", async () => {
  const lab = createLab();
  obey(lab);
  lab.want(UP);
  lab.see({ "/physState": "POWER_OFF" });
  await lab.clock.runUntil(() => lab.engine.status("a").phase === "converged", 10_000);
  await lab.clock.advance(70_000);
  lab.see({ "/physState": "POWER_OFF" }); // someone pulls the plug, much later
  await lab.clock.advance(5_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  assert.equal(lab.engine.counts().failures, 0);
});

/** Two parts to flash: the first with power, the second without. */
const flashing = createPlanner(compileDomain([declareModule({
  name: "flash",
  about: "Firmware for tests",
  extensions: [
    defineExtension("flash", {
      "/power": { type: enumeration("UNKNOWN", "OFF", "ON"), writer: "parent", about: "Power", knownWhile: {} },
      "/first": { type: enumeration("UNKNOWN", "OLD", "NEW"), writer: "parent", about: "A part", knownWhile: {} },
      "/second": { type: enumeration("UNKNOWN", "OLD", "NEW"), writer: "parent", about: "A part", knownWhile: {} },
    }),
  ],
  discovers: ["/power", "/first", "/second"],
  mutations: {
    on: { context: "parent", changes: { "/power": ["OFF", "ON"] }, timeout: 10_000 },
    off: { context: "parent", changes: { "/power": ["ON", "OFF"] }, timeout: 10_000 },
    first: {
      context: "parent",
      changes: { "/first": ["OLD", "NEW"] },
      requires: { "/power": "ON", "/second": "OLD" },
      timeout: 10_000,
    },
    second: {
      context: "parent",
      changes: { "/second": ["OLD", "NEW"] },
      requires: { "/power": "OFF" },
      timeout: 10_000,
    },
  },
})]));

test("a mutation that the plan itself needs twice has not failed to last", async () => {
  const lab = createLab({ planner: flashing, options: { maxAttempts: 1 } });
  lab.want({ "/power": "ON", "/first": "NEW", "/second": "NEW" });
  lab.see({ "/power": "OFF", "/first": "OLD", "/second": "OLD" });
  await lab.settle();
  for (const seen of [{ "/power": "ON" }, { "/first": "NEW" }, { "/power": "OFF" }, { "/second": "NEW" }]) {
    lab.see(seen);
    await lab.clock.advance(1000);
  }
  lab.see({ "/power": "ON" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["flash/on", "flash/first", "flash/off", "flash/second", "flash/on"]);
  assert.equal(lab.engine.counts().failures, 0);
  assert.equal(lab.engine.status("a").phase, "converged");
});

test("a mutation that people put off has not failed", async () => {
  const lab = createLab({ planner: flashing });
  lab.want({ "/power": "ON" });
  lab.see({ "/power": "OFF", "/second": "OLD" });
  await lab.settle();
  lab.want({ "/power": "ON", "/second": "NEW" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("aborted"), ["flash/on"]);
  assert.equal(lastOf(lab.runs).key, "flash/second");
  assert.equal(lab.engine.counts().failures, 0);
});

test("a fresh engine keeps holding what was held for the same target", async () => {
  const lab = await stuckLab();
  lab.restart();
  await lab.clock.advance(300_000);
  assert.equal(lab.engine.status("a").phase, "stuck");
  assert.equal(lab.runs.length, 1);
  lab.engine.retry("a");
  await lab.settle();
  assert.equal(lab.holds.size, 0);
  assert.equal(lab.runs.length, 2);
});

test("retry() works before a fresh engine has looked at the node", async () => {
  const lab = await stuckLab();
  lab.restart();
  lab.engine.retry("a");
  assert.equal(lab.holds.size, 0);
});

test("a fresh engine releases what was held for another target", async () => {
  const lab = await stuckLab();
  lab.engine.stop();
  lab.want({ ...LIT, "/platform": "sim" });
  lab.restart();
  await lab.settle();
  assert.equal(lab.holds.size, 0);
  assert.deepEqual(lab.keysOf("unstuck"), ["rack/light"]);
  assert.equal(lab.runs.length, 2);
});

test("F2: a fresh engine starts nothing on nodes that are at their goal", async () => {
  const lab = createLab();
  lab.want(UP);
  lab.see(IN_SYNC);
  await lab.settle();
  lab.restart();
  await lab.clock.advance(300_000);
  assert.equal(lab.engine.status("a").phase, "converged");
  assert.deepEqual(lab.runs, []);
  assert.deepEqual(lab.events, []);
});

test("executions have different names, in other runs of the program too", async () => {
  let drawn = 0;
  const lab = createLab({ random: () => (++drawn % 97) / 97 });
  lab.want({ ...UP, ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "DARK" });
  await lab.settle();
  lab.restart();
  await lab.settle();
  assert.equal(lab.runs.length, 4);
  assert.equal(new Set(lab.runs.map((run) => run.execution)).size, 4);
});

test("a node that is gone is aborted and forgotten", async () => {
  const lab = createLab({ options: { backoffBase: 50_000 } });
  lab.onRun = () => {};
  lab.want({ ...UP, ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "DARK" });
  await lab.settle();
  lab.runsOf("rack/light")[0]?.reject(new Error("No light"));
  await lab.settle();
  assert.equal(lab.clock.waiting, 3, "The resync, a timeout and a backoff wait");
  lab.remove();
  lab.engine.touchAll();
  await lab.settle();
  assert.equal(lastOf(lab.runs).signal.aborted, true);
  assert.deepEqual(lab.keysOf("aborted"), ["machine/on"]);
  assert.equal(lab.clock.waiting, 2, "Only the resync may wait, and the handler that has not returned");
  lab.runsOf("machine/on")[0]?.reject(new Error("Too late"));
  await lab.settle();
  assert.equal(lab.clock.waiting, 1, "Only the resync may wait");
  await lab.clock.advance(60_000);
  assert.deepEqual(lab.keysOf("failed"), ["rack/light"]);
});

test("every node is looked at again once in a while, in case a touch was lost", async () => {
  let reads = 0;
  const lab = createLab({ options: { resync: 5000 }, onRead: () => reads++ });
  lab.want(LIT);
  lab.see({ "/lamp": "LIT" });
  await lab.settle();
  reads = 0;
  await lab.clock.advance(15_000);
  assert.equal(reads, 3);
});

test("stop() aborts what runs, ends every timer, and ignores everything after", async () => {
  const lab = createLab({ options: { backoffBase: 10_000 } });
  lab.onRun = () => {};
  lab.want({ ...UP, ...LIT });
  lab.see({ "/physState": "POWER_OFF", "/lamp": "DARK" });
  await lab.settle();
  lab.runsOf("rack/light")[0]?.reject(new Error("No light"));
  await lab.settle();
  lab.engine.stop();
  assert.ok(lab.runs.every((run) => run.signal.aborted));
  assert.equal(lab.clock.waiting, 0);
  const events = lab.events.length;
  lab.engine.touch("a");
  lab.engine.touchAll();
  lab.engine.retry("a");
  lab.runsOf("machine/on")[0]?.reject(new Error("Too late"));
  await lab.clock.advance(100_000);
  assert.equal(lab.events.length, events);
  assert.equal(lab.seen("/physState"), "POWER_OFF");
});

test("stop() leaves what is held to the next run, whatever is asked for afterwards", async () => {
  const lab = await stuckLab();
  lab.engine.stop();
  lab.engine.retry("a");
  assert.equal(lab.holds.size, 1);
});

test("stop() while a node is looked at leaves nothing behind", async () => {
  const lab = createLab();
  lab.onRun = (run) => run.reject(new Error("No light"));
  lab.want({ "/fan": "SLOW", "/physState": "POWER_ON", ...LIT });
  lab.see({ "/lamp": "DARK", "/fan": "SLOW", "/physState": "POWER_ON" });
  await lab.settle();
  assert.equal(lab.engine.status("a").phase, "backoff");
  lab.onRun = () => lab.engine.stop();
  lab.see({ "/fan": "FAST", "/physState": "POWER_OFF" });
  await lab.settle();
  assert.equal(lab.runs.length, 2, "One of two that could start");
  assert.equal(lastOf(lab.runs).signal.aborted, true);
  assert.equal(lab.clock.waiting, 0);
});

test("a look at a node is not interrupted by what its handlers discover", async () => {
  const lab = createLab();
  let inside = 0;
  lab.onRun = (run) => {
    assert.equal(++inside, 1);
    lab.see({ "/physState": "POWER_ON" });
    run.finish();
    inside--;
  };
  lab.want({ "/physState": "POWER_ON" });
  lab.see({ "/physState": "POWER_OFF" });
  await lab.settle();
  assert.deepEqual(lab.keysOf("done"), ["machine/on"]);
});

test("events say why, for people", async () => {
  const lab = createLab();
  obey(lab);
  lab.want(UP);
  lab.see({ "/physState": "POWER_ON" });
  await lab.clock.advance(5000);
  assert.deepEqual(lab.events.map(({ node, kind, why }) => `${node} ${kind}: ${why}`), [
    "node a started: Changes '/runState' from 'UNKNOWN' to 'INIT'; wanted: '/runState' = 'SYNC'",
    "node a done: '/runState' is 'INIT'",
    "node a started: Changes '/runState' from 'INIT' to 'SYNC'; wanted: '/runState' = 'SYNC'",
    "node a done: '/runState' is 'SYNC'",
    "node a converged: All goals are reached",
  ]);
});

test("a node at rest that is read as the same is not planned again, until something of it changes", async () => {
  const clock = createVirtualClock();
  let plans = 0;
  const counting: Planner = {
    domain: planner.domain,
    plan(question) {
      plans++;
      return planner.plan(question);
    },
    found: planner.found,
    idle: planner.idle,
  };
  let node: EngineNode = {
    ...{ name: "a", planner: counting, target: "1", frozen: "no" },
    view: new Map([["/lamp", "LIT"]]),
    cfg: new Map([["/lamp", "LIT"]]),
  };
  const started: string[] = [];
  const engine = createEngine({
    role: "parent",
    source: { nodes: () => ["a"], read: () => node },
    executor: { run: (_id, step) => Promise.resolve(void started.push(step.key)), discover() {} },
    journal: { log() {}, hold() {}, held: () => undefined },
  }, { clock, random: () => 0.5 });
  for (let look = 0; look < 5; look++) {
    engine.touch("a");
    await clock.advance(0);
  }
  assert.equal(plans, 1);
  node = { ...node, view: new Map([["/lamp", "DARK"]]) };
  engine.touch("a");
  await clock.advance(0);
  assert.deepEqual(started, ["rack/light"]);
  engine.stop();
});

test("10,000 nodes that become dirty at once are worked off in slices that leave room for others", async () => {
  let reads = 0; // each takes a tenth of a millisecond
  const lab = createLab({
    options: { slice: 10 },
    onRead: () => reads++,
    clockOf: (clock) => ({ ...clock, now: () => clock.now() + reads / 10 }),
  });
  for (let n = 0; n < 10_000; n++) {
    lab.want(LIT, `n${n}`);
    lab.see({ "/lamp": "LIT" }, `n${n}`);
  }
  await lab.settle();
  let between = 0;
  let longest = 0;
  let before = 0;
  reads = 0;
  const other = (): void => {
    between++;
    longest = Math.max(longest, reads - before);
    before = reads;
    if (reads < 10_000) lab.clock.after(0, other);
  };
  lab.engine.touchAll();
  other();
  await lab.settle();
  assert.equal(lab.engine.status("n9999").phase, "converged");
  assert.ok(between >= 90, `Others ran ${between} times`);
  assert.ok(longest <= 101, `A slice took ${longest} reads`);
});

test("executions are counted on, those that are awaited included, so that no two have the same name", async () => {
  const lab = createLab();
  lab.onRun = () => {};
  const ids = () => lab.engine.status("a").running.map(({ execution }) => execution.replace(/^.*-/, ""));
  lab.want({ "/services/s/state": "RUN" });
  lab.see({ "/physState": "POWER_ON", "/runState": "SYNC", "/lamp": "DARK", "/fan": "SLOW", "/pump": "SLOW" });
  await lab.settle();
  assert.deepEqual(ids(), ["1"]);
  lab.want({ "/services/s/state": "RUN", "/lamp": "LIT" });
  await lab.settle();
  assert.deepEqual(ids(), ["1", "2"]);
  lab.want({ "/services/s/state": "RUN", "/lamp": "LIT", "/fan": "FAST", "/pump": "FAST" });
  await lab.settle();
  assert.deepEqual(ids(), ["1", "2", "3"]);
});
