import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { compileDomain, createPlanner, type Planner, toDot, toMermaid } from "../../src/plan/mod.ts";
import { exploreGraph, type GraphOptions, type StateGraph } from "../../src/plan/graph.ts";
import { type Given, machine, small } from "./machine.ts";
import { Oracle } from "./oracle.ts";
import { problems } from "./random_domain.ts";

function graphOf(view: Given, cfg: Given, domain = machine, options: GraphOptions = {}): StateGraph {
  const values = { view: new Map(Object.entries({ "/platform": "sim", ...view })), cfg: new Map(Object.entries(cfg)) };
  return exploreGraph(createPlanner(domain), values, options);
}

const turning = small({
  go: { changes: { "/x": ["a", "b"] }, disruption: 2, duration: 7 },
  back: { changes: { "/x": ["b", "a"] } },
  find: { changes: { "/x": ["?", "a"] } },
});

test("exploreGraph() shows where the node is, where it goes, and every mutation between", () => {
  const graph = graphOf({ "/x": "a" }, { "/x": "b" }, turning);
  const name = (id: string) => String(graph.states.find((state) => state.id === id)?.values["/x"] ?? "?");
  assert.deepEqual(graph.states.map(({ id, isGoal }) => [name(id), isGoal]), [["a", false], ["b", true], ["?", false]]);
  assert.deepEqual(
    graph.edges.map(({ from, to, mutation, isPlanned }) => [name(from), name(to), mutation, isPlanned]),
    [
      ["a", "b", "m/go", true],
      ["b", "a", "m/back", false],
      ["?", "a", "m/find", false],
    ],
  );
  assert.deepEqual([graph.edges[0]?.disruption, graph.edges[0]?.duration], [2, 7]);
  assert.deepEqual([graph.current, graph.goal ?? "", graph.unknown ?? ""].map(name), ["a", "b", "?"]);
  assert.deepEqual(graph.path.map(name), ["a", "b"]);
  assert.equal(graph.truncated, false);
});

test("exploreGraph() gives a state the same id in every graph", () => {
  const ids = (graph: StateGraph) => new Map(graph.states.map(({ id, values }) => [JSON.stringify(values), id]));
  const [one, other] = [
    ids(graphOf({ "/physState": "POWER_OFF" }, { "/physState": "POWER_ON" })),
    ids(graphOf({ "/physState": "POWER_ON" }, { "/physState": "POWER_ON", "/runState": "SYNC" })),
  ];
  const off = '{"/physState":"POWER_OFF"}';
  assert.ok(one.get(off));
  assert.equal(one.get(off), other.get(off));
  assert.equal(new Set(other.values()).size, other.size);
});

test("exploreGraph() leaves out what is beyond its bound, says so, and keeps the way of the plan", () => {
  const view = { "/physState": "POWER_OFF" };
  const cfg = { "/physState": "POWER_ON", "/runState": "SYNC", "/services/a/state": "RUN", "/services/b/state": "RUN" };
  const whole = graphOf(view, cfg, machine, { maxStates: 1000 });
  assert.equal(whole.truncated, false);
  const part = graphOf(view, cfg, machine, { maxStates: 10 });
  assert.equal(part.truncated, true);
  assert.equal(part.states.length, 10);
  assert.deepEqual(part.path, whole.path);
  assert.deepEqual([part.current, part.goal], [whole.current, whole.goal]);
  const shown = new Set(part.states.map(({ id }) => id));
  assert.ok(part.edges.every(({ from, to }) => shown.has(from) && shown.has(to)));
  const tiny = graphOf(view, cfg, machine, { maxStates: 1 });
  assert.deepEqual([tiny.states.map(({ id }) => id), tiny.goal], [[whole.current], undefined]);
  assert.throws(() => graphOf(view, cfg, machine, { maxStates: 0 }), { name: "RangeError" });
});

test("exploreGraph() shows a node without a way to its goal", () => {
  const graph = graphOf({ "/x": "a" }, { "/x": "d" }, turning);
  assert.equal(graph.plan.ok, false);
  assert.deepEqual([graph.goal, graph.path], [undefined, []]);
  assert.equal(graph.states.length, 3);
});

test("exploreGraph() has exactly the states that can be reached", () => {
  const covered = createCoverage("graphs", ["a plan", "no plan", "ten states", "a way of three"], 0.02);
  fc.assert(
    fc.property(problems, (problem) => {
      let domain;
      try {
        domain = compileDomain(problem.modules);
      } catch {
        return; // its conditions lead back to themselves
      }
      const graph = exploreGraph(createPlanner(domain), problem, { maxStates: 10_000 });
      const start = new Map(problem.view);
      for (const url of graph.urls) start.delete(url);
      const texts = new Set<string>();
      for (const view of [problem.view, start]) {
        for (const { world } of new Oracle(domain, view).worlds()) {
          const known = graph.urls.filter((url) => world.has(url) && world.get(url) !== domain.schema.unknownOf(url));
          texts.add(JSON.stringify(known.map((url) => [url, world.get(url)])));
        }
      }
      assert.deepEqual(
        graph.states.map(({ values }) => JSON.stringify(Object.entries(values))).sort(),
        [...texts].sort(),
      );
      assert.equal(graph.path.length, graph.plan.ok ? graph.plan.steps.length + 1 : 0);
      covered.saw(
        graph.plan.ok ? "a plan" : "no plan",
        ...(graph.states.length >= 10 ? ["ten states"] as const : []),
        ...(graph.path.length > 3 ? ["a way of three"] as const : []),
      );
    }),
    { numRuns: 200 },
  );
  covered.check();
});

test("toDot() draws a graph for Graphviz", () => {
  const graph = graphOf({ "/x": "a" }, { "/x": "b" }, turning);
  const [a, b] = graph.path;
  const lines = toDot(graph).split("\n");
  assert.equal(lines[0], "digraph kraken {");
  assert.ok(lines.includes(`  "${a}" [label="/x a", peripheries=2];`));
  assert.ok(lines.includes(`  "${b}" [label="/x b", style=filled, fillcolor="#c8e6c9"];`));
  assert.ok(lines.includes(`  "${a}" -> "${b}" [label="m/go", style=bold, color=blue];`));
  assert.ok(lines.some((line) => line.endsWith('[label="nothing is known"];')));
  assert.deepEqual(lines.slice(-2), ["}", ""]);
});

test("toMermaid() draws a graph for Mermaid, with names that can't break out of their quotes", () => {
  const graph = graphOf({ "/x": "a" }, { "/x": "b" }, turning);
  const [a, b] = graph.path;
  const lines = toMermaid(graph).split("\n");
  assert.equal(lines[0], "flowchart LR");
  assert.ok(lines.includes(`  s${a}["/x a"]`));
  assert.ok(lines.includes(`  s${a} ==>|"m/go"| s${b}`));
  assert.ok(lines.includes(`  class s${b} goal`));
  assert.ok(lines.includes(`  class s${a} current`));
  const services = toMermaid(
    graphOf({ "/runState": "SYNC", "/physState": "POWER_ON" }, { "/services/a/state": "RUN" }),
  );
  assert.match(services, /\|"service\/start#123;name=a#125;"\|/);
});

/** A state graph of one state that has these values. */
function drawn(values: StateGraph["states"][number]["values"], rest: Partial<StateGraph> = {}): StateGraph {
  return {
    urls: Object.keys(values),
    states: [{ id: "1", values, isGoal: false }],
    edges: [],
    current: "2",
    path: [],
    plan: { ok: true, steps: [], cost: 0, duration: 0, suspended: [] },
    truncated: false,
    ...rest,
  };
}

const names = { "/x": 'a "b" \\ c\r\n\nd', "/n": 5 };
const edge = {
  from: "1",
  to: "1",
  mutation: "m/a",
  context: "self",
  disruption: 1,
  duration: 1,
  isPlanned: false,
} as const;

test("toDot() lets no name break out of its quotes", () => {
  assert.equal(
    toDot(drawn(names)),
    'digraph kraken {\n  rankdir=LR;\n  node [shape=box];\n  "1" [label="/x a \\"b\\" \\\\ c d\\n/n 5"];\n}\n',
  );
});

test("toDot() marks no edge that is not of the plan, and says when there are more states", () => {
  const lines = toDot(drawn({}, { edges: [edge], truncated: true })).split("\n");
  assert.deepEqual(lines.slice(3), [
    '  "1" [label="nothing is known"];',
    '  "1" -> "1" [label="m/a"];',
    '  truncated [shape=plaintext, label="There are more states"];',
    "}",
    "",
  ]);
});

test("toMermaid() writes all that could end a name as entities", () => {
  assert.equal(
    toMermaid(drawn(names, { edges: [edge] })),
    [
      "flowchart LR",
      '  s1["/x a #34;b#34; #92; c#13;#10;#10;d<br/>/n 5"]',
      '  s1 -->|"m/a"| s1',
      "  classDef goal fill:#c8e6c9",
      "  classDef current stroke-width:4px",
      "  class s2 current",
      "",
    ].join("\n"),
  );
});

test("toMermaid() marks all goals, and says when there are more states", () => {
  const states = ["1", "2", "3"].map((id) => ({ id, values: {}, isGoal: id !== "2" }));
  const lines = toMermaid(drawn({}, { states, truncated: true })).split("\n");
  assert.ok(lines.includes('  truncated["There are more states"]'));
  assert.ok(lines.includes("  class s1,s3 goal"));
});

test("exploreGraph() shows 256 states where nobody says how many", () => {
  const urls = Array.from({ length: 9 }, (_, number) => `/v${number}`);
  const domain = small(
    Object.fromEntries(urls.map((url, number) => [`m${number}`, { changes: { [url]: ["a", "b"] as const } }])),
  );
  const all = (value: string) => Object.fromEntries(urls.map((url) => [url, value]));
  const graph = graphOf(all("a"), all("b"), domain);
  assert.deepEqual([graph.states.length, graph.truncated], [256, true]);
});

test("exploreGraph() takes no number of states that is no positive integer", () => {
  for (const maxStates of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => graphOf({}, { "/x": "b" }, turning, { maxStates }), {
      name: "RangeError",
      message: /expected a positive integer/,
    });
  }
});

test("exploreGraph() knows a goal that holds for good, and one that never can", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] } },
    other: { changes: { "/disks/{name}/state": ["a", "b"] } },
  });
  const isGoal = (value: string) =>
    graphOf({ "/x": "a" }, { "/x": value }, domain).states.filter((state) => state.isGoal).length;
  assert.deepEqual([isGoal("a"), isGoal("b"), isGoal("d")], [1, 1, 0]);
});

test("exploreGraph() does not follow steps that can't run, such as those of another question", () => {
  const planner = createPlanner(turning);
  const far: Planner = { ...planner, plan: () => planner.plan({ view: new Map(), cfg: new Map([["/x", "b"]]) }) };
  const question = { view: new Map([["/x", "a"]]), cfg: new Map([["/x", "b"]]) };
  assert.throws(() => exploreGraph(far, question), { message: /'m\/find' can't run in its place/ });
});
