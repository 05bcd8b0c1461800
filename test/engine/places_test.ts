import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, readPolicy } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const ON = { "/physState": "POWER_ON" };
const OFF = { "/physState": "POWER_OFF" };
const UP = { ...ON, "/runState": "SYNC" };
const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

function policyOf(values: Readonly<Record<string, Value>>): Policy {
  return readPolicy(new Map(Object.entries(values)));
}

/** Calls this once, with the first event of a kind of this node. */
function onFirst(lab: Lab, kind: string, of: string, then: () => void): void {
  let isOver = false;
  lab.onEvent = (event, id) => {
    if (isOver || event.kind !== kind || id !== of) return;
    isOver = true;
    then();
  };
}

test("a node goes all its way under a limit that has one place, step by step", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/all": { mutations: ["machine/*"], atMost: 1 } }) });
  const found = { "machine/on": ON, "machine/boot": { "/runState": "INIT" }, "machine/join": { "/runState": "SYNC" } };
  lab.want(UP, "n1");
  lab.see(OFF, "n1");
  await lab.settle();
  for (const [key, seen] of Object.entries(found)) {
    assert.equal(lab.runs.at(-1)?.key, key);
    lab.see(seen, "n1");
    await lab.settle();
  }
  assert.equal(lab.engine.status("n1").phase, "converged");
  assert.deepEqual(lab.engine.limits().map(({ inFlight, queue }) => [inFlight, queue]), [[0, []]]);
});

test("two steps of one node share the places of a limit: one waits for the other", async () => {
  const lab = createLab({
    policy: policyOf({ "/limits/all": { mutations: ["machine/on", "rack/light"], atMost: 1 } }),
  });
  lab.want({ ...ON, ...LIT }, "n1");
  lab.see({ ...OFF, ...DARK }, "n1");
  await lab.settle();
  assert.equal(lab.runs.length, 1);
  const [limit] = lab.engine.limits();
  assert.deepEqual([limit?.inFlight, limit?.queue.length], [1, 1]);
  lab.see(lab.runs[0]?.key === "rack/light" ? LIT : ON, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key).sort(), ["machine/on", "rack/light"]);
  assert.deepEqual(lab.engine.limits().map(({ inFlight, queue }) => [inFlight, queue.length]), [[1, 0]]);
});

test("two steps of one node share a rate", async () => {
  const lab = createLab({
    policy: policyOf({ "/limits/all": { mutations: ["machine/on", "rack/light"], perSecond: 1 } }),
  });
  lab.want({ ...ON, ...LIT }, "n1");
  lab.see({ ...OFF, ...DARK }, "n1");
  await lab.clock.advance(2_000);
  assert.deepEqual(lab.runs.map(({ at }) => at), [0, 1_000]);
});

test("rules that are taken away or made wider as a step begins hold up no other step of its node", async () => {
  for (const atMost of [undefined, 2]) {
    const limit = { mutations: ["machine/on", "rack/light"] };
    const lab = createLab({ policy: policyOf({ "/limits/all": { ...limit, atMost: 1 } }) });
    lab.onRun = () => {
      lab.engine.setPolicy(policyOf(atMost === undefined ? {} : { "/limits/all": { ...limit, atMost } }));
    };
    lab.want({ ...ON, ...LIT }, "n1");
    lab.see({ ...OFF, ...DARK }, "n1");
    await lab.settle();
    assert.deepEqual(lab.runs.map(({ key }) => key).sort(), ["machine/on", "rack/light"], `at most ${atMost}`);
  }
});

test("who waits goes on when its rules are taken away", async () => {
  const lab = createLab({
    policy: policyOf({
      "/limits/power": { mutations: ["machine/on"], atMost: 1 },
      "/limits/rate": { mutations: ["machine/on"], perSecond: 1 },
    }),
  });
  for (const id of ids(3)) {
    lab.want(ON, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.equal(lab.runs.length, 1);
  lab.engine.setPolicy(policyOf({ "/limits/lamps": { mutations: ["rack/*"], atMost: 1 } }));
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(3));
  assert.deepEqual(lab.engine.limits().map(({ inFlight, queue }) => [inFlight, queue]), [[0, []]]);
});

test("a place that was given to a node whose group changes before it starts goes to the next of the old group", async () => {
  const lab = createLab({
    policy: policyOf({ "/limits/power": { mutations: ["machine/on"], by: "/rack", atMost: 1 } }),
  });
  for (const id of ids(3)) {
    lab.want({ ...ON, "/rack": "r1" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  onFirst(lab, "done", "n1", () => lab.want({ ...ON, "/rack": "r2" }, "n2"));
  lab.see(ON, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(3));
  assert.deepEqual(lab.engine.limits().map(({ group, holders, queue }) => [group, holders, queue]), [
    ["r1", ["node n3"], []],
    ["r2", ["node n2"], []],
  ]);
});

test("a place that was given to a node whose new group is full goes to the next of the old group", async () => {
  const lab = createLab({
    policy: policyOf({ "/limits/power": { mutations: ["machine/on"], by: "/rack", atMost: 1 } }),
  });
  for (const [id, rack] of [["n1", "r1"], ["n2", "r1"], ["n3", "r1"], ["n4", "r2"]] as const) {
    lab.want({ ...ON, "/rack": rack }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  onFirst(lab, "done", "n1", () => lab.want({ ...ON, "/rack": "r2" }, "n2"));
  lab.see(ON, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n4", "n3"]);
  assert.deepEqual(
    lab.engine.limits().map(({ group, holders, queue }) => [group, holders, queue.map((each) => each.node)]),
    [
      ["r1", ["node n3"], []],
      ["r2", ["node n4"], ["node n2"]],
    ],
  );
});

test("a node that is looked at just as its rate allows it starts, counts, and stands in line no more", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/power": { mutations: ["machine/on"], perSecond: 3 } }) });
  for (const id of ids(6)) {
    lab.want(ON, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.equal(lab.runs.length, 3);
  await lab.clock.advance(333.5); // the timer of the rate rings at 334 ms
  lab.engine.touch("n4");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(4));
  const [limit] = lab.engine.limits();
  assert.deepEqual([limit?.inFlight, limit?.queue.map(({ node }) => node)], [4, ["node n5", "node n6"]]);
  await lab.clock.advance(300);
  assert.equal(lab.runs.length, 4, "n4 has used the rate up");
  await lab.clock.advance(40);
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(5));
});

test("a node that is looked at just as a rate allows a start does not overtake who came earlier", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/power": { mutations: ["machine/on"], perSecond: 3 } }) });
  for (const id of ids(5)) {
    lab.want(ON, id);
    lab.see(OFF, id);
  }
  await lab.clock.advance(333.5);
  lab.engine.touch("n5");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(4));
  assert.deepEqual(lab.engine.limits()[0]?.queue.map(({ node }) => node), ["node n5"]);
});

test("a node whose group changes before it starts keeps its place of a rule without groups", async () => {
  const lab = createLab({
    policy: policyOf({
      "/limits/all": { mutations: ["machine/on"], atMost: 2 },
      "/limits/power": { mutations: ["machine/on"], by: "/rack", atMost: 1 },
    }),
  });
  for (const id of ids(3)) {
    lab.want({ ...ON, "/rack": "r1" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  onFirst(lab, "done", "n1", () => lab.want({ ...ON, "/rack": "r2" }, "n2"));
  lab.see(ON, "n1");
  await lab.settle();
  lab.want({ ...ON, "/rack": "r3" }, "n4");
  lab.see(OFF, "n4");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(3));
  assert.deepEqual(lab.engine.limits().map(({ name, group, holders }) => [name, group, holders]), [
    ["all", "", ["node n2", "node n3"]],
    ["power", "r1", ["node n3"]],
    ["power", "r2", ["node n2"]],
    ["power", "r3", []],
  ]);
});

test("a place of a share that shrinks before it is used is taken back with all that was given beside it", async () => {
  const lab = createLab({
    policy: policyOf({
      "/invariants/up": { kind: "away", atMost: "20%" },
      "/limits/power": { mutations: ["machine/off"], atMost: 9 },
    }),
  });
  for (const id of ids(10)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(4)) lab.want(OFF, id);
  await lab.settle();
  for (const id of ids(2)) lab.see(OFF, id);
  lab.want(UP, "n1");
  await lab.settle();
  lab.runs.length = 0;
  lab.see(UP, "n1"); // n3 gets its places, but is looked at after n10
  lab.remove("n10");
  lab.engine.touch("n10");
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  assert.deepEqual(lab.engine.invariants()[0]?.holders, ["node n2"]);
  assert.deepEqual(lab.engine.limits().map(({ inFlight, queue }) => [inFlight, queue.map(({ node }) => node)]), [
    [0, ["node n3", "node n4"]],
  ]);
});

test("a node that is gone while it runs something is left out of rules that are set before the engine hears of that", async () => {
  const power = { mutations: ["machine/on"], by: "/rack", atMost: 1 };
  const lab = createLab({ policy: policyOf({ "/limits/power": power }) });
  for (const [id, rack] of [["n1", "r1"], ["n2", "r1"], ["n3", "r2"]] as const) {
    lab.want({ ...ON, "/rack": rack }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  for (const id of ["n1", "n3"]) lab.remove(id);
  lab.engine.setPolicy(policyOf({ "/limits/power": power, "/limits/lamps": { mutations: ["rack/*"], atMost: 1 } }));
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3", "n2"]);
  lab.engine.touch("n1");
  lab.engine.touch("n3");
  await lab.settle();
  const groups = lab.engine.limits().flatMap(({ name, group, holders }) => name === "power" ? [[group, holders]] : []);
  assert.deepEqual(groups, [["r1", ["node n2"]]]);
});

test("what was counted by rules before says nothing at one of the same name that is about something else", async () => {
  const only = (mutation: string) => policyOf({ "/limits/same": { mutations: [mutation], atMost: 1 } });
  const lab = createLab({ policy: only("machine/on") });
  const add = async (id: string, cfg: Readonly<Record<string, Value>>, seen: Readonly<Record<string, Value>>) => {
    lab.want(cfg, id);
    lab.see(seen, id);
    await lab.settle();
  };
  await add("n1", ON, OFF);
  lab.engine.setPolicy(only("rack/light"));
  await add("n2", LIT, DARK);
  lab.see(ON, "n1");
  await lab.settle();
  await add("n3", LIT, DARK);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
  assert.deepEqual(lab.engine.limits().map(({ holders, queue }) => [holders, queue.length]), [[["node n2"], 1]]);
});

test("who was away by rules before says nothing at one of the same name that is about other nodes", async () => {
  const only = (nodes: string) => policyOf({ "/invariants/up": { kind: "away", nodes, atMost: 1 } });
  const lab = createLab({ prefix: "", policy: only("n2") });
  for (const id of ids(3)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(2)) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(lab.engine.invariants().map(({ holders }) => holders), [["n2"]]);
  lab.engine.setPolicy(only("n[1,3]"));
  lab.want(OFF, "n3");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ids(2));
  assert.deepEqual(lab.engine.invariants().map(({ holders, queue }) => [holders, queue.length]), [[["n1"], 1]]);
});

test("a forecast counts the others that have a place or wait for one, and not the node itself", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/power": { mutations: ["machine/on"], atMost: 1 } }) });
  for (const id of ids(4)) {
    lab.want(id === "n4" ? OFF : ON, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  for (const [id, taken] of [["n1", 2], ["n2", 2], ["n4", 3]] as const) {
    const node = lab.imagine(ON, id);
    assert.ok(node);
    const [place] = lab.engine.preview(id, node).places;
    assert.deepEqual([place?.rule, place?.atMost, place?.taken], ["power", 1, taken], id);
  }
  const newcomer = lab.imagine(ON, "n4");
  assert.ok(newcomer);
  const state = lab.engine.preview("n4", newcomer).explanation.steps[0]?.state;
  assert.ok(state?.kind === "waiting");
  const { blocker } = state;
  const counted = { group: "", inFlight: 1, holders: ["node n1"] };
  const last = { since: 0, place: 3, behind: "node n3" };
  assert.deepEqual(blocker, { kind: "limit", limit: "power", ...counted, atMost: 1, ...last });
});

test("what a step waits for is said with what bounds it, and nothing else", async () => {
  const blockerBy = async (rules: Readonly<Record<string, Value>>, cfg: Readonly<Record<string, Value>>) => {
    const lab = createLab({ policy: policyOf(rules) });
    for (const id of ids(3)) {
      lab.want({ ...cfg, "/rack": "r1" }, id);
      lab.see(UP, id);
    }
    await lab.settle();
    const state = lab.engine.explain("n3")?.steps[0]?.state;
    assert.ok(state?.kind === "waiting");
    return state.blocker;
  };
  const off = { mutations: ["machine/off"] };
  const line = { since: 0, place: 2, behind: "node n2" };
  const held = { inFlight: 1, holders: ["node n1"] };
  const rate = await blockerBy({ "/limits/x": { ...off, perSecond: 1 } }, OFF);
  assert.deepEqual(rate, { kind: "limit", limit: "x", group: "", ...held, perSecond: 1, ...line });
  const limit = await blockerBy({ "/limits/x": { ...off, atMost: 1, by: "/rack" } }, OFF);
  assert.deepEqual(limit, { kind: "limit", limit: "x", group: "r1", by: "/rack", ...held, atMost: 1, ...line });
  const away = await blockerBy({ "/invariants/x": { kind: "away", atMost: 1 } }, OFF);
  assert.deepEqual(away, { kind: "count", invariant: "x", counts: "away", group: "", ...held, atMost: 1, ...line });
  const move = await blockerBy({ "/invariants/x": { kind: "transition", by: "/rack", atMost: 1 } }, OFF);
  assert.deepEqual(move, {
    ...{ kind: "count", invariant: "x", counts: "transition", group: "r1", by: "/rack" },
    ...held,
    atMost: 1,
    ...line,
  });
});

test("a forecast names the step that a brake refuses, and its place in the plan", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "0%" } }) });
  const cfg = { ...LIT, "/fan": "FAST", "/pump": "FAST" };
  lab.want(cfg, "n1");
  lab.see(cfg, "n1");
  await lab.settle();
  lab.see({ ...DARK, "/fan": "SLOW", "/pump": "SLOW" }, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  const node = lab.imagine(cfg, "n1");
  assert.ok(node);
  const { refused, explanation } = lab.engine.preview("n1", { ...node, target: "1" });
  const [first] = explanation.steps;
  const because = "1 of 1 nodes are unhealthy, more than 0%";
  assert.deepEqual(refused, { step: 0, mutation: first?.step.key, invariant: "brake", because });
});

test("each step of a node that waits is told what it waits for itself", async () => {
  const lab = createLab({
    policy: policyOf({
      "/limits/lamps": { mutations: ["rack/light"], atMost: 1 },
      "/limits/power": { mutations: ["machine/on"], atMost: 1 },
    }),
  });
  for (const id of ids(2)) {
    lab.want({ ...ON, ...LIT }, id);
    lab.see({ ...OFF, ...DARK }, id);
  }
  await lab.settle();
  const told = lab.engine.explain("n2")?.steps.map(({ step, state }) =>
    `${step.key} ${state.kind === "waiting" && state.blocker.kind === "limit" ? state.blocker.limit : state.kind}`
  );
  assert.deepEqual(told?.sort(), ["machine/on power", "rack/light lamps"]);
});
