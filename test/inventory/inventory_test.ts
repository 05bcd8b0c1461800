import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { boot } from "../../src/boot/mod.ts";
import { policy, validatePolicy } from "../../src/engine/mod.ts";
import { type Inventory, parseInventory } from "../../src/inventory/mod.ts";
import { core, createSchema, defineExtension, services } from "../../src/state/mod.ts";

const modules = defineExtension("modules", {
  "/services/{name}/config": {
    type: {
      kind: "object",
      fields: {
        command: { kind: "string" },
        args: { kind: "list", items: { kind: "string" } },
        restart: { kind: "enum", values: ["always", "on-failure", "never"] },
      },
      optional: ["args", "restart"],
    },
    writer: "cfg",
    about: "A program",
  },
  "/services/simpower/config": {
    type: { kind: "object", fields: { endpoint: { kind: "string" }, poll: { kind: "integer" } } },
    writer: "cfg",
    about: "Config of a module",
  },
  "/bmc/address": { type: { kind: "string" }, writer: "cfg", about: "Its power controller" },
  "/host/cpus": { type: { kind: "integer" }, writer: "self", about: "Number of processors" },
});
const known = {
  schema: createSchema([core, services, modules, policy]),
  isGoal: (url: string) => url === "/physState" || url === "/runState" || /^\/services\/[^/]+\/state$/.test(url),
};

function read(text: string): Inventory {
  const parsed = parseInventory(text, known);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("\n"));
  return parsed.inventory;
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseInventory(text, known);
  assert.ok(!parsed.ok, "the file was read");
  return parsed.problems;
}

test("parseInventory() reads the demo's cluster file", () => {
  const inventory = read(readFileSync(new URL("../../examples/demo/cluster.yaml", import.meta.url), "utf8"));
  assert.equal(inventory.cluster, "demo");
  assert.deepEqual(inventory.aggregators, [{
    name: "root",
    cfg: new Map<string, unknown>([
      ["/role", "AGGREGATOR"],
      ["/services/simpower/config", { endpoint: "http://127.0.0.1:3142", poll: 1000 }],
    ]),
  }]);
  assert.deepEqual(inventory.nodes.map((node) => node.name), ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
  assert.deepEqual(
    inventory.nodes[7]?.cfg,
    new Map<string, unknown>([
      ["/platform", "sim"],
      ["/parent", "root"],
      ["/physState", "POWER_ON"],
      ["/runState", "SYNC"],
      ["/services/heartbeat/config", {
        command: "sh",
        args: ["-c", "while :; do date; sleep 5; done"],
        restart: "always",
      }],
      ["/services/heartbeat/state", "RUN"],
    ]),
  );
});

test("parseInventory() adds later entries of a node to earlier ones", () => {
  const { nodes } = read(`
nodes:
  - { nodes: "n[1-2]", platform: sim, desired: { physState: POWER_ON }, services: { a: { command: sleep } } }
  - { nodes: n2, desired: { physState: POWER_OFF }, bmc: { address: "http://bmc2" }, services: { a: { state: STOP } } }
`);
  assert.deepEqual(Object.fromEntries(nodes[0]?.cfg ?? []), {
    "/platform": "sim",
    "/physState": "POWER_ON",
    "/services/a/config": { command: "sleep" },
    "/services/a/state": "RUN",
  });
  assert.deepEqual(Object.fromEntries(nodes[1]?.cfg ?? []), {
    "/platform": "sim",
    "/physState": "POWER_OFF",
    "/bmc/address": "http://bmc2",
    "/services/a/config": { command: "sleep" },
    "/services/a/state": "STOP",
  });
});

test("parseInventory() reads JSON as well", () => {
  const { nodes } = read(JSON.stringify({ nodes: [{ nodes: "n1", id: "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55" }] }));
  assert.deepEqual(nodes, [{ name: "n1", id: "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55", cfg: new Map() }]);
});

test("parseInventory() asks for no state of a module's own config", () => {
  const { nodes } = read("nodes: [{ nodes: n1, services: { simpower: { endpoint: http://x, poll: 1 } } }]");
  assert.deepEqual([...nodes[0]?.cfg.keys() ?? []], ["/services/simpower/config"]);
});

test("parseInventory() leaves \${...} as it is: there is no templating", () => {
  const { nodes } = read("nodes: [{ nodes: n1, bmc: { address: 'http://${name}' } }]");
  assert.equal(nodes[0]?.cfg.get("/bmc/address"), "http://${name}");
});

test("parseInventory() names line, field, value and what was expected of an unknown state", () => {
  assert.deepEqual(
    problemsOf(`
nodes:
  - nodes: n[1-8]
    platform: sim
    desired:
      physState: ON
`),
    [
      'line 6: nodes[0].desired.physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF, POWER_ON, POWER_CYCLE, PHYS_HANG, PHYS_ERROR',
    ],
  );
});

test("parseInventory() lists every problem, each with its line", () => {
  const problems = problemsOf(`cluster: -demo
colour: red
aggregators:
  - name: root
    modules:
      simpower: { endpoint: 7, poll: 1000 }
    port: 1
  - name: root
nodes:
  - nodes: n[1-
  - nodes: n1
    platfrom: sim
    name: n1
    id: x
    host: { cpus: 4 }
    bmc: http://x
    services:
      a: { args: [] }
      b: { command: sh, args: [x, 5] }
      c: { command: sh, state: GO }
      d: sh
  - nodes: n[1-2]
    id: 8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55
    desired: POWER_ON
  - n3
  - nodes: root
`);
  const expected = [
    /^line 2: colour is "red": expected no such key, known are cluster, aggregators, nodes$/,
    /^line 1: cluster is "-demo": expected a name/,
    /^line 7: aggregators\[0\]\.port is 1: expected no such key, known are name, id, parent, standby, modules, limits, invariants, engine$/,
    /^line 6: aggregators\[0\]\.modules\.simpower\.endpoint is 7: expected a string/,
    /^line 8: aggregators\[1\]\.name is "root": expected a name that no aggregator above has$/,
    /^line 10: nodes\[0\]\.nodes is "n\[1-": expected a nodeset such as n\[1-8\]\. Cannot read nodeset 'n\[1-' at position 5/,
    /^line 14: nodes\[1\]\.id is "x": expected a UUID$/,
    /^line 12: nodes\[1\]\.platfrom is "sim": expected a known state variable instead of '\/platfrom'$/,
    /^line 13: nodes\[1\]\.name is "n1": expected no such key, names are given as a nodeset in 'nodes'$/,
    /^line 15: nodes\[1\]\.host\.cpus is 4: expected something that can be set, '\/host\/cpus' is only discovered/,
    /^line 16: nodes\[1\]\.bmc is "http:\/\/x": expected a known state variable instead of '\/bmc'$/,
    /^line 18: nodes\[1\]\.services\.a\.command is missing: expected a string$/,
    /^line 19: nodes\[1\]\.services\.b\.args\[1\] is 5: expected a string/,
    /^line 20: nodes\[1\]\.services\.c\.state is "GO": expected one of UNKNOWN, INIT, STOP, RUN, ERROR$/,
    /^line 21: nodes\[1\]\.services\.d is "sh": expected the service's config/,
    /^line 23: nodes\[2\]\.id is "8f0e7a86[^"]*": expected no id in an entry of several nodes$/,
    /^line 24: nodes\[2\]\.desired is "POWER_ON": expected desired values such as/,
    /^line 25: nodes\[3\] is "n3": expected an entry such as/,
    /^line 9: nodes is "root": expected names that no aggregator has$/,
  ];
  for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? "", pattern);
  assert.equal(problems.length, expected.length, problems.slice(expected.length).join("\n"));
});

test("parseInventory() refuses texts that are not one plain YAML document", () => {
  assert.match(problemsOf("nodes: [1,\n")[0] ?? "", /^line \d+: /);
  assert.match(problemsOf("nodes: []\nnodes: []\n")[0] ?? "", /^line 2: Map keys must be unique$/);
  assert.match(problemsOf("nodes: []\n---\nnodes: []\n")[0] ?? "", /^line \d: .*multiple documents/);
  assert.match(problemsOf("nodes: !!binary aGk=\n")[0] ?? "", /^line 1: Unresolved tag/);
  assert.match(problemsOf("nodes: !exec rm\n")[0] ?? "", /^line 1: Unresolved tag/);
  assert.match(problemsOf("? [a]\n: 1\n")[0] ?? "", /^line 1: .*keys must be strings/);
  assert.match(problemsOf("nodes: *x\n")[0] ?? "", /Unresolved alias/);
  assert.deepEqual(problemsOf(""), ["line 1: The file is null: expected a map with cluster, aggregators, nodes"]);
  assert.deepEqual(problemsOf("cluster: demo"), [
    'line 1: nodes is missing: expected a list of entries such as { nodes: "n[1-8]", platform: sim }',
  ]);
});

test("parseInventory() takes a file about aggregators alone", () => {
  const parsed = parseInventory("aggregators:\n  - { name: root }\n", known);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.inventory.nodes, []);
});

test("parseInventory() is bounded in size, depth, aliases, names and problems", () => {
  assert.match(problemsOf("#".repeat(8 * 1024 * 1024 + 1))[0] ?? "", /expected at most 8388608$/);
  assert.ok(problemsOf("[".repeat(20_000)).length > 0);
  let explosive = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (let step = 1; step < 9; step += 1) {
    const above = "abcdefghi"[step - 1];
    explosive += `${"abcdefghi"[step]}: &${"abcdefghi"[step]} [${Array(10).fill(`*${above}`).join(", ")}]\n`;
  }
  assert.match(problemsOf(explosive)[0] ?? "", /Excessive alias count/);
  const many = `nodes:\n${"  - { nodes: 'n[1-200000]' }\n".repeat(6)}`;
  assert.match(problemsOf(many)[0] ?? "", /^line 7: nodes\[5\]\.nodes .*at most 1000000 names/);
  const wrong = problemsOf(`nodes:\n${"  - 1\n".repeat(150)}`);
  assert.equal(wrong.length, 101);
  assert.equal(wrong.at(-1), "... and 50 more");
});

test("parseInventory() takes values from aliases and names the line that they were written in", () => {
  const { nodes } = read("nodes:\n  - &a { nodes: n1, platform: sim }\n  - { nodes: n2, platform: sim }\n");
  assert.equal(nodes.length, 2);
  assert.match(
    problemsOf("nodes:\n  - nodes: n1\n    desired: &on\n      physState: ON\n  - nodes: n2\n    desired: *on\n")[1] ??
      "",
    /^line 4: nodes\[1\]\.desired\.physState is "ON"/,
  );
});

test("an aggregator's limits, invariants and engine config become values of its own node", () => {
  const { aggregators } = read(`
aggregators:
  - name: root
    limits:
      power: { mutations: [simpower/power-on], atMost: 2 }
    invariants:
      few-away: { kind: away, atMost: "25%" }
    engine: { failuresInARow: 3 }
nodes: []
`);
  assert.deepEqual([...aggregators[0]?.cfg ?? []], [
    ["/role", "AGGREGATOR"],
    ["/limits/power", { mutations: ["simpower/power-on"], atMost: 2 }],
    ["/invariants/few-away", { kind: "away", atMost: "25%" }],
    ["/engine/config", { failuresInARow: 3 }],
  ]);
});

test("an aggregator's parent and standby are names of others", () => {
  const { aggregators } = read(`
aggregators:
  - { name: rack1, parent: root, standby: rack2 }
nodes: []
`);
  assert.deepEqual([...aggregators[0]?.cfg ?? []], [
    ["/role", "AGGREGATOR"],
    ["/parent", "root"],
    ["/standby", "rack2"],
  ]);
  assert.match(
    problemsOf("aggregators: [{ name: rack1, parent: 7 }]\nnodes: []")[0] ?? "",
    /parent is 7: expected the name/,
  );
});

test("a wrong limit or invariant is named with its line, field, value and what was expected", () => {
  const problems = problemsOf(`
aggregators:
  - name: root
    limits:
      power: { mutations: [simpower/power-on], atMost: many }
      a/b: { mutations: [simpower/power-on], atMost: 1 }
    invariants:
      few: { kind: far }
nodes: []
`);
  const expected = [
    /^line 5: aggregators\[0\]\.limits\.power\.atMost is "many": expected an integer from 1 to 1000000$/,
    /^line 6: aggregators\[0\]\.limits\.a\/b is "a\/b": expected a name of letters/,
    /^line 8: aggregators\[0\]\.invariants\.few\.kind is "far": expected one of away, transition, never, brake$/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const [at, pattern] of expected.entries()) assert.match(problems[at] ?? "", pattern);
});

test("the demo's limits and invariants, which are commented out, work when they are taken in", () => {
  const file = new URL("../../examples/demo/cluster.yaml", import.meta.url);
  const text = readFileSync(file, "utf8").replace(/^ {4}# ((?: {2})?(?:\w|-)+: ?(?:\{.*)?)$/gm, "    $1");
  const cfg = read(text).aggregators[0]?.cfg ?? new Map();
  const rules = [...cfg].filter(([url]) => /^\/(limits|invariants)\//.test(url));
  assert.deepEqual(rules.map(([url]) => url), [
    "/limits/power",
    "/limits/gentle",
    "/invariants/few-away",
    "/invariants/jobs",
    "/invariants/storm",
  ]);
  for (const [url, value] of rules) assert.equal(validatePolicy(url, value), undefined);
});

const machines = { ...known, schema: createSchema([core, modules, boot]) };

test("a list gives each node of an entry its own text, in their order; ranges of numbers are written short", () => {
  const parsed = parseInventory(
    [
      "nodes:",
      "  - nodes: n[1-3]",
      "    ipv4: { address: ['10.77.0.[11-13]'], mac: ['52:54:00:77:00:[01-02]', 'aa:bb:cc:dd:ee:ff'], prefix: 16 }",
      "    bmc: { address: [a, b, c] }",
      "  - { nodes: n2, ipv4: { address: 10.77.0.99 } }",
    ].join("\n"),
    machines,
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(
    parsed.inventory.nodes.map(({ cfg }) => [cfg.get("/ipv4/address"), cfg.get("/ipv4/mac"), cfg.get("/ipv4/prefix")]),
    [
      ["10.77.0.11", "52:54:00:77:00:01", 16],
      ["10.77.0.99", "52:54:00:77:00:02", 16],
      ["10.77.0.13", "aa:bb:cc:dd:ee:ff", 16],
    ],
  );
  const wrong = parseInventory("nodes:\n  - nodes: n[1-3]\n    ipv4: { address: ['10.77.0.[11-12]'] }", machines);
  assert.deepEqual(wrong, {
    ok: false,
    problems: [
      'line 3: nodes[0].ipv4.address is "a list of 2": expected one value for each of the 3 nodes, in their order',
    ],
  });
});
