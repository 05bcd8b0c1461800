import assert from "node:assert/strict";
import { test } from "node:test";
import { describeUnserved } from "../../src/plan/constants.ts";
import { describeNoPlan } from "../../src/plan/describe.ts";
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
    "/platform is 'vbox', which no module is for: expected 'ipmi', 'redfish' or 'sim'",
  );
});
