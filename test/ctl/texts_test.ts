import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { describeChanges } from "../../ctl/change_text.ts";
import { groupByKey } from "../../ctl/grouping.ts";
import { describeNode, describeNodes } from "../../ctl/node_text.ts";
import { describePlans } from "../../ctl/plan_text.ts";
import { createStyle } from "../../src/cli/mod.ts";
import { answer, bringUp, change, group, noPlan, nothing, summary } from "./samples.ts";

const style = createStyle(false);
const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

test("groupByKey() puts each item in one group, whatever the order, groups by their first names", () => {
  const items = fc.uniqueArray(fc.integer({ min: 0, max: 50 }).map((number) => `n${number}`));
  const covered = createCoverage("groups", ["none", "one", "two", "all three"], 0.05);
  fc.assert(
    fc.property(items, (items) => {
      const groups = groupByKey(items, (name) => name, (name) => String(Number(name.slice(1)) % 3));
      const sizes = ["none", "one", "two", "all three"] as const;
      const size = sizes[groups.length];
      if (size !== undefined) covered.saw(size);
      assert.deepEqual(groups.flatMap((group) => group.names).sort(), [...items].sort());
      for (const { names } of groups) assert.equal(new Set(names.map((name) => Number(name.slice(1)) % 3)).size, 1);
      const firsts = groups.map((group) => Number(group.names[0]?.slice(1)));
      assert.deepEqual(firsts, [...firsts].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("describePlans() shows a plan that many nodes share once, with what each step waits for", () => {
  const plans = [...names(412).map((name) => ({ name, plan: bringUp })), { name: "login1", plan: nothing }];
  assert.deepEqual(describePlans(plans, style), [
    "login1: nothing to do",
    "n[1-412]: 3 steps",
    "  1.  simpower/power-on  (parent)  /physState POWER_OFF -> POWER_ON  starts now         within 30s",
    "  2.  simpower/boot      (parent)  /runState UNKNOWN -> INIT         waits for 1        within 1m",
    "  3.  join/level         (parent)  /runState INIT -> SYNC            waits for 1 and 2  within 30s",
  ]);
});

test("describePlans() says why there is no plan, and what is suspended for what", () => {
  const suspended = {
    ...nothing,
    suspended: [{ url: "/runState", value: "SYNC", because: { url: "/physState", value: "POWER_OFF" } }],
  };
  assert.deepEqual(describePlans([{ name: "n1", plan: noPlan }, { name: "n2", plan: suspended }], style), [
    "n1: no plan: /physState=POWER_ON cannot be reached: no power module",
    "n2: nothing to do",
    "  suspended: /runState=SYNC while /physState=POWER_OFF is wanted",
  ]);
});

test("describeChanges() shows the same change once, then plans, then a summary", () => {
  const created = ["n8", "n9"].map((name) =>
    change(name, {
      created: true,
      differences: [{ url: "/name", to: name }, { url: "/platform", to: "sim" }],
      plan: noPlan,
    })
  );
  const unset = change("n3", { differences: [{ url: "/services/a/config", from: { command: "x" } }], plan: nothing });
  const unchanged = change("n4", { differences: [], plan: nothing });
  const groups = [
    group("n[1-2]", 2, bringUp, { busy: "n2", held: { nodeset: "n1", reason: "it failed" } }),
    group("n[3-4]", 2, nothing, { summary: "nothing to do" }),
    group("n[8-9]", 2, noPlan, { frozen: "n8" }),
  ];
  const changes = answer([change("n1"), change("n2"), unset, unchanged, ...created], groups);
  const lines = describeChanges(changes, true, style);
  assert.deepEqual(lines.filter((line) => !/^ {2}\d\./.test(line)), [
    "n[1-2]: changed",
    "  /physState: POWER_OFF -> POWER_ON",
    "n3: changed",
    '  /services/a/config: {"command":"x"} -> unset',
    "n[8-9]: created",
    "  /platform: sim",
    "",
    "Plans:",
    "2 nodes (n[1-2]): 3 steps; about 1 min",
    "  busy: n2",
    "  held: n1: it failed",
    "2 nodes (n[3-4]): nothing to do",
    "2 nodes (n[8-9]): no plan: /physState=POWER_ON cannot be reached: no power module",
    "  frozen, nothing is started before a thaw: n8",
    "",
    "6 nodes: 2 created, 3 changed, 1 unchanged, 2 without a plan (dry run: nothing was changed)",
  ]);
});

test("describeChanges() shows warnings, and which rules refuse a step or make it wait, in place of its start", () => {
  const warnings = ['/invariants/few/atMost is "10%": of 8 nodes that is none'];
  const groups = [
    group("n1", 1, bringUp, {
      refused: { step: 0, mutation: "simpower/power-on", invariant: "jobs", because: "'/busy' is 'BUSY'" },
    }),
    group("n[2-9]", 8, bringUp, {
      queued: [{ step: 0, kind: "limit", rule: "power", words: "at most 2 at once by limit 'power'" }],
    }),
  ];
  const lines = describeChanges(answer([change("n1", { warnings }), change("n2")], groups), true, style);
  assert.deepEqual(lines.slice(0, 3), [
    "n1: changed",
    "  /physState: POWER_OFF -> POWER_ON",
    '  warning: /invariants/few/atMost is "10%": of 8 nodes that is none',
  ]);
  const starts = lines.filter((line) => line.startsWith("  1. "));
  assert.match(starts[0] ?? "", / refused by 'jobs' /);
  assert.match(starts[1] ?? "", / waits at 'power' /);
  assert.ok(lines.includes("  refused: by invariant 'jobs', as '/busy' is 'BUSY'"));
  assert.ok(lines.includes("  queued: at most 2 at once by limit 'power'"));
});

test("describeChanges() is one line when nothing changes", () => {
  const unchanged = change("n1", { differences: [], plan: nothing });
  assert.deepEqual(describeChanges(answer([unchanged]), false, style), ["1 node: 0 created, 0 changed, 1 unchanged"]);
});

test("describeNodes() shows a row a node and sums up their phases", () => {
  const nodes = [summary("n1"), summary("n2", { phase: "stuck", reason: "power-on: no answer", runState: "UNKNOWN" })];
  assert.deepEqual(describeNodes(nodes, style, undefined), [
    "NAME  PLATFORM  PHYS      RUN      PHASE      REASON",
    "n1    sim       POWER_ON  SYNC     converged",
    "n2    sim       POWER_ON  UNKNOWN  stuck      power-on: no answer",
    "2 nodes: 1 converged, 1 stuck",
  ]);
  assert.equal(describeNodes([], style, undefined).at(-1), "0 nodes");
});

test("describeNodes() marks nodes that are late, with the reason, and counts them", () => {
  const late = { since: "2026-01-01T00:00:00.000Z", why: "'/runState' is 'INIT': expected for 60 s at most" };
  const nodes = [summary("n1"), summary("n2", { phase: "working", reason: "join/level", late })];
  assert.deepEqual(describeNodes(nodes, style, undefined), [
    "NAME  PLATFORM  PHYS      RUN   PHASE         REASON",
    "n1    sim       POWER_ON  SYNC  converged",
    "n2    sim       POWER_ON  SYNC  working LATE  join/level; late: '/runState' is 'INIT': expected for 60 s at most",
    "2 nodes: 1 converged, 1 working; 1 late",
  ]);
});

test("describeNode() tells which profile a value comes from, and what is staged", () => {
  const node = {
    ...summary("n1", { phase: "converged", reason: "" }),
    cfg: { rack: "r1", services: { a: { config: { args: ["1"] } } } },
    inherited: { "/services/a/config": "base" },
    staged: { values: { "/rack": "r2", "/arch": null }, until: "boot" as const, since: "2026-01-01T00:00:00.000Z" },
    dsc: {},
    version: "0.1.2",
    engine: { phase: "converged" as const, running: [] },
  };
  assert.deepEqual(describeNode(node, style, undefined).slice(3), [
    "phase   converged",
    "staged  until its next boot: /rack=r2 /arch=",
    "",
    "VARIABLE                 DESIRED  DISCOVERED  PROFILE",
    "/rack                    r1",
    '/services/a/config/args  ["1"]                base',
  ]);
});

test("describeNode() sets what is desired beside what is discovered", () => {
  const node = {
    ...summary("n1", { phase: "working", reason: "simpower/power-on" }),
    cfg: { physState: "POWER_ON", services: { a: { state: "RUN", config: { args: ["1"] } } } },
    inherited: {},
    dsc: { physState: "POWER_OFF" },
    version: "0.1.2",
    engine: { phase: "working" as const, running: [] },
  };
  assert.deepEqual(describeNode(node, style, undefined), [
    "name    n1",
    "id      id-of-n1",
    "kind    node",
    "phase   working",
    "reason  simpower/power-on",
    "",
    "VARIABLE                 DESIRED   DISCOVERED",
    "/physState               POWER_ON  POWER_OFF",
    '/services/a/config/args  ["1"]',
    "/services/a/state        RUN",
  ]);
});
