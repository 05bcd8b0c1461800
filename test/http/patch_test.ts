import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { readPatch, withValues } from "../../aggregator/http/patch.ts";
import { fromNested, mergePatch, toNested, type Value } from "../../src/state/mod.ts";
import { createTestControl } from "./test_control.ts";

const { schema } = await createTestControl([]);

const value = {
  "/platform": fc.constantFrom("sim", "redfish"),
  "/physState": fc.constantFrom("POWER_ON", "POWER_OFF"),
  "/services/a/state": fc.constantFrom("RUN", "STOP"),
  "/services/b/config": fc.constantFrom<Value[]>({ command: "x" }, { command: "y", env: { A: "1", B: "2" } }),
};
const current = fc.record(value, { requiredKeys: [], noNullPrototype: true })
  .map((values) => new Map<string, Value>(Object.entries(values)));
const odd = fc.constantFrom(null, "sim", "POWER_ON", "RUN", "x", 1, {}, { command: "z" }, {
  env: { A: null, C: "3" },
});
/** Mostly what a variable may be. */
function leaf(...valid: readonly Value[]) {
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom<(Value | null)[]>(null, ...valid) }, {
    weight: 1,
    arbitrary: odd,
  });
}
const patch = fc.record({
  platform: leaf("sim", "redfish"),
  physState: leaf("POWER_ON", "POWER_OFF"),
  nonsense: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: odd }),
  services: fc.oneof(
    fc.constant(null),
    fc.record({
      a: fc.oneof(
        fc.constant(null),
        fc.record({ state: leaf("RUN", "STOP") }, { requiredKeys: [], noNullPrototype: true }),
      ),
      b: fc.oneof(
        fc.constant(null),
        fc.record({ config: fc.oneof(leaf({ command: "z" }), odd) }, { requiredKeys: [], noNullPrototype: true }),
      ),
    }, { requiredKeys: [], noNullPrototype: true }),
  ),
}, { requiredKeys: [], noNullPrototype: true });

test("readPatch() gives what RFC 7396 gives of the nested cfg, and refuses what it would make invalid", () => {
  const covered = createCoverage("patches", ["taken", "changes something", "refused"], 0.05);
  fc.assert(
    fc.property(current, patch, (cfg, change) => {
      const expected = fromNested(schema, mergePatch(toNested(cfg), change));
      const read = readPatch(schema, cfg, change);
      covered.saw(
        read.ok ? "taken" : "refused",
        ...(read.ok && read.values.size > 0 ? ["changes something" as const] : []),
      );
      if (read.ok && expected.ok) assert.deepEqual(new Map([...withValues(cfg, read.values)].sort()), expected.values);
      else if (!read.ok && !expected.ok) {
        assert.deepEqual(new Set(read.problems.map(({ detail }) => detail)), new Set(expected.problems));
      } // An empty object in an unknown place sets nothing.
      else assert.equal(read.ok, expected.ok);
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("readPatch() leaves values alone that it does not name, though the schema no longer knows them", () => {
  const cfg = new Map([["/of/yesterday", "x"], ["/platform", "sim"]]);
  const read = readPatch(schema, cfg, { platform: "redfish" });
  assert.deepEqual(read, { ok: true, values: new Map([["/platform", "redfish"]]) });
  assert.deepEqual(readPatch(schema, cfg, { of: null }), { ok: true, values: new Map([["/of/yesterday", null]]) });
});
