import assert from "node:assert/strict";
import { test } from "node:test";
import { type Policy, policy, readPolicy, validatePolicy } from "../../src/engine/mod.ts";
import { core, createSchema, fromNested, type Value } from "../../src/state/mod.ts";
import { createLab, type Lab } from "./lab.ts";

const UP = { "/physState": "POWER_ON", "/runState": "SYNC" };
const OFF = { "/physState": "POWER_OFF" };

function policyOf(values: Readonly<Record<string, Value>>): Policy {
  for (const [url, value] of Object.entries(values)) assert.equal(validatePolicy(url, value), undefined);
  return readPolicy(new Map(Object.entries(values)));
}
const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);
/** Names of the lab's nodes start with "node ", which no nodeset can say: rules are about all of them. */
function labWith(values: Readonly<Record<string, Value>>): Lab {
  const lab = createLab({ policy: policyOf(values) });
  lab.onRun = (run) => run.finish();
  return lab;
}
const POWER = { mutations: ["machine/on"], atMost: 2 };

test("a limit lets so many mutations be in flight; the others wait in the order in which they came", async () => {
  const lab = labWith({ "/limits/power": POWER });
  for (const id of ids(5)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
    await lab.clock.advance(10);
  }
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
  assert.equal(lab.engine.status("n4").phase, "waiting");
  const reason =
    "machine/on waits at limit 'power' (2 of 2 in flight: node n1, node n2; 2nd in the queue behind node n3)";
  assert.equal(lab.engine.status("n4").reason, reason);
  assert.equal(lab.engine.counts().waiting, 3);
  assert.deepEqual(lab.engine.limits(), [{
    name: "power",
    group: "",
    inFlight: 2,
    holders: ["node n1", "node n2"],
    atMost: 2,
    queue: ["n3", "n4", "n5"].map((id, place) => ({
      node: `node ${id}`,
      mutation: "machine/on",
      since: 20 + 10 * place,
    })),
  }]);
  lab.see({ "/physState": "POWER_ON" }, "n2");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2", "n3"]);
});

test("a place at a limit is freed by success, failure, timeout, abort, and by the end of the node", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 1 } });
  for (const id of ids(6)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  lab.onRun = (run) => run.id === "n2" ? run.reject(new Error("No answer")) : run.finish();
  const on = () => lab.runsOf("machine/on").map(({ id }) => id);
  const inFlight = () => lab.engine.limits()[0]?.inFlight;
  await lab.settle();
  assert.deepEqual(on(), ["n1"]);
  lab.see(UP, "n1"); // done; n2 fails at once
  await lab.settle();
  assert.deepEqual(on(), ["n1", "n2", "n3"]);
  await lab.clock.advance(10_000); // n3 times out
  assert.equal(on()[3], "n4");
  lab.want(OFF, "n4"); // aborted
  await lab.settle();
  assert.equal(on().at(-1), "n5");
  lab.remove("n5");
  lab.engine.touch("n5");
  await lab.settle();
  assert.equal(on().at(-1), "n6");
  assert.equal(inFlight(), 1);
});

test("a node that no longer wants its turn leaves the queue", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 1 } });
  for (const id of ids(4)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  lab.want(OFF, "n2");
  lab.freeze(true, "n3");
  await lab.settle();
  assert.deepEqual(lab.engine.limits()[0]?.queue.map(({ node }) => node), ["node n4"]);
  lab.see({ "/physState": "POWER_ON" }, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n4"]);
});

test("a place that was given to a node which then does not want it goes to the next", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 1 } });
  for (const id of ids(3)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  lab.see({ "/physState": "POWER_ON" }, "n1");
  lab.want(OFF, "n2"); // looked at after n1, which gives n2 the place
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3"]);
});

test("a limit by a variable counts for each of its values, and who waits for one group holds up no other", async () => {
  const lab = labWith({
    "/limits/power": { ...POWER, by: "/rack", atMost: 1 },
    "/limits/all": { ...POWER, atMost: 2 },
  });
  for (const [id, rack] of [["n1", "r1"], ["n2", "r1"], ["n3", "r2"], ["n4", "r2"]] as const) {
    lab.want({ "/physState": "POWER_ON", "/rack": rack }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3"]);
  const reason =
    /limit 'power' \(rack r1: 1 of 1 in flight: node n1; 1st in the queue\)|limit 'all' \(2 of 2 in flight: node n1, node n3; 1st/;
  assert.match(lab.engine.status("n2").reason ?? "", reason);
  lab.see({ "/physState": "POWER_ON" }, "n3");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3", "n4"], "n2 waits for its rack, and does not hold up n4");
});

test("a rate lets so many start in a second", async () => {
  const lab = labWith({ "/limits/power": { mutations: ["machine/*"], perSecond: 2 } });
  for (const id of ids(7)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.clock.advance(1900);
  assert.deepEqual(lab.runs.map(({ at }) => at), [0, 0, 500, 1000, 1500]);
  assert.match(lab.engine.status("n7").reason ?? "", /limit 'power' \(2 a second, 2nd in the queue behind node n6\)/);
  await lab.clock.advance(5000);
  assert.equal(lab.runs.length, 7);
});

test("limits can be changed while nodes wait: what is in flight counts, and who waits keeps its place", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 1 } });
  for (const id of ids(5)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  lab.engine.setPolicy(policyOf({ "/limits/power": { ...POWER, atMost: 3 } }));
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2", "n3"]);
  assert.deepEqual(lab.engine.limits()[0]?.queue.map(({ node }) => node), ["node n4", "node n5"]);
  lab.engine.setPolicy(policyOf({}));
  await lab.settle();
  assert.equal(lab.runs.length, 5);
});

test("a share of the group may be away from SYNC because of us: the next one waits until one is back", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: "20%" } });
  for (const id of ids(10)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(4)) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
  assert.match(
    lab.engine.status("n3").reason ?? "",
    /machine\/off waits for invariant 'up' \(2 of 2 away: node n1, node n2; 1st in the queue\)/,
  );
  lab.see(OFF, "n1");
  await lab.clock.advance(1000);
  assert.equal(lab.runs.length, 2, "n1 is off because of us, and counts");
  lab.want(UP, "n1");
  lab.see(UP, "n1"); // back
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2", "n3"]);
});

test("when a group grows, the first in line for a share of it gets the new place, and not the newcomer", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: "20%" } });
  for (const id of ids(9)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ["n1", "n2", "n3"]) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1"]);
  lab.want(OFF, "n10");
  lab.see(UP, "n10");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
  assert.deepEqual(lab.engine.invariants()[0]?.queue.map(({ node }) => node), ["node n3", "node n10"]);
});

test("a place that was granted is taken back when its group shrinks before it is used, and its node keeps its turn", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: "20%" } });
  for (const id of ids(10)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(5)) lab.want(OFF, id);
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
  for (const id of ["n1", "n2"]) lab.see(OFF, id);
  lab.want(UP, "n1");
  await lab.settle();
  const running = lab.runs.length;
  lab.see(UP, "n1"); // n3 gets its place, but is looked at after n10, when there is one place only
  lab.remove("n10");
  lab.engine.touch("n10");
  await lab.settle();
  assert.equal(lab.runs.length, running);
  assert.deepEqual(lab.engine.invariants()[0]?.queue.map(({ node }) => node), ["node n3", "node n4", "node n5"]);
  lab.want({}, "n10");
  await lab.settle();
  assert.deepEqual(lab.runs.slice(running).map(({ id }) => id), ["n3"]);
});

test("who waits for a place and a rate goes on when the rate was used up by others in the meantime", async () => {
  const lab = labWith({
    "/limits/place": { mutations: ["machine/o*"], by: "/rack", atMost: 1 },
    "/limits/rate": { mutations: ["machine/on"], perSecond: 1 },
  });
  for (const [id, rack] of [["n1", "r1"], ["n2", "r2"], ["n3", "r1"], ["n4", "r2"]] as const) {
    const isFirst = id === "n1" || id === "n2";
    lab.want({ "/physState": isFirst ? "POWER_OFF" : "POWER_ON", "/rack": rack }, id);
    lab.see(isFirst ? UP : OFF, id);
  }
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"], "n3 and n4 wait for their racks");
  lab.see(OFF, "n2"); // n4 gets its place, and uses the rate up
  lab.see(OFF, "n1"); // n3 has to wait for the rate
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2", "n4"]);
  await lab.clock.advance(1000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2", "n4", "n3"]);
});

test("a rate that was counted for a place which is then not used is given back", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 1, perSecond: 1 } });
  for (const id of ids(3)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.clock.advance(5000);
  lab.see({ "/physState": "POWER_ON" }, "n1");
  lab.want(OFF, "n2"); // looked at after n1, which gives n2 the place
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id, at }) => [id, at]), [["n1", 0], ["n3", 5000]]);
});

test("who waits keeps its turn, and since when it waits, whatever rules are set, changed and taken away", async () => {
  const power = { "/limits/power": { mutations: ["machine/on", "rack/light"], atMost: 1 } };
  const lab = labWith(power);
  for (const id of ["n1", "n4", "n3", "n2"]) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
    await lab.clock.advance(10);
  }
  lab.want({ "/physState": "POWER_ON", "/lamp": "LIT" }, "n4");
  lab.see({ "/lamp": "DARK" }, "n4");
  await lab.clock.advance(10);
  const queue = lab.engine.limits()[0]?.queue;
  assert.deepEqual(queue?.map(({ node }) => node), ["node n4", "node n3", "node n2", "node n4"]);
  await lab.clock.advance(1000);
  const another = { "/limits/another": { mutations: ["machine/*", "rack/*"], atMost: 1 } };
  for (const values of [power, { ...power, ...another }, another, power]) {
    lab.engine.setPolicy(policyOf(values));
    assert.deepEqual(lab.engine.limits().at(-1)?.queue, queue);
  }
  assert.equal(lab.engine.status("n3").phase, "waiting");
  assert.equal(lab.runs.length, 1);
});

test("a rate is not granted anew when other rules change", async () => {
  const rate = { "/limits/power": { mutations: ["machine/on"], perSecond: 1 } };
  const lab = labWith(rate);
  for (const id of ids(2)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  for (const atMost of [1, 2]) {
    lab.engine.setPolicy(policyOf({ ...rate, "/invariants/up": { kind: "away", atMost } }));
    await lab.settle();
  }
  assert.equal(lab.runs.length, 1);
  await lab.clock.advance(1000);
  assert.equal(lab.runs.length, 2);
});

test("what was broken off counts for some time more: it may have been done all the same", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: 1 } });
  for (const id of ids(2)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(2)) lab.want(OFF, id);
  await lab.settle();
  lab.want(UP, "n1"); // aborted; it is in SYNC still
  await lab.clock.advance(29_000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1"]);
  await lab.clock.advance(2000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n2"]);
});

test("what failed counts for some time more: it may have been done all the same", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: 1 } });
  lab.onRun = (run) => {
    if (run.id !== "n1") return run.finish();
    lab.freeze(true, "n1"); // nothing else is done to it
    run.reject(new Error("No answer"));
  };
  for (const id of ids(2)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const id of ids(2)) lab.want(OFF, id);
  await lab.settle();
  lab.see(UP, "n1"); // it looks as if it had never left
  await lab.clock.advance(29_000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1"]);
  await lab.clock.advance(60_000);
  assert.equal(lab.runs[1]?.id, "n2");
});

test("more than five that have the places are counted", async () => {
  const lab = labWith({ "/limits/power": { ...POWER, atMost: 7 } });
  for (const id of ids(8)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see(OFF, id);
  }
  await lab.settle();
  const names = ids(5).map((id) => `node ${id}`);
  assert.deepEqual(lab.engine.limits()[0]?.holders, names);
  assert.match(lab.engine.status("n8").reason ?? "", /\(7 of 7 in flight: .* node n5 and 2 more; 1st in the queue\)/);
  const step = lab.engine.explain("n8")?.steps[0]?.state;
  assert.ok(step?.kind === "waiting" && step.blocker.kind === "limit");
  assert.deepEqual(step.blocker.holders, names);
});

test("what was taken out before a restart still counts", async () => {
  const lab = labWith({ "/invariants/up": { kind: "away", atMost: 1 } });
  for (const id of ids(2)) {
    lab.want(UP, id);
    lab.see(UP, id);
  }
  await lab.settle();
  lab.want(OFF, "n1");
  await lab.settle();
  lab.see(OFF, "n1");
  await lab.settle();
  lab.restart();
  await lab.settle();
  lab.want(OFF, "n2");
  await lab.clock.advance(5000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1"]);
  assert.deepEqual(lab.engine.invariants().map(({ count, queue }) => [count, queue.length]), [[1, 1]]);
  assert.deepEqual(lab.engine.invariants()[0]?.holders, ["node n1"]);
});

test("no two of a chassis are in transition; one that is at its goal is not", async () => {
  const lab = labWith({ "/invariants/chassis": { kind: "transition", by: "/chassis", atMost: 1 } });
  for (const [id, chassis] of [["n1", "c1"], ["n2", "c1"], ["n3", "c2"]] as const) {
    lab.want({ ...UP, "/chassis": chassis }, id);
    lab.see(UP, id);
  }
  await lab.settle();
  for (const [id, chassis] of [["n1", "c1"], ["n2", "c1"], ["n3", "c2"]] as const) {
    lab.want({ ...OFF, "/chassis": chassis }, id);
  }
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3"]);
  lab.see(OFF, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1", "n3", "n2"]);
});

test("nothing disruptive is started while it can't be written down, and the reason says so; the rest goes on", async () => {
  const lab = labWith({ "/limits/off": { mutations: ["machine/off"], atMost: 1 } });
  for (const id of ["n1", "n2"]) {
    lab.want({ "/physState": "POWER_OFF" }, id);
    lab.see({ "/physState": "POWER_ON" }, id);
  }
  lab.want({ "/physState": "POWER_ON" }, "n3");
  lab.see(OFF, "n3");
  lab.isWritable = false;
  await lab.clock.advance(1_000);
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n3"]);
  assert.equal(lab.engine.status("n1").phase, "waiting");
  assert.match(lab.engine.status("n1").reason ?? "", /machine\/off waits for the aggregator's disk/);
  lab.isWritable = true;
  lab.engine.touchAll();
  await lab.clock.advance(1_000);
  assert.deepEqual(lab.runsOf("machine/off").map(({ id }) => id), ["n1"]); // the limit has lost no place
});

test("a busy node is never disturbed, and the reason says so", async () => {
  const lab = labWith({ "/invariants/jobs": { kind: "never", when: { "/lamp": "LIT" } } });
  lab.want({ ...UP }, "n1");
  lab.see({ "/physState": "PHYS_HANG", "/lamp": "LIT" }, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  assert.equal(lab.engine.status("n1").reason, "machine/reset refused by invariant 'jobs': '/lamp' is 'LIT'");
  await lab.clock.advance(200_000);
  assert.deepEqual(lab.keysOf("refused"), ["machine/reset"], "It is told once");
  lab.see({ "/lamp": "DARK" }, "n1");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ key }) => key), ["machine/reset"]);
});

test("a brake stops repair while too many are unhealthy, and lets go of it after; a change of cfg is no repair", async () => {
  const lab = labWith({ "/invariants/brake": { kind: "brake", unhealthyAbove: "30%" } });
  for (const id of ids(10)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see({ "/physState": "POWER_ON" }, id);
  }
  await lab.settle();
  for (const id of ids(4)) lab.see(OFF, id); // all at once: nobody has been looked at when the first one is
  await lab.clock.advance(60_000);
  assert.deepEqual(lab.runs, []);
  const reason = "machine/on refused by invariant 'brake': 4 of 10 nodes are unhealthy, more than 30%";
  assert.equal(lab.engine.status("n1").reason, reason);
  assert.equal(lab.engine.explain("n1")?.steps[0]?.state.kind, "waiting");
  lab.want(OFF, "n10");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id, key }) => `${id} ${key}`), ["n10 machine/off"]);
  lab.want({ "/physState": "POWER_ON" }, "n4"); // its cfg has been written by a person
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id).sort(), ["n1", "n10", "n2", "n3", "n4"]);
});

test("a brake lets go when its group grows, without a change of any of its nodes", async () => {
  const lab = labWith({ "/invariants/brake": { kind: "brake", unhealthyAbove: "30%" } });
  for (const id of ids(6)) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see({ "/physState": "POWER_ON" }, id);
  }
  await lab.settle();
  for (const id of ids(2)) lab.see(OFF, id);
  await lab.settle();
  assert.deepEqual(lab.runs, []);
  lab.want({}, "n7");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id).sort(), ["n1", "n2"]);
});

test("a brake does not wait for nodes that are not of its group", async () => {
  const policy = policyOf({ "/invariants/brake": { kind: "brake", nodes: "n[1-3]", unhealthyAbove: "50%" } });
  const lab = createLab({ policy, prefix: "" });
  for (const id of ["n1", "n2", "n3", "other"]) {
    lab.want({ "/physState": "POWER_ON" }, id);
    lab.see({ "/physState": "POWER_ON" }, id);
  }
  await lab.settle();
  lab.see(OFF, "n1");
  lab.engine.touch("other");
  await lab.settle();
  assert.deepEqual(lab.keysOf("refused"), []);
  lab.see(OFF, "n2"); // one of its group has to be looked at: n2 is repaired after n3 is known to be there
  lab.engine.touch("n3");
  await lab.settle();
  assert.deepEqual(lab.runs.map(({ id }) => id), ["n1"]);
  assert.equal(lab.keysOf("refused").length, 1);
});

test("validatePolicy() names what is wrong with a rule", () => {
  const wrong: [string, Value, RegExp][] = [
    ["/limits/a", { mutations: ["power"], atMost: 1 }, /\/limits\/a\/mutations is "power": expected "module\/id"/],
    ["/limits/a", { mutations: ["a/*"] }, /atMost is missing: expected it, or perSecond/],
    ["/limits/a", { mutations: ["a/*"], atMost: 1, nodes: "n[1-" }, /nodes: Cannot read nodeset/],
    ["/limits/a", { mutations: ["a/*"], atMost: 1, by: "rack" }, /by is "rack": expected a state URL/],
    ["/invariants/a", { kind: "away" }, /atMost is missing: expected a count, or a share/],
    ["/invariants/a", { kind: "away", atMost: "200%" }, /atMost is "200%": expected a count, or a share/],
    ["/invariants/a", { kind: "transition", by: "/rack", atMost: "10%" }, /atMost is "10%": expected a count, as/],
    ["/invariants/a", { kind: "never" }, /when is missing: expected at least one URL/],
    ["/invariants/a", { kind: "never", when: { busy: "BUSY" } }, /when is about "busy": expected a state URL/],
    ["/invariants/a", { kind: "brake", unhealthyAbove: "a lot" }, /unhealthyAbove is "a lot": expected a share/],
  ];
  for (const [url, value, expected] of wrong) {
    assert.match(validatePolicy(url, value) ?? "", expected);
    assert.deepEqual(readPolicy(new Map([[url, value]])), { limits: [], invariants: [], failuresInARow: 5 });
  }
  assert.equal(validatePolicy("/physState", "POWER_ON"), undefined);
  assert.equal(readPolicy(new Map([["/engine/config", { failuresInARow: 3 }]])).failuresInARow, 3);
});

test("a policy can be written as people do: nested", () => {
  const nested = {
    limits: { power: { mutations: ["*/power-on"], atMost: 20 } },
    invariants: { up: { kind: "away", atMost: "10%" }, jobs: { kind: "never", when: { "/busy": "BUSY" } } },
    engine: { config: { failuresInARow: 3 } },
  };
  const read = fromNested(createSchema([core, policy]), nested);
  assert.ok(read.ok, JSON.stringify(read));
  const { limits, invariants, failuresInARow } = readPolicy(read.values);
  assert.deepEqual([limits.length, invariants.length, failuresInARow], [1, 2, 3]);
});
