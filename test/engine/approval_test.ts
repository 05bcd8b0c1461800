import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, readPolicy } from "../../src/engine/mod.ts";
import { compileDomain, createPlanner, declareModule } from "../../src/plan/mod.ts";
import { core, type Value } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };
const OFF = { "/physState": "POWER_OFF" };
const IN_USE = { ...UP, "/drained": "NO" };
const ONE_AWAY = { "/invariants/up": { kind: "away", atMost: 1 } };

/** Machines whose agents let go of what runs on them before their power is taken. */
const draining = createPlanner(compileDomain([
  declareModule({
    name: "power",
    about: "Power for tests",
    extensions: [core],
    discovers: ["/physState", "/runState"],
    mutations: {
      off: {
        context: "parent",
        changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
        excludes: { "/drained": "NO" },
        timeout: 10_000,
      },
      on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, timeout: 10_000 },
      join: {
        context: "parent",
        changes: { "/runState": ["UNKNOWN", "SYNC"] },
        requires: { "/physState": "POWER_ON" },
        timeout: 10_000,
      },
    },
  }),
  declareModule({
    name: "drain",
    about: "Draining for tests",
    extensions: [core],
    discovers: ["/drained"],
    mutations: {
      drain: {
        context: "self",
        changes: { "/drained": ["NO", "YES"] },
        requires: { "/runState": "SYNC" },
        timeout: 5_000,
      },
    },
  }),
]));

function policyOf(values: Readonly<Record<string, Value>>): Policy {
  return readPolicy(new Map(Object.entries(values)));
}

/** Nodes that are in use, are to be powered off, and have been looked at. */
async function takeDown(values: Readonly<Record<string, Value>>, ids: readonly string[]): Promise<Lab> {
  const lab = createLab({ planner: draining, policy: policyOf(values) });
  for (const id of ids) {
    lab.want(UP, id);
    lab.see(IN_USE, id);
  }
  await lab.settle();
  for (const id of ids) lab.want(OFF, id);
  await lab.settle();
  return lab;
}

function approvedOf(lab: Lab, ids: readonly string[]): (Value | undefined)[] {
  return ids.map((id) => lab.seen("/approval", id));
}

test("an agent is told to prepare a power-off once the rules allow that, and no other is", async () => {
  const lab = await takeDown(ONE_AWAY, ["a", "b"]);
  assert.deepEqual(approvedOf(lab, ["a", "b"]), ["power/off", undefined]);
  assert.deepEqual(lab.keysOf("awaited"), ["drain/drain"]);
  assert.equal(lab.checkpoints.get("a")?.out, "TAKEN", "It is written down before the agent begins");
  assert.equal(
    lab.engine.status("b").reason,
    "power/off waits for invariant 'up' (1 of 1 away: node a; 1st in the queue)",
  );
  const [drain] = lab.engine.explain("b")?.steps ?? [];
  assert.equal(drain?.step.key, "drain/drain");
  assert.ok(drain.state.kind === "waiting" && drain.state.blocker.kind === "count", drain.state.kind);
});

test("what was prepared starts without asking the rules anew, and the word is taken back when that is done", async () => {
  const lab = await takeDown(ONE_AWAY, ["a", "b"]);
  lab.see({ "/drained": "YES" }, "a");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id, key }) => `${id} ${key}`), ["a power/off"]);
  assert.equal(lab.seen("/approval", "a"), "power/off", "It stands while it is in flight");
  lab.see(OFF, "a");
  await lab.settle();
  assert.deepEqual(approvedOf(lab, ["a", "b"]), [undefined, undefined]);
  lab.want(UP, "a");
  await lab.settle();
  lab.see(UP, "a");
  await lab.settle();
  assert.deepEqual(approvedOf(lab, ["a", "b"]), [undefined, "power/off"]);
});

test("the word is taken back, and its place goes to the next, when the power-off is not wanted any more", async () => {
  const lab = await takeDown({ ...ONE_AWAY, "/limits/off": { mutations: ["power/off"], atMost: 1 } }, ["a", "b"]);
  assert.equal(lab.engine.limits()[0]?.inFlight, 1);
  lab.want(UP, "a");
  await lab.settle();
  assert.deepEqual(approvedOf(lab, ["a", "b"]), [undefined, "power/off"]);
  assert.equal(lab.checkpoints.get("a")?.out, "NO");
  assert.deepEqual(lab.engine.limits().map(({ holders }) => holders), [["node b"]]);
});

test("the word is taken back from a node that is frozen before its power-off runs", async () => {
  const lab = await takeDown({ "/limits/off": { mutations: ["power/off"], atMost: 1 } }, ["a", "b"]);
  lab.freeze(true, "a");
  await lab.settle();
  assert.deepEqual(approvedOf(lab, ["a", "b"]), [undefined, "power/off"]);
  lab.see({ "/drained": "YES" }, "b");
  await lab.settle();
  lab.freeze(true, "b");
  await lab.settle();
  assert.equal(lab.seen("/approval", "b"), "power/off", "It is in flight");
});

test("a node that is gone frees the place of what it prepared", async () => {
  const lab = await takeDown({ "/limits/off": { mutations: ["power/off"], atMost: 1 } }, ["a", "b"]);
  lab.remove("a");
  lab.engine.touch("a");
  await lab.settle();
  assert.equal(lab.seen("/approval", "b"), "power/off");
  assert.deepEqual(lab.engine.limits()[0]?.holders, ["node b"]);
});

test("what is prepared counts under limits that are set meanwhile", async () => {
  const lab = await takeDown({}, ["a"]);
  assert.equal(lab.seen("/approval", "a"), "power/off");
  lab.engine.setPolicy(policyOf({ ...ONE_AWAY, "/limits/off": { mutations: ["power/off"], atMost: 1 } }));
  assert.deepEqual(lab.engine.limits()[0]?.holders, ["node a"]);
  assert.deepEqual(lab.engine.invariants()[0]?.holders, ["node a"]);
});

test("no agent is told to prepare what can't be written down, and no place is lost to it", async () => {
  const limit = { "/limits/off": { mutations: ["power/off"], atMost: 1 } };
  const lab = createLab({ planner: draining, policy: policyOf(limit) });
  lab.want(UP);
  lab.see(IN_USE);
  await lab.settle();
  lab.isWritable = false;
  lab.want(OFF);
  await lab.settle();
  assert.equal(lab.seen("/approval"), undefined);
  assert.equal(lab.engine.limits()[0]?.inFlight, 0);
  assert.match(lab.engine.status("a").reason ?? "", /^power\/off waits for the aggregator's disk/);
  lab.isWritable = true;
  lab.engine.touch("a");
  await lab.settle();
  assert.equal(lab.seen("/approval"), "power/off");
});

test("a disk that fills up as the node is written down keeps its agent from beginning", async () => {
  const limit = { "/limits/off": { mutations: ["power/off"], atMost: 1 } };
  const lab = createLab({ planner: draining, policy: policyOf(limit), onCheckpoint: () => lab.isWritable = false });
  lab.isWritable = true;
  lab.want(OFF);
  lab.see(IN_USE);
  await lab.settle();
  assert.equal(lab.seen("/approval"), undefined);
  assert.equal(lab.engine.limits()[0]?.inFlight, 0);
  assert.deepEqual(lab.keysOf("awaited"), []);
});

test("an agent waits for exactly this word before it prepares what its aggregator will do", async () => {
  const lab = createLab({ role: "self", planner: draining });
  lab.want(OFF);
  lab.see(IN_USE);
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  assert.equal(lab.engine.status("a").phase, "waiting");
  assert.equal(
    lab.engine.status("a").reason,
    "drain/drain waits for its aggregator's approval: power/off is next",
  );
  const [drain] = lab.engine.explain("a")?.steps ?? [];
  assert.deepEqual(drain?.state, {
    kind: "waiting",
    blocker: { kind: "approval", mutation: "power/off" },
    words: "waits for its aggregator's approval: power/off is next",
  });
  lab.see({ "/approval": "power/cycle" });
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  lab.see({ "/approval": "power/off" });
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["drain/drain"]);
  assert.equal(lab.seen("/approval"), "power/off", "An agent gives no words");
});

test("an agent that is asked to drain for its own sake needs no word for it", async () => {
  const lab = createLab({ role: "self", planner: draining });
  lab.want({ "/drained": "YES" });
  lab.see(IN_USE);
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["drain/drain"]);
});

test("a parent awaits nothing that the agent says it has given up, until the agent takes that back", async () => {
  const stuck = { mutation: "drain/drain", reason: "A job does not end", target: "2", attempts: 4 };
  const lab = await takeDown({}, ["a"]);
  assert.deepEqual(lab.engine.status("a").running.map(({ key }) => key), ["drain/drain"]);
  lab.see({ "/stuck/self": { ...stuck, mutation: "drain/other" } }, "a");
  await lab.settle();
  assert.deepEqual(lab.keysOf("aborted"), [], "It has given up something else");
  lab.see({ "/stuck/self": stuck }, "a");
  await lab.settle();
  const aborted = lab.events.filter(({ kind }) => kind === "aborted").map(({ why }) => why);
  assert.deepEqual(aborted, ["Its agent gave up: A job does not end"]);
  const { phase, reason } = lab.engine.status("a");
  assert.deepEqual([phase, reason], [
    "stuck",
    "Gave up on drain/drain after 4 attempts: Its agent: A job does not end",
  ]);
  const [drain] = lab.engine.explain("a")?.steps ?? [];
  assert.deepEqual(drain?.state, {
    ...{ kind: "held", since: 0, attempts: 4, reason: "Its agent: A job does not end", fleet: false },
  });
  assert.equal(lab.seen("/approval", "a"), undefined, "Nothing is prepared any more");
  assert.equal(lab.engine.counts().failures, 0);
  lab.see({ "/stuck/self": null }, "a");
  await lab.settle();
  assert.deepEqual(lab.keysOf("awaited"), ["drain/drain", "drain/drain"]);
});

test("an agent is not kept from its own work by what it said earlier that it gave up", async () => {
  const lab = createLab({ role: "self", planner: draining });
  lab.want({ "/drained": "YES" });
  lab.see({ ...IN_USE, "/stuck/self": { mutation: "drain/drain", reason: "No", target: "0", attempts: 5 } });
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["drain/drain"]);
});

test("while no agent can be heard what only agents show gets its time anew, and its power does not", async () => {
  const lab = createLab({ planner: draining });
  lab.want({ ...UP, "/drained": "YES" }, "awaited");
  lab.see(IN_USE, "awaited");
  lab.want(UP, "joining");
  lab.see({ "/physState": "POWER_ON" }, "joining");
  lab.want({ "/physState": "POWER_ON" }, "power");
  lab.see(OFF, "power");
  lab.isDeaf = true;
  await lab.clock.advance(9_999);
  assert.deepEqual(lab.keysOf("failed"), []);
  await lab.clock.advance(1);
  assert.deepEqual(lab.keysOf("failed"), ["power/on"]);
  await lab.clock.advance(600_000);
  assert.deepEqual(new Set(lab.keysOf("failed")), new Set(["power/on"]));
  lab.isDeaf = false; // awaited: its time began anew at 610 s; joining: then as well
  await lab.clock.advance(4_999);
  assert.deepEqual(new Set(lab.keysOf("failed")), new Set(["power/on"]));
  await lab.clock.advance(5_001);
  assert.deepEqual(new Set(lab.keysOf("failed")), new Set(["power/on", "drain/drain", "power/join"]));
});
