import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDomain, createPlanner, type Mutation, type Plan } from "../../src/plan/mod.ts";
import { defineExtension, enumeration, type Value } from "../../src/state/mod.ts";
import { join, keysOf, machine, planFor, power, service, small } from "./machine.ts";

const running = {
  "/physState": "POWER_ON",
  "/runState": "SYNC",
  "/drained": "NO",
  "/services/a/state": "RUN",
  "/services/b/state": "RUN",
};
const wanted = {
  "/physState": "POWER_ON",
  "/runState": "SYNC",
  "/services/a/state": "RUN",
  "/services/b/state": "RUN",
};

function stepsOf(plan: Plan): { key: string; after: readonly number[] }[] {
  assert.ok(plan.ok, JSON.stringify(plan));
  return plan.steps.map(({ key, after }) => ({ key, after }));
}

test("plan() has nothing to do for a node at its goal", () => {
  assert.deepEqual(planFor(running, wanted), { ok: true, steps: [], cost: 0, duration: 0, suspended: [] });
});

test("plan() brings a node from cold to its services, which start side by side", () => {
  assert.deepEqual(stepsOf(planFor({ "/physState": "POWER_OFF" }, wanted)), [
    { key: "power/on", after: [] },
    { key: "join/boot", after: [0] },
    { key: "join/level", after: [1] },
    { key: "service/find{name=a}", after: [2] },
    { key: "service/find-drained", after: [2] },
    { key: "service/start{name=a}", after: [3, 4] },
    { key: "service/find{name=b}", after: [2] },
    { key: "service/start{name=b}", after: [4, 6] },
  ]);
});

test("plan() gives each step its module, bindings, context, timeout and what it fails to", () => {
  const plan = planFor({ "/physState": "POWER_ON", "/drained": "UNKNOWN" }, { "/physState": "POWER_OFF" });
  assert.ok(plan.ok);
  assert.deepEqual(plan.steps, [{
    key: "power/off",
    module: "power",
    mutation: "off",
    bindings: {},
    context: "parent",
    changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
    failTo: { "/physState": "PHYS_HANG" },
    timeout: 10_000,
    disruption: 10,
    duration: 2500,
    after: [],
  }]);
  const [start] = (planFor({ ...running, "/services/a/state": "STOP" }, wanted) as Extract<Plan, { ok: true }>).steps;
  assert.deepEqual([start?.bindings, start?.context], [{ name: "a" }, "self"]);
});

test("plan() drains a node before its power goes off, and suspends what can't be known then", () => {
  const plan = planFor(running, { ...wanted, "/physState": "POWER_OFF" });
  assert.deepEqual(stepsOf(plan), [{ key: "service/drain", after: [] }, { key: "power/off", after: [0] }]);
  const because = { url: "/physState", value: "POWER_OFF" };
  assert.deepEqual(plan.suspended, [
    { url: "/runState", value: "SYNC", because },
    { url: "/services/a/state", value: "RUN", because },
    { url: "/services/b/state", value: "RUN", because },
  ]);
});

test("plan() repairs a node in ERROR by the power, as its services are forgotten with it", () => {
  const plan = planFor({ "/physState": "POWER_ON", "/runState": "ERROR" }, wanted);
  assert.deepEqual(stepsOf(plan).slice(0, 4).map(({ key }) => key), [
    "power/off",
    "power/on",
    "join/boot",
    "join/level",
  ]);
});

test("plan() takes the cheaper discovery as the one to hope for", () => {
  assert.deepEqual(keysOf(planFor({}, { "/physState": "POWER_ON" })), ["power/find-on"]);
  assert.deepEqual(keysOf(planFor({}, { "/physState": "POWER_OFF" })), ["power/find-off"]);
});

test("plan() instantiates patterns for the names of the node only", () => {
  const plan = planFor({ ...running, "/services/zz/state": "ERROR", "/services/a/state": "ERROR" }, wanted);
  assert.deepEqual(keysOf(plan), ["service/restart{name=a}"]);
});

test("plan() passes over cfg values of variables that no mutation changes", () => {
  assert.deepEqual(keysOf(planFor(running, { ...wanted, "/busy": "BUSY", "/freeze": true, "/arch": "x" })), []);
});

test("plan() reaches the unknown value of a variable by letting it be forgotten", () => {
  const plan = planFor({ "/physState": "POWER_ON", "/runState": "INIT" }, { "/runState": "UNKNOWN" });
  assert.deepEqual(keysOf(plan), ["power/off"]);
});

test("plan() takes the shorter of two ways of the same disruption, and never more disruption for less time", () => {
  const domain = small({
    slow: { changes: { "/x": ["a", "b"] }, duration: 9000 },
    first: { changes: { "/x": ["a", "c"] }, duration: 1 },
    second: { changes: { "/x": ["c", "b"] }, duration: 1 },
    dear: { changes: { "/y": ["a", "b"] }, disruption: 2, duration: 1 },
    even: { changes: { "/y": ["a", "c"] }, duration: 4000 },
    longer: { changes: { "/y": ["c", "b"] }, duration: 5000 },
    shorter: { changes: { "/y": ["c", "b"] }, duration: 4999 },
  });
  assert.deepEqual(keysOf(planFor({ "/x": "a" }, { "/x": "b" }, domain)), ["m/slow"]);
  assert.deepEqual(keysOf(planFor({ "/y": "a" }, { "/y": "b" }, domain)), ["m/dear"]);
  const plan = planFor({ "/y": "c", "/x": "c" }, { "/y": "b", "/x": "b" }, domain);
  assert.deepEqual(keysOf(plan), ["m/second", "m/shorter"]);
});

test("plan() tells how long it is expected to take: what runs side by side counts once", () => {
  const domain = small({
    x: { changes: { "/x": ["a", "b"] }, duration: 1000 },
    y: { changes: { "/y": ["a", "b"] }, duration: 300 },
    z: { changes: { "/z": ["a", "b"] }, requires: { "/y": "b" }, timeout: 3200 },
  });
  const plan = planFor({ "/x": "a", "/y": "a", "/z": "a" }, { "/x": "b", "/z": "b" }, domain);
  assert.ok(plan.ok);
  assert.deepEqual([plan.cost, plan.duration, plan.steps.map(({ duration }) => duration)], [3, 1100, [1000, 300, 800]]);
});

test("plan() keeps away from what a mutation excludes", () => {
  const domain = small({
    short: { changes: { "/x": ["a", "b"] }, excludes: { "/y": ["a", "b"] } },
    long: { changes: { "/x": ["a", "b"] }, disruption: 5 },
    clear: { changes: { "/y": ["a", "c"] }, disruption: 3 },
    swap: { changes: { "/y": ["a", "b"] } },
  });
  assert.deepEqual(keysOf(planFor({ "/x": "a", "/y": "a" }, { "/x": "b" }, domain)), ["m/clear", "m/short"]);
  assert.deepEqual(keysOf(planFor({ "/x": "a", "/y": "b" }, { "/x": "b" }, domain)), ["m/long"]);
  assert.deepEqual(keysOf(planFor({ "/x": "a" }, { "/x": "b" }, domain)), ["m/short"]);
});

test("plan() counts a mutation of several variables once", () => {
  const domain = small({
    both: { changes: { "/x": ["a", "b"], "/y": ["a", "b"], "/z": ["a", "b"] }, disruption: 4 },
    x: { changes: { "/x": ["a", "b"] }, disruption: 2 },
    y: { changes: { "/y": ["a", "b"] }, disruption: 2 },
    z: { changes: { "/z": ["a", "b"] }, disruption: 2 },
  });
  const view = { "/x": "a", "/y": "a", "/z": "a" };
  assert.deepEqual(keysOf(planFor(view, { "/x": "b", "/y": "b", "/z": "b" }, domain)), ["m/both"]);
  assert.deepEqual(keysOf(planFor(view, { "/x": "b" }, domain)), ["m/x"]);
});

test("plan() prepares a mutation of several variables where that is cheaper than one for each", () => {
  const domain = small({
    prepare: { changes: { "/z": ["a", "b"] } },
    both: { changes: { "/x": ["a", "b"], "/y": ["a", "b"] }, requires: { "/z": "b" }, disruption: 4 },
    x: { changes: { "/x": ["a", "b"] }, disruption: 3 },
    y: { changes: { "/y": ["a", "b"] }, disruption: 3 },
  });
  const plan = planFor({ "/x": "a", "/y": "a", "/z": "a" }, { "/x": "b", "/y": "b" }, domain);
  assert.deepEqual(keysOf(plan), ["m/prepare", "m/both"]);
});

test("plan() lets go of an excluded value that no mutation changes by letting it be forgotten", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] }, excludes: { "/y": "a" } },
    leave: { changes: { "/w": ["a", "b"] } },
  }, { "/y": { "/w": "a" } });
  assert.deepEqual(keysOf(planFor({ "/w": "a", "/x": "a", "/y": "a" }, { "/x": "b" }, domain)), ["m/leave", "m/go"]);
});

test("plan() takes a constant that is not set for no value at all", () => {
  const mode = { type: enumeration("ANY", "FAST"), writer: "cfg", about: "A constant" } as const;
  const extension = defineExtension("mode", { "/mode": mode, "/x": { ...mode, writer: "parent" } });
  const goal = (mutation: Partial<Mutation>) =>
    planFor(
      {},
      { "/x": "FAST" },
      compileDomain([{
        name: "m",
        about: "",
        extensions: [extension],
        discovers: [],
        mutations: { go: { context: "any", changes: { "/x": ["ANY", "FAST"] }, timeout: 1, ...mutation } },
      }]),
    ).ok;
  assert.equal(goal({ requires: { "/mode": "ANY" } }), false);
  assert.equal(goal({ excludes: { "/mode": "ANY" } }), true);
});

test("plan() finds again what it had to forget on the way", () => {
  const domain = small({
    leave: { changes: { "/x": ["a", "b"] } },
    back: { changes: { "/x": ["b", "a"] } },
    work: { changes: { "/z": ["a", "b"] }, requires: { "/x": "b" } },
    find: { changes: { "/y": ["?", "a"] }, requires: { "/x": "a" } },
    raise: { changes: { "/y": ["a", "b"] }, requires: { "/x": "a" } },
  }, { "/y": { "/x": "a" } });
  const plan = planFor({ "/x": "a", "/y": "b", "/z": "a" }, { "/x": "a", "/y": "b", "/z": "b" }, domain);
  assert.deepEqual(keysOf(plan), ["m/leave", "m/work", "m/back", "m/find", "m/raise"]);
});

test("plan() solves variables each of which may change only while the other has a value", () => {
  const domain = small({
    x1: { changes: { "/x": ["a", "b"] }, requires: { "/y": "a" } },
    y1: { changes: { "/y": ["a", "b"] }, requires: { "/x": "b" } },
    x2: { changes: { "/x": ["b", "c"] }, requires: { "/y": "b" } },
    y2: { changes: { "/y": ["b", "c"] }, requires: { "/x": "c" } },
  });
  const plan = planFor({ "/x": "a", "/y": "a" }, { "/x": "c", "/y": "c" }, domain);
  assert.deepEqual(stepsOf(plan), [
    { key: "m/x1", after: [] },
    { key: "m/y1", after: [0] },
    { key: "m/x2", after: [1] },
    { key: "m/y2", after: [2] },
  ]);
});

test("plan() solves independent goals apart and lets them run side by side", () => {
  const urls = Array.from({ length: 64 }, (_, number) => `/v${number}`);
  const domain = small(Object.fromEntries(urls.flatMap((url, number) => [
    [`${number}-1`, { changes: { [url]: ["a", "b"] as const } }],
    [`${number}-2`, { changes: { [url]: ["b", "c"] as const } }],
    [`${number}-3`, { changes: { [url]: ["c", "d"] as const } }],
  ])));
  const all = (value: string) => Object.fromEntries(urls.map((url) => [url, value]));
  const plan = planFor(all("a"), all("d"), domain);
  assert.ok(plan.ok);
  assert.equal(plan.cost, 192);
  assert.equal(plan.steps.filter((step) => step.after.length === 0).length, 64);
});

test("plan() is not slowed by siblings behind one chain, not even when all must be forgotten and found again", () => {
  const names = Array.from({ length: 12 }, (_, number) => `/services/s${number}/state`);
  const all = Object.fromEntries(names.map((url) => [url, "RUN"]));
  const planner = createPlanner(machine, { maxExpansions: 2000 });
  const cfg = new Map(Object.entries({ ...all, "/runState": "SYNC", "/physState": "POWER_ON" }));
  for (const view of [{ "/physState": "POWER_OFF" }, { "/physState": "POWER_ON", "/runState": "ERROR" }]) {
    const plan = planner.plan({ view: new Map(Object.entries({ "/platform": "sim", ...view })), cfg });
    assert.ok(plan.ok, JSON.stringify(plan));
  }
});

test("plan() sees that twelve devices behind one switch need each of its positions once", () => {
  const devices = Array.from({ length: 12 }, (_, number) => `/d${number}`);
  const positions = ["a", "b", "c"] as const;
  const turns = positions.flatMap((from) => positions.map((to) => [from, to] as const));
  const domain = small({
    ...Object.fromEntries(
      turns.map(([from, to]) => [`${from}-${to}`, { changes: { "/switch": [from, to] as const } }]),
    ),
    ...Object.fromEntries(devices.map((url, number) => [url.slice(1), {
      changes: { [url]: ["?", "a"] as const },
      requires: { "/switch": positions[number % 3] ?? "a" },
    }])),
  });
  const question = { view: new Map([["/switch", "a"]]), cfg: new Map(devices.map((url) => [url, "a"])) };
  const plan = createPlanner(domain, { maxExpansions: 1000 }).plan(question);
  assert.ok(plan.ok, JSON.stringify(plan));
  assert.equal(plan.cost, 14);
});

test("plan() gives up at its bound with a clear answer", () => {
  const chain = small({
    one: { changes: { "/x": ["a", "b"] } },
    two: { changes: { "/x": ["b", "c"] } },
    three: { changes: { "/x": ["c", "d"] } },
  });
  const question = { view: new Map([["/x", "a"]]), cfg: new Map([["/x", "d"]]) };
  assert.deepEqual(createPlanner(chain, { maxExpansions: 2 }).plan(question), {
    ok: false,
    reason: { kind: "bound", bound: "states", limit: 2 },
    suspended: [],
  });
  assert.equal(createPlanner(chain, { maxExpansions: 3 }).plan(question).ok, true);
});

test("plan() answers the same question from memory, whatever else differs on the node", () => {
  const planner = createPlanner(machine);
  const ask = (view: object, cfg: object) =>
    planner.plan({
      view: new Map(Object.entries({ "/platform": "sim", "/physState": "POWER_OFF", ...view })),
      cfg: new Map(Object.entries({ "/physState": "POWER_ON", ...cfg })),
    });
  const first = ask({ "/name": "n1" }, { "/name": "n1" });
  assert.equal(ask({ "/name": "n2", "/services/x/state": "RUN" }, { "/name": "n2" }), first);
  assert.notEqual(ask({ "/busy": "BUSY" }, {}), first);
  assert.notEqual(ask({}, { "/runState": "SYNC" }), first);
  assert.notEqual(ask({ "/platform": "other" }, {}), first);
});

test("plan() forgets the answers that were asked for longest ago", () => {
  const planner = createPlanner(machine, { cacheSize: 2 });
  const ask = (platform: string) =>
    planner.plan({ view: new Map([["/platform", platform]]), cfg: new Map([["/physState", "POWER_ON"]]) });
  const [a, b] = [ask("a"), ask("b")];
  assert.equal(ask("a"), a);
  ask("c"); // b was used last of all
  assert.equal(ask("a"), a);
  assert.notEqual(ask("b"), b);
});

test("plan() does not depend on the order in which modules are registered", () => {
  const plans = [[power, join, service], [service, join, power], [join, service, power, join]].map((modules) =>
    planFor({}, wanted, compileDomain(modules))
  );
  assert.deepEqual(plans[1], plans[0]);
  assert.deepEqual(plans[2], plans[0]);
});

test("plan() binds a mutation that changes a plain URL too for every name of the node", () => {
  const domain = small({
    claim: { changes: { "/owner": ["a", "b"], "/disks/{name}/state": ["a", "b"] } },
  });
  const disks = { "/disks/d1/state": "?", "/disks/d2/state": "a" };
  const plan = planFor({ "/owner": "a", ...disks }, { "/owner": "b" }, domain);
  assert.deepEqual(keysOf(plan), ["m/claim{name=d2}"]);
});

test("plan() takes an unknown value for no goal where it is told to, at any depth", () => {
  const planner = createPlanner(machine, { unknownGoals: false });
  const up = { "/physState": "POWER_ON", "/runState": "SYNC", "/drained": "NO", "/services/a/state": "RUN" };
  const view = new Map(Object.entries({ "/platform": "sim", ...up }));
  for (const [url, value] of [["/runState", "UNKNOWN"], ["/physState", "PHYS_UNKNOWN"]] as const) {
    const plan = planner.plan({ view, cfg: new Map([[url, value]]) });
    assert.deepEqual(keysOf(plan), []);
  }
  const mixed = planner.plan({
    view,
    cfg: new Map(Object.entries({ "/runState": "UNKNOWN", "/services/a/state": "STOP" })),
  });
  assert.deepEqual(keysOf(mixed), ["service/stop{name=a}"]);
});

test("plan() asks for names in the key of what it remembers: another name is another question", () => {
  const domain = small({
    claim: { changes: { "/owner": ["a", "b"], "/disks/{name}/state": ["a", "b"] } },
  });
  const planner = createPlanner(domain);
  const plan = (disk: string) =>
    planner.plan({
      view: new Map([["/owner", "a"], [`/disks/${disk}/state`, "a"]]),
      cfg: new Map([["/owner", "b"]]),
    });
  assert.deepEqual(keysOf(plan("d1")), ["m/claim{name=d1}"]);
  assert.deepEqual(keysOf(plan("d2")), ["m/claim{name=d2}"]);
});

test("plan() tells values of one text but of different types apart in what it remembers", () => {
  const five = { type: { kind: "either", of: [{ kind: "integer" }, { kind: "string" }] }, writer: "cfg" } as const;
  const type = enumeration("?", "a", "b");
  const domain = compileDomain([{
    name: "m",
    about: "",
    extensions: [
      defineExtension("either", { "/five": { ...five, about: "" }, "/x": { type, writer: "parent", about: "" } }),
    ],
    discovers: [],
    mutations: { go: { context: "any", changes: { "/x": ["a", "b"] }, requires: { "/five": 5 }, timeout: 1 } },
  }]);
  const planner = createPlanner(domain);
  const isPlanned = (value?: Value) =>
    planner.plan({
      view: new Map<string, Value>([["/x", "a"], ...(value === undefined ? [] : [["/five", value] as const])]),
      cfg: new Map([["/x", "b"]]),
    }).ok;
  assert.deepEqual(["5", 5, "=5", undefined, "", 5].map(isPlanned), [false, true, false, false, false, true]);
  assert.deepEqual([5, "5"].map(isPlanned), [true, false]);
});

test("plan() tells goals of one text but of different types apart in what it remembers", () => {
  const planner = createPlanner(machine);
  const reasonOf = (value: Value) => {
    const plan = planner.plan({ view: new Map([["/platform", "sim"]]), cfg: new Map([["/physState", value]]) });
    return plan.ok || plan.reason.kind !== "unreachable" ? undefined : plan.reason.value;
  };
  assert.deepEqual([5, "5", "", 5].map(reasonOf), [5, "5", "", 5]);
});

test("plan() remembers 1024 answers where nobody says how many", () => {
  const planner = createPlanner(machine);
  const ask = (platform: number) =>
    planner.plan({ view: new Map([["/platform", `p${platform}`]]), cfg: new Map([["/physState", "POWER_ON"]]) });
  const first = ask(0);
  for (let platform = 1; platform < 1024; platform++) ask(platform);
  assert.equal(ask(0), first);
  for (let platform = 1024; platform < 2048; platform++) ask(platform);
  assert.notEqual(ask(0), first);
});

test("plan() takes an unknown value for a goal where nobody says otherwise", () => {
  const plan = planFor({ "/physState": "POWER_ON", "/runState": "INIT" }, { "/runState": "UNKNOWN" });
  assert.ok(plan.ok && plan.steps.length === 1);
});

test("plan() says how long a plan takes by its longest way of steps that wait for each other", () => {
  const domain = small({
    w: { changes: { "/w": ["a", "b"] }, duration: 10 },
    x: { changes: { "/x": ["a", "b"] }, duration: 200 },
    y: { changes: { "/y": ["a", "b"] }, requires: { "/w": "b", "/x": "b" }, duration: 7 },
    z: { changes: { "/z": ["a", "b"] }, requires: { "/w": "b" }, duration: 20 },
  });
  const plan = planFor({ "/w": "a", "/x": "a", "/y": "a", "/z": "a" }, { "/y": "b", "/z": "b" }, domain);
  assert.ok(plan.ok);
  assert.deepEqual([plan.duration, plan.cost], [207, 4]);
});

test("plan() counts the places of steps that wait on through the groups that are solved apart", () => {
  const domain = small({
    a: { changes: { "/a": ["a", "b"] } },
    c: { changes: { "/c": ["a", "b"] } },
    d: { changes: { "/d": ["a", "b"] }, requires: { "/c": "b" } },
  });
  const plan = planFor({ "/a": "a", "/c": "a", "/d": "a" }, { "/a": "b", "/d": "b" }, domain);
  assert.deepEqual(stepsOf(plan), [
    { key: "m/a", after: [] },
    { key: "m/c", after: [] },
    { key: "m/d", after: [1] },
  ]);
});

test("a planner that remembers gives each question its own answer, by goals and by what is known", () => {
  const planner = createPlanner(machine);
  const asked = (known: string, goal: string | undefined) =>
    keysOf(planner.plan({
      view: new Map(Object.entries({ "/platform": "sim", "/drained": "YES", "/physState": known })),
      cfg: new Map(goal === undefined ? [] : [["/physState", goal]]),
    }));
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(asked("POWER_OFF", "POWER_ON"), ["power/on"]);
    assert.deepEqual(asked("POWER_OFF", "POWER_OFF"), []);
    assert.deepEqual(asked("POWER_ON", "POWER_ON"), []);
    assert.deepEqual(asked("POWER_ON", "POWER_OFF"), ["power/off"]);
    assert.deepEqual(asked("PHYS_HANG", "POWER_ON"), ["power/reset", "power/on"]);
    assert.deepEqual(asked("POWER_OFF", undefined), []);
  }
  const both = (a: string, b: string) =>
    keysOf(planner.plan({
      view: new Map(Object.entries(running)),
      cfg: new Map([["/services/a/state", a], ["/services/b/state", b]]),
    }));
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(both("STOP", "RUN"), ["service/stop{name=a}"]);
    assert.deepEqual(both("RUN", "STOP"), ["service/stop{name=b}"]);
  }
});
