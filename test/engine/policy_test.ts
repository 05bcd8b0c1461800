import assert from "node:assert/strict";
import { test } from "node:test";
import { matchMutations, matchNodes, readPolicy, shareOf, targetOf, validatePolicy } from "../../src/engine/mod.ts";
import { compileDomain, createPlanner, declareModule } from "../../src/plan/mod.ts";
import { core, type Value } from "../../src/state/mod.ts";
import { planner } from "./lab.ts";

type Fields = Readonly<Record<string, Value>>;

/** The one rule that is read from these fields; undefined where there is none. */
function read(kind: "limits" | "invariants", fields: Fields) {
  const { limits, invariants } = readPolicy(new Map([[`/${kind}/a`, fields]]));
  return kind === "limits" ? limits[0] : invariants[0];
}

test("a limit is read with everything that it says, and with nothing that it does not", () => {
  const all = { mutations: ["m/*", "n/on"], nodes: "n[1-3]", by: "/rack", atMost: 3, perSecond: 2 };
  assert.deepEqual(read("limits", all), { kind: "limit", name: "a", ...all });
  const none = { nodes: undefined, by: undefined, atMost: undefined, perSecond: undefined };
  assert.deepEqual(read("limits", { mutations: ["m/a"], atMost: 3 }), {
    ...{ kind: "limit", name: "a", mutations: ["m/a"], ...none, atMost: 3 },
  });
  assert.deepEqual(read("limits", { mutations: ["m/a"], perSecond: 1 }), {
    ...{ kind: "limit", name: "a", mutations: ["m/a"], ...none, perSecond: 1 },
  });
});

test("each kind of invariant is read with what it says", () => {
  assert.deepEqual(read("invariants", { kind: "away", nodes: "n1", atMost: "10%" }), {
    ...{ kind: "away", name: "a", nodes: "n1", atMost: { kind: "share", percent: 10 } },
  });
  assert.deepEqual(read("invariants", { kind: "away", atMost: 0 }), {
    ...{ kind: "away", name: "a", nodes: undefined, atMost: { kind: "count", count: 0 } },
  });
  assert.deepEqual(read("invariants", { kind: "transition", by: "/rack", atMost: 2 }), {
    ...{ kind: "transition", name: "a", nodes: undefined, by: "/rack", atMost: { kind: "count", count: 2 } },
  });
  assert.deepEqual(read("invariants", { kind: "transition", atMost: "100%" }), {
    ...{ kind: "transition", name: "a", nodes: undefined, by: undefined, atMost: { kind: "share", percent: 100 } },
  });
  assert.deepEqual(read("invariants", { kind: "never", when: { "/busy": "BUSY", "/frozen": true, "/n": 3 } }), {
    kind: "never",
    name: "a",
    nodes: undefined,
    when: new Map<string, Value>([["/busy", "BUSY"], ["/frozen", true], ["/n", 3]]),
  });
  assert.deepEqual(read("invariants", { kind: "brake", nodes: "n1", unhealthyAbove: "0%" }), {
    ...{ kind: "brake", name: "a", nodes: "n1", percent: 0 },
  });
});

test("what is wrong with a rule is named, and the rule is left out", () => {
  const limits: [Fields, string][] = [
    [{ mutations: [], atMost: 1 }, 'mutations is empty: expected at least one "module/id"'],
    [{ atMost: 1 }, 'mutations is empty: expected at least one "module/id"'],
    [
      { mutations: ["m/a", "m/a/b"], atMost: 1 },
      'mutations is "m/a/b": expected "module/id", where * matches anything',
    ],
    [{ mutations: ["m/ a"], atMost: 1 }, 'mutations is "m/ a": expected "module/id", where * matches anything'],
    [{ mutations: ["m/a"], atMost: "1" }, "atMost is missing: expected it, or perSecond"],
    [{ mutations: ["m/a"], atMost: 1, by: "/" }, 'by is "/": expected a state URL such as "/rack"'],
  ];
  const invariants: [Fields, string][] = [
    [{ kind: "some", atMost: 1 }, 'kind is "some": expected one of "away", "transition", "never", "brake"'],
    [{ atMost: 1 }, 'kind is missing: expected one of "away", "transition", "never", "brake"'],
    [{ kind: "away", atMost: 1, by: "/rack" }, "by is set: expected it only in limits and transitions"],
    [{ kind: "away", atMost: "101%" }, 'atMost is "101%": expected a count, or a share such as "10%"'],
    [{ kind: "away", atMost: "1000%" }, 'atMost is "1000%": expected a count, or a share such as "10%"'],
    [{ kind: "away", atMost: "5.5%" }, 'atMost is "5.5%": expected a count, or a share such as "10%"'],
    [{ kind: "transition" }, 'atMost is missing: expected a count, or a share such as "10%"'],
    [{ kind: "transition", atMost: 1, by: "rack" }, 'by is "rack": expected a state URL such as "/rack"'],
    [{ kind: "never", when: {} }, "when is {}: expected at least one URL with its value"],
    [{ kind: "never", when: "/busy" }, 'when is "/busy": expected at least one URL with its value'],
    [{ kind: "brake", unhealthyAbove: 3 }, 'unhealthyAbove is 3: expected a share such as "30%"'],
    [{ kind: "brake" }, 'unhealthyAbove is missing: expected a share such as "30%"'],
  ];
  for (const [kind, cases] of [["limits", limits], ["invariants", invariants]] as const) {
    for (const [fields, problem] of cases) {
      assert.equal(validatePolicy(`/${kind}/a`, fields), `/${kind}/a/${problem}`);
      assert.equal(read(kind, fields), undefined);
    }
  }
  assert.match(
    validatePolicy("/invariants/a", { kind: "away", atMost: 1, nodes: "n[" }) ?? "",
    /^\/invariants\/a\/nodes: /,
  );
});

test("validatePolicy() says nothing of what is no rule, nor of rules that are right", () => {
  assert.equal(validatePolicy("/limits/a/b", { mutations: [] }), undefined);
  assert.equal(validatePolicy("/limit/a", { mutations: [] }), undefined);
  assert.equal(validatePolicy("/limits/a", "text"), undefined);
  assert.equal(validatePolicy("/engine/config", { failuresInARow: 3 }), undefined);
  assert.equal(validatePolicy("/limits/a", { mutations: ["*/power-on"], perSecond: 1 }), undefined);
  assert.equal(validatePolicy("/invariants/a", { kind: "transition", by: "/rack", atMost: 1 }), undefined);
});

test("rules are read in the order of their names, whatever else the cfg has", () => {
  const limit = (name: string): [string, Value] => [`/limits/${name}`, { mutations: ["m/a"], atMost: 1 }];
  const brake = (name: string): [string, Value] => [`/invariants/${name}`, { kind: "brake", unhealthyAbove: "1%" }];
  const cfg = new Map<string, Value>([
    ...[limit("c"), brake("e"), limit("a"), brake("b"), limit("b")],
    ["/engine/config", { failuresInARow: "3" }],
    ["/other/config", { failuresInARow: 3 }],
    ["/rack", "r1"],
    ["/limits/none", "text"],
  ]);
  const { limits, invariants, failuresInARow } = readPolicy(cfg);
  assert.deepEqual(limits.map(({ name }) => name), ["a", "b", "c"]);
  assert.deepEqual(invariants.map(({ name }) => name), ["b", "e"]);
  assert.equal(failuresInARow, 5);
});

test("matchMutations() takes * for anything within a name, and everything else literally", () => {
  const matches = (patterns: string[], name: string) => matchMutations(patterns)(name);
  assert.ok(matches(["m/on"], "m/on"));
  assert.ok(matches(["x/y", "m/*"], "m/on"));
  assert.ok(matches(["*/power-*"], "redfish/power-on"));
  assert.ok(!matches(["m/on"], "m/on2"));
  assert.ok(!matches(["m/on"], "am/on"));
  assert.ok(!matches(["m.n/on"], "mxn/on"), "a dot is a dot");
  assert.ok(!matches(["*"], "m/on"), "no star reaches over the slash");
  assert.ok(!matches(["m/a", "m/b"], "m/c"));
});

test("matchNodes() takes every node where there is no nodeset, and none where it can't be read", () => {
  assert.ok(matchNodes(undefined)("anything"));
  assert.ok(matchNodes("n[1-3]")("n2"));
  assert.ok(!matchNodes("n[1-3]")("n4"));
  assert.ok(!matchNodes("n[")("n["));
});

test("a share is counted down to whole nodes", () => {
  assert.deepEqual([[10, 19], [10, 20], [33, 100], [0, 7], [100, 7]].map(([a = 0, b = 0]) => shareOf(a, b)), [
    ...[1, 2, 33, 0, 7],
  ]);
});

test("a target names goals and what modules may read, in any order, and no labels", () => {
  const { domain } = planner;
  const target = (cfg: Fields) => targetOf(domain, new Map(Object.entries(cfg)));
  const base = target({ "/physState": "POWER_ON", "/lamp": "LIT" });
  assert.match(base, /^[0-9a-f]{16}$/);
  assert.equal(target({ "/lamp": "LIT", "/physState": "POWER_ON" }), base);
  const labels = { "/rack": "r1", "/chassis": "c1", "/freeze": true, "/name": "n1", "/parent": "p" };
  assert.equal(target({ "/lamp": "LIT", "/physState": "POWER_ON", ...labels }), base);
  assert.notEqual(target({ "/physState": "POWER_ON" }), base);
  assert.notEqual(target({ "/physState": "POWER_ON", "/lamp": "DARK" }), base);
  assert.notEqual(target({ "/physState": "POWER_ON", "/lamp": "LIT", "/services/a/config": "x" }), base);
});

test("a label that a mutation needs or excludes is part of the target", () => {
  const onlyIf = (condition: Readonly<{ requires?: { "/rack": string }; excludes?: { "/rack": string } }>) =>
    createPlanner(compileDomain([declareModule({
      name: "m",
      about: "For tests",
      extensions: [core],
      discovers: ["/physState"],
      mutations: {
        on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, timeout: 1_000, ...condition },
      },
    })])).domain;
  for (const domain of [onlyIf({ requires: { "/rack": "r1" } }), onlyIf({ excludes: { "/rack": "r1" } })]) {
    const target = (cfg: Fields) => targetOf(domain, new Map(Object.entries(cfg)));
    assert.notEqual(target({ "/rack": "r1" }), target({ "/rack": "r2" }));
    assert.equal(target({ "/chassis": "c1" }), target({ "/chassis": "c2" }));
    assert.equal(target({ "/rack": "r1" }), target({ "/rack": "r1" }), "asked again");
  }
});

test("only what stands where rules stand is a rule", () => {
  const brake = { kind: "brake", unhealthyAbove: "10%" };
  const limit = { mutations: ["m/a"], atMost: 1 };
  const elsewhere: [string, Fields][] = [
    ...[["/other/a", brake], ["/other/b", limit], ["/limits", limit], ["/x/limits/a", limit]] as [string, Fields][],
    ["/invariants/a/b", brake],
  ];
  assert.deepEqual(readPolicy(new Map(elsewhere)), { limits: [], invariants: [], failuresInARow: 5 });
  const crossed = readPolicy(new Map<string, Value>([["/limits/a", brake], ["/invariants/b", limit]]));
  assert.deepEqual([crossed.limits, crossed.invariants], [[], []]);
  for (const [at, value] of elsewhere) assert.equal(validatePolicy(at, value), undefined, at);
});

test("rules are read in the order of their names, and failures in a row where they are a number", () => {
  const rules = readPolicy(
    new Map<string, Value>([
      ["/limits/b", { mutations: ["m/a"], atMost: 1 }],
      ["/engine/config", { failuresInARow: 3 }],
      ["/limits/a", { mutations: ["m/a"], atMost: 1 }],
    ]),
  );
  assert.deepEqual([rules.limits.map(({ name }) => name), rules.failuresInARow], [["a", "b"], 3]);
  const none = readPolicy(
    new Map<string, Value>([["/engine/config", { failuresInARow: "3" }], ["/other", { failuresInARow: 7 }]]),
  );
  assert.equal(none.failuresInARow, 5);
});
