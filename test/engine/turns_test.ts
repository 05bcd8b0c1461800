import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, readPolicy, validatePolicy } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const ON = { "/physState": "POWER_ON" };
const OFF = { "/physState": "POWER_OFF" };
const UP = { ...ON, "/runState": "SYNC" };
const LIT = { "/lamp": "LIT" };
const DARK = { "/lamp": "DARK" };
const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

function policyOf(values: Readonly<Record<string, Value>>): Policy {
  for (const [url, value] of Object.entries(values)) assert.equal(validatePolicy(url, value), undefined);
  return readPolicy(new Map(Object.entries(values)));
}

/** Nodes that see something and want something else, all of them looked at. */
async function labOf(
  values: Readonly<Record<string, Value>>,
  nodes: readonly string[],
  cfg: Readonly<Record<string, Value>>,
  seen: Readonly<Record<string, Value>>,
): Promise<Lab> {
  const lab = createLab({ policy: policyOf(values) });
  for (const id of nodes) {
    lab.want(cfg, id);
    lab.see(seen, id);
  }
  await lab.settle();
  return lab;
}

/** Nodes in SYNC, which is what they want. */
const inSync = (values: Readonly<Record<string, Value>>, count: number) => labOf(values, ids(count), UP, UP);
const started = (lab: Lab) => lab.runs.map(({ id }) => id);

test("a node whose group changes while it waits stands in the line of its new group", async () => {
  const lab = createLab({
    policy: policyOf({ "/limits/power": { mutations: ["machine/on"], by: "/rack", atMost: 1 } }),
  });
  for (const [id, rack] of [["n1", "r1"], ["n2", "r1"], ["n3", "r1"]] as const) {
    lab.want({ ...ON, "/rack": rack }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
  lab.want({ ...ON, "/rack": "r2" }, "n2");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  assert.deepEqual(lab.engine.limits().map(({ group, queue }) => [group, queue.map(({ node }) => node)]), [
    ["r1", ["node n3"]],
    ["r2", []],
  ]);
});

test("groups are shown in order while somebody holds a place or waits there, and one without a name where nobody does", async () => {
  const policy = { "/limits/power": { mutations: ["machine/on"], by: "/rack", atMost: 1 } };
  const lab = createLab({ policy: policyOf(policy) });
  const none = { name: "power", group: "", inFlight: 0, holders: [], atMost: 1, queue: [] };
  assert.deepEqual(lab.engine.limits(), [none]);
  for (const rack of ["r2", "r1", "r3"]) {
    lab.want({ ...ON, "/rack": rack }, rack);
    lab.see(OFF, rack);
  }
  await lab.settle();
  const groups = () => lab.engine.limits().map(({ group }) => group);
  assert.deepEqual(groups(), ["r1", "r2", "r3"]);
  lab.see(ON, "r2");
  await lab.settle();
  assert.deepEqual(groups(), ["r1", "r3"]);
  for (const rack of ["r1", "r3"]) lab.see(ON, rack);
  await lab.settle();
  assert.deepEqual(lab.engine.limits(), [none]);
});

test("a limit shows what bounds it, and an invariant its kind and its bound", async () => {
  const lab = createLab({
    policy: policyOf({
      "/limits/both": { mutations: ["machine/on"], atMost: 3, perSecond: 2 },
      "/limits/rate": { mutations: ["machine/on"], perSecond: 5 },
      "/invariants/away": { kind: "away", atMost: "50%" },
      "/invariants/move": { kind: "transition", by: "/rack", atMost: 4 },
      "/invariants/never": { kind: "never", when: { "/lamp": "LIT" } },
    }),
  });
  for (const id of ids(5)) lab.want({}, id);
  await lab.settle();
  const bare = { group: "", inFlight: 0, holders: [], queue: [] };
  assert.deepEqual(lab.engine.limits(), [
    { name: "both", ...bare, atMost: 3, perSecond: 2 },
    { name: "rate", ...bare, perSecond: 5 },
  ]);
  const empty = { group: "", count: 0, holders: [], queue: [] };
  assert.deepEqual(lab.engine.invariants(), [
    { name: "away", kind: "away", ...empty, atMost: 2 },
    { name: "move", kind: "transition", ...empty, atMost: 4 },
  ]);
});

test("what waits for a rate has one timer for all, which ends with the engine", async () => {
  const lab = await labOf({ "/limits/power": { mutations: ["machine/on"], perSecond: 1 } }, ids(20), ON, OFF);
  assert.deepEqual(started(lab), ["n1"]);
  assert.equal(lab.clock.waiting, 3, "the resync, the timeout of n1 and the rate");
  lab.engine.stop();
  assert.equal(lab.clock.waiting, 0);
});

test("a rate of so many a second lets as many start at once after a pause, and no more", async () => {
  const lab = createLab({ policy: policyOf({ "/limits/power": { mutations: ["rack/light"], perSecond: 3 } }) });
  lab.onRun = (run) => {
    run.finish();
    lab.see(LIT, run.id);
  };
  await lab.clock.advance(60_000);
  for (const id of ids(8)) {
    lab.want(LIT, id);
    lab.see(DARK, id);
  }
  await lab.clock.advance(10_000);
  assert.deepEqual(
    lab.runs.map(({ at }) => Math.round(at - 60_000)),
    [0, 0, 0, 334, 667, 1000, 1334, 1667],
  );
});

test("a share is one of the nodes that its rule is about, whoever else is there, comes and goes", async () => {
  const lab = createLab({ prefix: "" });
  const add = (nodes: readonly string[]) => {
    for (const id of nodes) {
      lab.want(UP, id);
      lab.see(UP, id);
    }
    return lab.settle();
  };
  await add([...ids(5), "x1", "x2", "x3", "x4", "x5", "x6"]);
  lab.engine.setPolicy(policyOf({ "/invariants/up": { kind: "away", nodes: "n[1-5]", atMost: "20%" } }));
  await add(["y1", "y2", "y3", "y4", "y5"]);
  assert.equal(lab.engine.invariants()[0]?.atMost, 1);
  for (const id of ["x1", "y1"]) {
    lab.remove(id);
    lab.engine.touch(id);
  }
  await lab.settle();
  assert.equal(lab.engine.invariants()[0]?.atMost, 1);
  for (const id of ids(5)) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
});

test("what was in flight when rules were set frees its place when it is over", async () => {
  const lab = await labOf({}, ["n1"], ON, OFF);
  lab.engine.setPolicy(policyOf({ "/limits/power": { mutations: ["machine/on"], atMost: 1 } }));
  lab.want(ON, "n2");
  lab.see(OFF, "n2");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
  lab.see(ON, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  assert.deepEqual(lab.engine.limits()[0]?.holders, ["node n2"]);
});

test("a node that waits and is gone when rules are set is in no line any more", async () => {
  const rules = { "/limits/power": { mutations: ["machine/on"], atMost: 1 } };
  const lab = await labOf(rules, ids(3), ON, OFF);
  lab.remove("n2"); // the engine has not been told
  lab.engine.setPolicy(policyOf({ ...rules, "/limits/more": { mutations: ["rack/*"], atMost: 1 } }));
  const [power] = lab.engine.limits().filter(({ name }) => name === "power");
  assert.deepEqual(power?.queue.map(({ node }) => node), ["node n3"]);
});

test("a rate is not forgotten while nobody waits for it or is in flight", async () => {
  const rate = { mutations: ["rack/light"], by: "/rack", perSecond: 1 };
  const lab = createLab({ policy: policyOf({ "/limits/rate": rate }) });
  lab.onRun = (run) => {
    run.finish();
    lab.see(LIT, run.id);
  };
  for (const id of ids(2)) {
    lab.want({ ...LIT, "/rack": "r1" }, id);
    lab.see(DARK, id);
    await lab.clock.advance(100);
  }
  assert.equal(lab.engine.limits()[0]?.queue.length, 1);
  await lab.clock.advance(2_000);
  assert.deepEqual(lab.runs.map(({ id, at }) => [id, at]), [["n1", 0], ["n2", 1_000]]);
});

test("a rate that is set to another one begins anew", async () => {
  const rate = (perSecond: number) => ({ "/limits/power": { mutations: ["machine/on"], perSecond } });
  const lab = await labOf(rate(1), ids(4), ON, OFF);
  lab.engine.setPolicy(policyOf(rate(2)));
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2", "n3"]);
});

test("rules of one name and of different kinds count each for itself", async () => {
  const lab = await inSync({
    "/limits/same": { mutations: ["machine/off"], atMost: 2 },
    "/invariants/same": { kind: "away", atMost: 3 },
  }, 5);
  for (const id of ids(5)) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  lab.see(OFF, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2", "n3"]);
  assert.deepEqual([lab.engine.limits()[0]?.inFlight, lab.engine.invariants()[0]?.count], [2, 3]);
});

test("a rate that was counted for who has not begun when rules change is given back", async () => {
  const rate = { "/limits/power": { mutations: ["machine/on"], atMost: 1, perSecond: 1 } };
  const lab = await labOf(rate, ids(3), ON, OFF);
  await lab.clock.advance(5_000);
  assert.deepEqual(started(lab), ["n1"]);
  lab.see(ON, "n1"); // n2 gets its place and is to be looked at
  const more = { ...rate, "/limits/more": { mutations: ["rack/*"], atMost: 1 } };
  lab.clock.after(0, () => lab.engine.setPolicy(policyOf(more))); // after n1 was looked at, before n2 is
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id, at }) => [id, at]), [["n1", 0], ["n2", 5_000]]);
});

test("a node has one place of an invariant for all that is done to it", async () => {
  const lab = await labOf(
    { "/invariants/move": { kind: "transition", atMost: 1 } },
    ids(2),
    UP,
    { "/physState": "PHYS_HANG" },
  );
  assert.deepEqual(started(lab), ["n1"]);
  await lab.clock.advance(10_000); // its reset is late, and it hangs again
  await lab.clock.advance(5_000);
  assert.deepEqual(lab.runs.map(({ id, key }) => `${id} ${key}`), ["n1 machine/reset", "n1 machine/reset"]);
  assert.deepEqual(lab.engine.invariants().map(({ count, queue }) => [count, queue.length]), [[1, 1]]);
});

test("a node that is gone frees its places of invariants", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: 1 } }, 3);
  for (const id of ["n1", "n2"]) lab.want(OFF, id);
  await lab.settle();
  lab.see(OFF, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
  lab.remove("n1");
  lab.engine.touch("n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  assert.deepEqual(lab.engine.invariants().map(({ holders }) => holders), [["node n2"]]);
});

test("who waits and is gone leaves the line, and a share of the group is one of those that are left", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: "25%" } }, 8);
  for (const id of ["n1", "n2", "n3", "n4"]) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  lab.remove("n3");
  lab.engine.touch("n3");
  await lab.settle();
  assert.deepEqual(lab.engine.invariants().map(({ atMost, queue }) => [atMost, queue.map(({ node }) => node)]), [
    [1, ["node n4"]],
  ]);
  lab.want(UP, "n1");
  await lab.settle();
  await lab.clock.advance(31_000); // n1 is not held to be away any more
  assert.deepEqual([...new Set(started(lab))], ["n1", "n2"], "n2 is one of seven");
});

test("what was broken off is no claim to a place when the group has shrunk meanwhile", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: "20%" } }, 10);
  for (const id of ["n1", "n2"]) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n2"]);
  lab.runs.length = 0;
  lab.want(UP, "n1"); // broken off, and still in SYNC: it keeps its place for some time
  for (const id of ids(10).slice(5)) lab.remove(id);
  lab.engine.touchAll();
  await lab.settle();
  lab.want({ ...OFF, "/rack": "r1" }, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), [], "two of five are one too many");
  assert.equal(lab.engine.status("n1").phase, "waiting");
});

test("what was broken off is taken up again in the place that it still has", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: 1 } }, 3);
  for (const id of ["n1", "n2"]) lab.want(OFF, id);
  await lab.settle();
  lab.want(UP, "n1");
  await lab.settle();
  lab.want(OFF, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n1"]);
  assert.deepEqual(lab.engine.invariants()[0]?.queue.map(({ node }) => node), ["node n2"]);
});

test("a node that is taken out counts as in transition until it is at its goal, and as away until it is back", async () => {
  const lab = await inSync({
    "/invariants/move": { kind: "transition", atMost: 9 },
    "/invariants/up": { kind: "away", atMost: 9 },
  }, 1);
  const counts = () => Object.fromEntries(lab.engine.invariants().map(({ kind, count }) => [kind, count]));
  const outs: unknown[] = [];
  const note = () => outs.push([lab.checkpoints.get("n1")?.out, counts()]);
  note();
  lab.want(OFF, "n1");
  await lab.settle();
  note();
  lab.see(OFF, "n1");
  await lab.settle();
  note();
  lab.want(UP, "n1");
  await lab.settle();
  note();
  lab.see(UP, "n1");
  await lab.settle();
  note();
  assert.deepEqual(
    outs,
    [
      ["NO", { away: 0, transition: 0 }],
      ["TAKEN", { away: 1, transition: 1 }],
      ["AWAY", { away: 1, transition: 0 }],
      ["AWAY", { away: 1, transition: 0 }],
      ["NO", { away: 0, transition: 0 }],
    ].map(([out, of]) => out === "NO" && lab.checkpoints.size === 0 ? [undefined, of] : [out, of]),
  );
});

test("a node whose power is cut while it is not in SYNC is in transition until it is at its goal, and never away", async () => {
  const lab = await labOf(
    { "/invariants/move": { kind: "transition", atMost: 9 }, "/invariants/up": { kind: "away", atMost: 9 } },
    ["n1"],
    OFF,
    ON,
  );
  const counts = () => Object.fromEntries(lab.engine.invariants().map(({ kind, count }) => [kind, count]));
  assert.equal(lab.checkpoints.get("n1")?.out, "CUT");
  assert.deepEqual(counts(), { away: 0, transition: 1 });
  lab.see(OFF, "n1");
  await lab.settle();
  assert.equal(lab.checkpoints.get("n1")?.out, "NO");
  assert.deepEqual(counts(), { away: 0, transition: 0 });
});

test("a node that was taken out stays so when its power is cut once more", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: 9 } }, 1);
  lab.want(OFF, "n1");
  await lab.settle();
  lab.see({ "/physState": "PHYS_HANG" }, "n1");
  await lab.clock.advance(40_000);
  assert.ok(lab.runsOf("machine/reset").length > 0);
  assert.equal(lab.checkpoints.get("n1")?.out, "TAKEN");
});

test("rules are asked of what they name only, by node and by mutation", async () => {
  const lab = createLab({
    prefix: "",
    policy: policyOf({
      "/limits/some": { mutations: ["machine/on"], nodes: "n[1-2]", atMost: 1 },
      "/limits/lamps": { mutations: ["rack/light"], atMost: 1 },
    }),
  });
  for (const id of ids(4)) {
    lab.want(ON, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.deepEqual(started(lab), ["n1", "n3", "n4"]);
  assert.deepEqual(lab.engine.limits().map(({ name, inFlight }) => [name, inFlight]), [["lamps", 0], ["some", 1]]);
});

test("of several rules that a step needs, the first without room is what it waits for", async () => {
  const lab = createLab({
    policy: policyOf({
      "/limits/a": { mutations: ["machine/on"], atMost: 2 },
      "/limits/b": { mutations: ["machine/on"], atMost: 1 },
    }),
  });
  for (const id of ids(2)) {
    lab.want(ON, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.match(lab.engine.status("n2").reason ?? "", /waits at limit 'b'/);
  assert.deepEqual(lab.engine.limits().map(({ inFlight, queue }) => [inFlight, queue.length]), [[1, 1], [1, 1]]);
});

test("rules that are set anew, the same, change nothing", async () => {
  const rules = { "/limits/power": { mutations: ["machine/on"], atMost: 1 } };
  const lab = await labOf(rules, ids(2), ON, OFF);
  const before = lab.engine.limits();
  lab.engine.setPolicy(policyOf(rules));
  assert.deepEqual(lab.engine.limits(), before);
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
});

test("nodes that nobody has looked at yet count for an invariant that is set, with what was done to them before", async () => {
  const lab = await inSync({ "/invariants/up": { kind: "away", atMost: 1 } }, 3);
  lab.want(OFF, "n1");
  await lab.settle();
  lab.see(OFF, "n1");
  await lab.settle();
  lab.engine.stop();
  lab.restart();
  assert.deepEqual(lab.engine.invariants().map(({ count, holders }) => [count, holders]), [[1, ["node n1"]]]);
});

test("exactly the share of a brake may be unhealthy, and one more stops all repair", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "30%" } }) });
  for (const id of ids(10)) {
    lab.want(ON, id);
    lab.see(ON, id);
  }
  await lab.settle();
  for (const id of ids(3)) lab.see(OFF, id);
  await lab.settle();
  assert.deepEqual(started(lab).sort(), ["n1", "n2", "n3"]);
  lab.see(OFF, "n4");
  await lab.settle();
  assert.equal(
    lab.engine.status("n4").reason,
    "machine/on refused by invariant 'brake': 4 of 10 nodes are unhealthy, more than 30%",
  );
  lab.see(ON, "n1"); // back by itself
  await lab.settle();
  assert.deepEqual(started(lab).sort(), ["n1", "n2", "n3", "n4"]);
});

test("a brake lets go when an unhealthy node is gone, and when another share is set", async () => {
  const brake = (unhealthyAbove: string) => ({ "/invariants/brake": { kind: "brake", unhealthyAbove } });
  for (const end of ["gone", "set"]) {
    const lab = createLab({ policy: policyOf(brake("20%")) });
    for (const id of ids(6)) {
      lab.want(ON, id);
      lab.see(ON, id);
    }
    await lab.settle();
    for (const id of ids(2)) lab.see(OFF, id);
    await lab.settle();
    assert.deepEqual(started(lab), []);
    if (end === "gone") {
      lab.remove("n1");
      lab.engine.touch("n1");
    } else lab.engine.setPolicy(policyOf(brake("40%")));
    await lab.settle();
    assert.deepEqual(started(lab).sort(), end === "gone" ? ["n2"] : ["n1", "n2"]);
  }
});

test("a share of a brake is one of the nodes that are there: a healthy one that goes makes the others more of it", async () => {
  for (const [gone, refused] of [["n10", true], ["other", false]] as const) {
    const rule = { kind: "brake", nodes: "n[1-10]", unhealthyAbove: "30%" };
    const lab = createLab({ prefix: "", policy: policyOf({ "/invariants/brake": rule }) });
    for (const id of [...ids(10), "other"]) {
      lab.want(ON, id);
      lab.see(ON, id);
    }
    await lab.settle();
    lab.remove(gone);
    lab.engine.touch(gone);
    await lab.settle();
    for (const id of ids(3)) lab.see(OFF, id);
    await lab.settle();
    assert.equal(lab.runs.length === 0, refused, gone);
  }
});

test("who waits for one rule takes nothing from another, and gives nothing back there", async () => {
  const lab = await inSync({
    "/invariants/up": { kind: "away", atMost: "20%" },
    "/limits/rate": { mutations: ["machine/off", "rack/light"], perSecond: 1 },
  }, 10);
  for (const id of ["n1", "n2"]) {
    lab.want(OFF, id);
    await lab.clock.advance(1_000);
  }
  assert.deepEqual(started(lab), ["n1", "n2"]);
  lab.want(OFF, "n3");
  await lab.settle();
  for (const id of ids(10).slice(5)) lab.remove(id);
  lab.engine.touchAll(); // two of five are away, one too many
  await lab.clock.advance(1_000);
  lab.runs.length = 0;
  for (const id of ["n4", "n5"]) {
    lab.want({ ...UP, ...LIT }, id);
    lab.see(DARK, id);
    await lab.settle();
    lab.engine.touch("n3");
    await lab.settle();
  }
  assert.deepEqual(started(lab), ["n4"], "n5 waits for the rate");
});

test("finding out what is not known is no repair: a brake does not hold it up", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "0%" } }) });
  lab.want(ON, "n1");
  lab.see(ON, "n1");
  await lab.settle();
  lab.see({ "/physState": null }, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["machine/find"]);
  lab.see(OFF, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["machine/find"], "to power it on is one");
  assert.equal(lab.engine.status("n1").phase, "waiting");
});

test("a node that has never reached this target is brought there whatever a brake says", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "0%" } }) });
  lab.want(ON, "n1");
  lab.see(OFF, "n1");
  await lab.settle();
  assert.deepEqual(started(lab), ["n1"]);
});

test("while nodes of its group have to be looked at a brake repairs nothing, and says how many", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "90%" } }) });
  for (const id of ids(3)) {
    lab.want(ON, id);
    lab.see(ON, id);
  }
  await lab.settle();
  lab.see(OFF, "n1");
  lab.engine.touchAll();
  await lab.settle();
  const [refused] = lab.events.filter(({ kind }) => kind === "refused");
  assert.match(refused?.why ?? "", /^refused by invariant 'brake': 2 nodes have to be looked at first$/);
  assert.deepEqual(started(lab), ["n1"]);
  lab.see(OFF, "n2");
  lab.engine.touch("n3");
  await lab.settle();
  const refusals = lab.events.filter(({ kind }) => kind === "refused").map(({ why }) => why);
  assert.match(refusals.at(-1) ?? "", /: 1 node has to be looked at first$/);
  assert.deepEqual(started(lab), ["n1", "n2"]);
});

test("a node that was touched and is gone, or was never known, holds no brake up", async () => {
  const lab = createLab({ policy: policyOf({ "/invariants/brake": { kind: "brake", unhealthyAbove: "90%" } }) });
  for (const id of ids(4)) {
    lab.want(ON, id);
    lab.see(ON, id);
  }
  await lab.settle();
  lab.want(ON, "n5");
  lab.remove("n5"); // before anybody has looked
  lab.engine.touch("n2");
  lab.remove("n2");
  lab.see(OFF, "n1");
  await lab.clock.advance(1_000);
  assert.deepEqual(started(lab), ["n1"]);
});

test("of invariants of kind never only what is about the node counts, and what is not disruptive goes on", async () => {
  const lab = createLab({
    prefix: "",
    policy: policyOf({ "/invariants/jobs": { kind: "never", nodes: "n[2-3]", when: { "/lamp": "LIT" } } }),
  });
  for (const id of ["n1", "n2"]) {
    lab.want({ ...OFF, "/lamp": "LIT" }, id);
    lab.see({ ...ON, ...LIT }, id);
  }
  lab.want({ ...ON, "/lamp": "LIT" }, "n3");
  lab.see({ ...OFF, ...LIT }, "n3");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id, key }) => `${id} ${key}`), ["n1 machine/off", "n3 machine/on"]);
  assert.equal(lab.engine.status("n2").reason, "machine/off refused by invariant 'jobs': '/lamp' is 'LIT'");
  assert.equal(lab.engine.explain("n2")?.steps[0]?.state.kind, "waiting");
});

test("a refusal by another invariant is told too", async () => {
  const never = (name: string, lamp: string) => ({
    [`/invariants/${name}`]: { kind: "never", when: { "/lamp": lamp } },
  });
  const lab = createLab({ policy: policyOf({ ...never("a", "LIT"), ...never("b", "DARK") }) });
  lab.want(OFF, "n1");
  lab.see({ ...ON, ...LIT }, "n1");
  await lab.settle();
  lab.see(DARK, "n1");
  await lab.settle();
  const why = lab.events.filter(({ kind }) => kind === "refused").map(({ why }) => why);
  assert.deepEqual(why, ["refused by invariant 'a': '/lamp' is 'LIT'", "refused by invariant 'b': '/lamp' is 'DARK'"]);
});
