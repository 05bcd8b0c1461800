import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compileDomain,
  createPlanner,
  describeNoPlan,
  describePlanSteps,
  describeUnserved,
  type ModuleDeclaration,
  type NoPlan,
  type Plan,
} from "../../src/plan/mod.ts";
import { join, machine, planFor, power, service, small } from "./machine.ts";

function reasonOf(plan: Plan): NoPlan {
  assert.ok(!plan.ok);
  return plan.reason;
}

const wanted = { "/physState": "POWER_ON", "/runState": "SYNC", "/services/a/state": "RUN" };

test("plan() names the value nearest to the start that nothing reaches, and the constant that is in the way", () => {
  const reason = reasonOf(planFor({ "/platform": "vbox", "/physState": "POWER_OFF" }, wanted));
  assert.deepEqual(reason, {
    kind: "unreachable",
    url: "/physState",
    value: "POWER_ON",
    achievers: [
      {
        key: "power/on",
        lacks: [{
          kind: "constant",
          url: "/platform",
          needs: "sim",
          is: "vbox",
          given: true,
          words: "/platform is 'vbox': needs 'sim'",
        }],
      },
      {
        key: "power/find-on",
        lacks: [{
          kind: "constant",
          url: "/platform",
          needs: "sim",
          is: "vbox",
          given: true,
          words: "/platform is 'vbox': needs 'sim'",
        }, {
          kind: "value",
          url: "/physState",
          needs: "PHYS_UNKNOWN",
          words: "/physState can't become 'PHYS_UNKNOWN'",
        }],
      },
    ],
  });
  assert.equal(
    describeNoPlan(reason),
    "Cannot reach /physState 'POWER_ON': /platform is 'vbox', expected 'sim'",
  );
});

test("plan() says when a constant is not set at all", () => {
  const plan = createPlanner(machine).plan({ view: new Map(), cfg: new Map([["/physState", "POWER_OFF"]]) });
  const reason = reasonOf(plan);
  assert.ok(reason.kind === "unreachable");
  assert.deepEqual(reason.achievers[0], {
    key: "power/find-off",
    lacks: [{
      kind: "constant",
      url: "/platform",
      needs: "sim",
      given: true,
      words: "/platform is not set: needs 'sim'",
    }],
  });
});

test("plan() says what no mutation of the domain changes", () => {
  const plan = planFor({}, { "/runState": "SYNC" }, compileDomain([join]));
  assert.deepEqual(reasonOf(plan), {
    kind: "unreachable",
    url: "/runState",
    value: "INIT",
    achievers: [{
      key: "join/boot",
      lacks: [{
        kind: "constant",
        url: "/physState",
        needs: "POWER_ON",
        is: "PHYS_UNKNOWN",
        words: "/physState is 'PHYS_UNKNOWN': needs 'POWER_ON'",
      }],
    }],
  });
});

test("plan() says that a busy node is not powered off", () => {
  const view = { "/physState": "POWER_ON", "/busy": "BUSY" };
  const lack = {
    key: "power/off",
    lacks: [{ kind: "excluded", url: "/busy", excludes: ["BUSY"], is: "BUSY", words: "/busy is 'BUSY': must not be" }],
  };
  const off = reasonOf(planFor(view, { "/physState": "POWER_OFF" }));
  assert.ok(off.kind === "unreachable" && off.url === "/physState" && off.value === "POWER_OFF");
  assert.deepEqual(off.achievers.find(({ key }) => key === lack.key), lack);
});

test("plan() follows an unknown value that can't come about to the mutation that would forget it", () => {
  const view = { "/physState": "POWER_ON", "/busy": "BUSY", "/runState": "ERROR" };
  assert.deepEqual(reasonOf(planFor(view, wanted)), {
    kind: "unreachable",
    url: "/runState",
    value: "UNKNOWN",
    achievers: [{
      key: "power/off",
      lacks: [{
        kind: "excluded",
        url: "/busy",
        excludes: ["BUSY"],
        is: "BUSY",
        words: "/busy is 'BUSY': must not be",
      }],
    }],
  });
});

test("plan() says so when no mutation leads to a value", () => {
  const reason = reasonOf(planFor({}, { "/physState": "PHYS_ERROR" }));
  assert.deepEqual(reason, { kind: "unreachable", url: "/physState", value: "PHYS_ERROR", achievers: [] });
  assert.equal(describeNoPlan(reason), "Cannot reach /physState 'PHYS_ERROR': no mutation leads to it");
  const strange = reasonOf(planFor({}, { "/physState": 5 }));
  assert.deepEqual(strange, { kind: "unreachable", url: "/physState", value: 5, achievers: [] });
});

test("plan() says what a variable can't be anything but", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] }, excludes: { "/y": ["a", "b"] } },
    turn: { changes: { "/y": ["a", "b"] } },
  });
  assert.deepEqual(reasonOf(planFor({ "/x": "a", "/y": "a" }, { "/x": "b" }, domain)), {
    kind: "unreachable",
    url: "/x",
    value: "b",
    achievers: [{
      key: "m/go",
      lacks: [{
        kind: "excluded",
        url: "/y",
        excludes: ["a", "b"],
        words: "/y can't become anything but 'a' or 'b': must not be",
      }],
    }],
  });
});

test("plan() says when a mutation itself makes unknown what it leads to", () => {
  const domain = small({
    both: { changes: { "/x": ["a", "b"], "/y": ["a", "b"] } },
  }, { "/y": { "/x": "a" } });
  assert.deepEqual(reasonOf(planFor({ "/x": "a", "/y": "a" }, { "/y": "b" }, domain)), {
    kind: "unreachable",
    url: "/y",
    value: "b",
    achievers: [{
      key: "m/both",
      lacks: [{
        kind: "undone",
        url: "/x",
        needs: "a",
        becomes: "b",
        forgets: "/y",
        words: "/x becomes 'b' with it: must be 'a' for /y to be known",
      }],
    }],
  });
});

test("plan() says when what a mutation needs never holds at once", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] }, requires: { "/y": "b", "/z": "b" } },
    y: { changes: { "/y": ["a", "b"] }, requires: { "/z": "a" } },
    z: { changes: { "/z": ["a", "b"] }, requires: { "/y": "a" } },
  });
  const reason = reasonOf(planFor({ "/x": "a", "/y": "a", "/z": "a" }, { "/x": "b" }, domain));
  assert.deepEqual(reason, {
    kind: "unreachable",
    url: "/x",
    value: "b",
    achievers: [{
      key: "m/go",
      lacks: [{
        kind: "together",
        needs: [{ url: "/x", value: "a" }, { url: "/y", value: "b" }, { url: "/z", value: "b" }],
        excludes: [],
        words: "what it needs never holds at once: /x 'a', /y 'b', /z 'b'",
      }],
    }],
  });
});

test("plan() names the goals that exclude each other, and only those", () => {
  const domain = small({
    y: { changes: { "/y": ["a", "b"] }, requires: { "/z": "a" } },
    z: { changes: { "/z": ["a", "b"] }, requires: { "/y": "a" } },
    other: { changes: { "/x": ["a", "b"] }, requires: { "/y": "a" } },
  });
  const view = { "/x": "a", "/y": "a", "/z": "a" };
  const reason = reasonOf(planFor(view, { "/x": "b", "/y": "b", "/z": "b" }, domain));
  assert.deepEqual(reason, { kind: "conflict", goals: [{ url: "/y", value: "b" }, { url: "/z", value: "b" }] });
  assert.equal(describeNoPlan(reason), "Cannot reach /y 'b' and /z 'b' at once, though each can be reached alone");
});

test("describeNoPlan() tells the bound", () => {
  assert.match(describeNoPlan({ kind: "bound", bound: "states", limit: 7 }), /^Cannot find a plan within 7 states: /);
  assert.match(
    describeNoPlan({ kind: "bound", bound: "bytes", limit: 2 ** 27 }),
    /^Cannot find a plan within 128 MiB /,
  );
  assert.match(describeNoPlan({ kind: "bound", bound: "ms", limit: 10_000 }), /^Cannot find a plan within 10 s: /);
  assert.match(describeNoPlan({ kind: "searching" }), /^The search for a plan takes longer than usual /);
});

test("describeSteps() tells each step, what it waits for, and the goals that give way", () => {
  const plan = planFor({ "/physState": "POWER_ON", "/runState": "SYNC", "/drained": "NO" }, {
    "/physState": "POWER_OFF",
    "/runState": "SYNC",
  });
  assert.deepEqual(describePlanSteps(plan), [
    "1. service/drain (self): /drained NO -> YES",
    "2. power/off (parent): /physState POWER_ON -> POWER_OFF, after 1",
    "/runState 'SYNC' gives way to /physState 'POWER_OFF'",
  ]);
});

/** The same power module for nodes of other platforms. */
function powerOf(platform: string): ModuleDeclaration {
  const mutations = Object.entries(power.mutations).map(([id, mutation]) =>
    [id, { ...mutation, requires: { ...mutation.requires, "/platform": platform } }] as const
  );
  return { ...power, name: platform, mutations: Object.fromEntries(mutations) };
}

const many = compileDomain([power, powerOf("ipmi"), powerOf("redfish"), join, service]);

test("plan() names first what a person can do something about, and mutations for other nodes last", () => {
  const view = { "/platform": "redfish", "/physState": "POWER_ON", "/busy": "BUSY" };
  const reason = reasonOf(planFor(view, { "/physState": "POWER_OFF" }, many));
  assert.ok(reason.kind === "unreachable");
  assert.deepEqual(
    reason.achievers.filter(({ forOthers }) => forOthers !== true).map(({ key }) => key),
    ["redfish/off", "redfish/find-off", "redfish/reset"],
  );
  assert.equal(reason.achievers.length, 9);
  assert.ok(reason.achievers.slice(3).every(({ forOthers }) => forOthers === true));
  assert.match(
    describeNoPlan(reason),
    /^Cannot reach \/physState 'POWER_OFF' \(redfish\/off: \/busy is 'BUSY': must not be; /,
  );
  assert.ok(!describeNoPlan(reason).includes("ipmi"));
});

test("plan() looks for the cause behind the node's own mutations, not behind those of other platforms", () => {
  const view = { "/platform": "redfish", "/physState": "POWER_ON", "/runState": "ERROR", "/busy": "BUSY" };
  const reason = reasonOf(planFor(view, wanted, many));
  assert.ok(reason.kind === "unreachable");
  assert.deepEqual([reason.url, reason.value], ["/runState", "UNKNOWN"]);
  assert.equal(reason.achievers[0]?.key, "redfish/off");
  assert.equal(reason.achievers[0]?.lacks[0]?.words, "/busy is 'BUSY': must not be");
});

test("plan() says which platforms there are where none of them is the node's", () => {
  const reason = reasonOf(planFor({ "/platform": "vbox" }, { "/physState": "POWER_ON" }, many));
  assert.equal(
    describeNoPlan(reason),
    "Cannot reach /physState 'POWER_ON': /platform is 'vbox', expected 'ipmi', 'redfish' or 'sim'",
  );
  const unset = createPlanner(many).plan({ view: new Map(), cfg: new Map([["/physState", "POWER_ON"]]) });
  assert.equal(
    describeNoPlan(reasonOf(unset)),
    "Cannot reach /physState 'POWER_ON': /platform is not set, expected 'ipmi', 'redfish' or 'sim'",
  );
});

test("describeUnserved() names a platform that no module is for, and nothing else", () => {
  const say = (cfg: Readonly<Record<string, string>>) =>
    describeUnserved(many, new Map(Object.entries(cfg)), "/platform");
  assert.equal(
    say({ "/platform": "vbox" }),
    "/platform is 'vbox', which no module supports: expected 'ipmi', 'redfish' or 'sim'",
  );
  assert.equal(say({ "/platform": "ipmi" }), undefined);
  assert.equal(say({}), undefined);
  assert.equal(describeUnserved(compileDomain([join]), new Map([["/platform", "vbox"]]), "/platform"), undefined);
});
