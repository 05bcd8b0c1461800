import assert from "node:assert/strict";
import { test } from "node:test";
import { describeUnserved, listOf } from "../../src/plan/constants.ts";
import { describeNoPlan, describePlanSteps } from "../../src/plan/describe.ts";
import { compileDomain } from "../../src/plan/domain.ts";
import type { Lack } from "../../src/plan/plan.ts";
import { power } from "./machine.ts";

/** A mutation that lacks a constant that only the node's cfg says. */
function lackOf(key: Lack["key"], url: string): Lack {
  return {
    key,
    lacks: [{ kind: "constant", url, needs: "a", is: "x", given: true, words: `${url} is 'x': needs 'a'` }],
  };
}

test("describeNoPlan() names one constant only where all mutations fail on that one", () => {
  const say = (...achievers: readonly Lack[]) =>
    describeNoPlan({ kind: "unreachable", url: "/p", value: "ON", achievers });
  assert.equal(
    say(lackOf("m/one", "/platform"), lackOf("m/two", "/platform")),
    "Cannot reach /p 'ON': /platform is 'x', expected 'a'",
  );
  assert.equal(
    say(lackOf("m/one", "/platform"), lackOf("m/two", "/arch")),
    "Cannot reach /p 'ON' (m/one: /platform is 'x': needs 'a'; m/two: /arch is 'x': needs 'a')",
  );
});

test("describeUnserved() names what there is in the order of its names, not of the modules", () => {
  const modules = ["sim", "redfish", "ipmi"].map((platform, place) => ({
    ...power,
    name: `module${place}`,
    mutations: Object.fromEntries(
      Object.entries(power.mutations).map((
        [id, mutation],
      ) => [id, { ...mutation, requires: { "/platform": platform } }]),
    ),
  }));
  assert.equal(
    describeUnserved(compileDomain(modules), new Map([["/platform", "vbox"]]), "/platform"),
    "/platform is 'vbox', which no module supports: expected 'ipmi', 'redfish' or 'sim'",
  );
});

const CONSTANT = { kind: "constant", url: "/arch", needs: "a" } as const;

test("describeNoPlan() tells what each mutation lacks, without those for other nodes", () => {
  const achievers: readonly Lack[] = [
    { key: "m/one", lacks: [{ ...CONSTANT, words: "first" }, { ...CONSTANT, words: "second" }] },
    { key: "m/two", lacks: [{ ...CONSTANT, words: "third" }] },
    { key: "m/other", lacks: [{ ...CONSTANT, words: "fourth" }], forOthers: true },
  ];
  assert.equal(
    describeNoPlan({ kind: "unreachable", url: "/p", value: 5, achievers }),
    "Cannot reach /p 5 (m/one: first, second; m/two: third)",
  );
});

test("describeNoPlan() does not speak of the one mutation's constant as of all that there could be", () => {
  assert.equal(
    describeNoPlan({ kind: "unreachable", url: "/p", value: "ON", achievers: [lackOf("m/one", "/platform")] }),
    "Cannot reach /p 'ON' (m/one: /platform is 'x': needs 'a')",
  );
  const reported: Lack = { key: "m/two", lacks: [{ ...CONSTANT, url: "/platform", words: "reported" }] };
  assert.equal(
    describeNoPlan({
      kind: "unreachable",
      url: "/p",
      value: "ON",
      achievers: [lackOf("m/one", "/platform"), reported],
    }),
    "Cannot reach /p 'ON' (m/one: /platform is 'x': needs 'a'; m/two: reported)",
  );
});

test("describeNoPlan() rounds a bound of memory to MiB", () => {
  assert.match(describeNoPlan({ kind: "bound", bound: "bytes", limit: 1.4 * 2 ** 20 }), /within 1 MiB of memory: /);
  assert.match(describeNoPlan({ kind: "bound", bound: "ms", limit: 500 }), /within 0\.5 s: /);
});

test("describeSteps() tells several changes and several steps to wait for, and why there is no plan", () => {
  const step = {
    key: "m/go",
    module: "m",
    mutation: "go",
    bindings: {},
    context: "self",
    changes: { "/x": ["a", "b"], "/y": ["c", "d"] },
    failTo: {},
    timeout: 1,
    disruption: 1,
    duration: 1,
    after: [0, 4],
  } as const;
  assert.deepEqual(describePlanSteps({ ok: true, steps: [step], cost: 1, duration: 1, suspended: [] }), [
    "1. m/go (self): /x a -> b, /y c -> d, after 1 and 5",
  ]);
  assert.deepEqual(
    describePlanSteps({
      ok: false,
      reason: { kind: "unreachable", url: "/p", value: "ON", achievers: [] },
      suspended: [{ url: "/q", value: 1, because: { url: "/p", value: "ON" } }],
    }),
    ["Cannot reach /p 'ON': no mutation leads to it", "/q 1 gives way to /p 'ON'"],
  );
});

test("listOf() names values as alternatives", () => {
  assert.deepEqual([[], ["a"], ["a", 1], ["a", "b", true]].map(listOf), ["", "'a'", "'a' or 1", "'a', 'b' or true"]);
});
