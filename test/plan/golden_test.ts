import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createCoverage, fc } from "../support/property.ts";
import { compareGraphs } from "../../scripts/golden/compare.ts";
import { durationOf, type GoldenFile, parseGolden } from "../../scripts/golden/format.ts";
import { describeComparison, isSame, toCounts } from "../../scripts/golden/report.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";

const text = readFileSync(new URL("golden/graph-vbox-pxe-sse.json", import.meta.url), "utf8");

function parse(source: string): GoldenFile {
  const parsed = parseGolden(source);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.file;
}

const golden = parse(text);
const same = {
  states: 7,
  edges: 9,
  missingStates: 0,
  extraStates: 0,
  missingEdges: 0,
  extraEdges: 0,
  pairs: 42,
  wrongPairs: 0,
};

test("the original's graph of VirtualBox, PXE and sync comes out exactly: states, edges and least costs", () => {
  assert.deepEqual(toCounts(compareGraphs(golden)), same);
});

test("compareGraphs() does not depend on the order of the file", () => {
  const covered = createCoverage("orders of a golden file", ["reversed", "not reversed", "another order"], 0.35);
  const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
  fc.assert(
    fc.property(
      fc.tuple(shuffled(golden.mutations), shuffled(golden.nodes), shuffled(golden.edges), fc.boolean()),
      ([mutations, nodes, edges, isReversed]) => {
        const turned = <T>(part: { readonly [url: string]: T }): { readonly [url: string]: T } =>
          isReversed ? Object.fromEntries(Object.entries(part).reverse()) : part;
        const file = {
          mutations: mutations.map((mutation) => ({
            ...mutation,
            mutates: turned(mutation.mutates),
            requires: turned(mutation.requires),
            excludes: turned(mutation.excludes),
          })),
          nodes: nodes.map((node) => ({ ...node, requires: turned(node.requires) })),
          edges,
        };
        assert.deepEqual(compareGraphs(file), compareGraphs(golden));
        covered.saw(
          isReversed ? "reversed" : "not reversed",
          ...(edges.some((edge, place) => edge !== golden.edges[place]) ? ["another order"] as const : []),
        );
      },
    ),
    { numRuns: 40 },
  );
  covered.check();
});

test("compareGraphs() names what differs", () => {
  const off = { ...golden, edges: golden.edges.filter(({ mut, from }) => mut !== "vboxmanage/ONtoOFF" || from !== 3) };
  const one = compareGraphs(off);
  assert.deepEqual(one.extraEdges, [
    "/PhysState POWER_ON -- vboxmanage/ONtoOFF -> /PhysState POWER_OFF",
  ]);
  assert.ok(
    one.wrongPairs.includes("/PhysState POWER_ON => /PhysState POWER_OFF: ours 1, theirs 2"),
    one.wrongPairs[0],
  );
  assert.equal(isSame(one), false);
  assert.match(describeComparison(one), /1 edges that we have and the file doesn't\n {2}\/PhysState POWER_ON -- vbox/);

  const two = compareGraphs({
    ...golden,
    mutations: golden.mutations.filter(({ id }) => id !== "HANGtoOFF"),
    edges: golden.edges.filter(({ mut }) => mut !== "vboxmanage/HANGtoOFF"),
  });
  assert.deepEqual(two.missingStates, ["/PhysState PHYS_HANG"]);

  const dear = compareGraphs({ ...golden, edges: golden.edges.map((edge) => ({ ...edge, cost: 2 })) });
  assert.deepEqual([dear.wrongPairs.length > 0, dear.missingEdges.length, dear.extraEdges.length], [true, 0, 0]);
});

test("compareGraphs() keeps platforms apart that have mutations of their own", () => {
  const way = (platform: string) => ({
    module: platform,
    id: "on",
    mutates: { "/P": ["UNKNOWN", platform] as [string, string] },
    requires: { "/Platform": platform },
    excludes: { "/Busy": "BUSY" },
  });
  const file: GoldenFile = {
    mutations: [way("a"), way("b")],
    nodes: [
      { n: 0, requires: {}, excludes: {} },
      { n: 1, requires: { "/Platform": "a", "/P": "a" }, excludes: {} },
      { n: 2, requires: { "/Platform": "b", "/P": "b" }, excludes: {} },
    ],
    edges: [{ from: 0, to: 1, mut: "a/on", cost: 1 }, { from: 0, to: 2, mut: "b/on", cost: 1 }],
  };
  assert.deepEqual(toCounts(compareGraphs(file)), { ...same, states: 4, edges: 2, pairs: 4 });
  const crossed = { ...file, edges: [...file.edges, { from: 1, to: 2, mut: "b/on", cost: 1 }] };
  assert.deepEqual(compareGraphs(crossed).missingEdges, ["1 -- b/on -> 2, whose ends never have the same constants"]);
});

test("parseGolden() says what is wrong with a file", () => {
  const problems = (change: object) => {
    const parsed = parseGolden(JSON.stringify({ ...golden, ...change }));
    return parsed.ok ? [] : parsed.problems;
  };
  assert.deepEqual(problems({}), []);
  assert.match(problems({ nodes: undefined })[0] ?? "", /at 'nodes'/);
  assert.match(
    problems({ edges: [{ from: 0, to: 99, mut: "x/y", cost: 1 }] }).join(),
    /no node 99.*no mutation 'x\/y'/,
  );
  assert.match(problems({ mutations: [...golden.mutations, golden.mutations[0]] }).join(), /'.*' is there twice/);
  assert.match(
    problems({ mutations: [{ ...golden.mutations[0], mutates: { "/X": ["A"] } }] })[0] ?? "",
    /mutates\.\/X/,
  );
  assert.match(problems({ mutations: [{ ...golden.mutations[0], timeout: "soon" }] })[0] ?? "", /timeout': expected/);
  const parsed = parseGolden("{");
  assert.match(parsed.ok ? "" : parsed.problems[0] ?? "", /^expected JSON/);
});

test("durationOf() reads durations as Go writes them", () => {
  assert.deepEqual(["1m30s", "0s", "0", "1.5h", "250ms"].map(durationOf), [90_000, 0, 0, 5_400_000, 250]);
  assert.deepEqual(["", "5", "s", "1m 3s", "-1s"].map(durationOf), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("golden says that there is no such file, and fails", async () => {
  const main = fileURLToPath(new URL("../../scripts/golden/main.ts", import.meta.url));
  const words = [...await runtimeArguments(main), "nowhere.json"];
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, words, { timeout: 60_000 }, (error, _, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
  assert.deepEqual([code, stderr], [2, 'Cannot compare "nowhere.json": there is no such file\n']);
});
