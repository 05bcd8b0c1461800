import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  bindUrl,
  core,
  createSchema,
  defineExtension,
  diffValues,
  type Entry,
  enumeration,
  equalValues,
  type NodeDocument,
  services,
  statedConditions,
  type Value,
  viewOf,
} from "../../src/state/mod.ts";
import { at } from "../support/versions.ts";

const schema = createSchema([core, services]);
const conditions = statedConditions(schema);

function document(
  cfg: Record<string, Value>,
  parent: Record<string, Value>,
  self: Record<string, Value> = {},
): NodeDocument {
  const facet = (values: Record<string, Value>): Map<string, Entry> =>
    new Map(Object.entries(values).map(([url, value]) => [url, { value, version: at(1, 1) }]));
  return { id: "n", facets: { cfg: facet(cfg), parent: facet(parent), self: facet(self) } };
}

test("viewOf() shows discovered values and constants, and no goals", () => {
  const view = viewOf(
    schema,
    conditions,
    document({ "/platform": "sim", "/runState": "SYNC" }, { "/physState": "POWER_ON", "/runState": "INIT" }),
  );
  assert.deepEqual(Object.fromEntries(view), { "/platform": "sim", "/physState": "POWER_ON", "/runState": "INIT" });
});

test("viewOf() hides what can't be known, through every level", () => {
  const view = viewOf(
    schema,
    conditions,
    document({}, { "/physState": "POWER_OFF", "/runState": "SYNC" }, { "/services/web/state": "RUN" }),
  );
  assert.deepEqual(Object.fromEntries(view), { "/physState": "POWER_OFF" });
});

test("viewOf() passes over a value written by somebody who is not its writer", () => {
  const view = viewOf(schema, conditions, document({}, {}, { "/physState": "POWER_ON" }));
  assert.equal(view.size, 0);
});

test("viewOf() leaves out what is discovered as unknown", () => {
  assert.equal(viewOf(schema, conditions, document({}, { "/physState": "PHYS_UNKNOWN" })).size, 0);
});

test("viewOf() ends on conditions that lead back to themselves", () => {
  const loop = createSchema([defineExtension("loop", {
    "/a": { type: enumeration("U", "X"), writer: "self", about: "", knownWhile: { "/b": "X" } },
    "/b": { type: enumeration("U", "X"), writer: "self", about: "", knownWhile: { "/a": "X" } },
  })]);
  assert.equal(viewOf(loop, statedConditions(loop), document({}, {}, { "/a": "X", "/b": "X" })).size, 0);
});

test("a value is never shown while its condition is false", () => {
  const parentValues = fc.record({
    "/physState": fc.constantFrom("PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "PHYS_HANG"),
    "/runState": fc.constantFrom("UNKNOWN", "INIT", "SYNC", "ERROR"),
    "/link": fc.constantFrom("UP", "DOWN"),
  }, { noNullPrototype: true, requiredKeys: [] });
  const selfValues = fc.record({
    "/drained": fc.constantFrom("NO", "YES"),
    "/services/a/state": fc.constantFrom("RUN", "STOP"),
    "/services/b/error": fc.constantFrom("broke"),
  }, { noNullPrototype: true, requiredKeys: [] });
  const covered = createCoverage("views", ["all is known", "something is hidden"], 0.035);
  fc.assert(
    fc.property(parentValues, selfValues, (parent, self) => {
      const shown = document({}, defined(parent), defined(self));
      const view = viewOf(schema, conditions, shown);
      for (const url of view.keys()) {
        const found = schema.find(url);
        assert.ok(found !== undefined);
        for (const [other, expected] of Object.entries(conditions.get(found.pattern) ?? {})) {
          assert.ok(equalValues(view.get(bindUrl(other, found.bindings)), expected), `${url} shown without ${other}`);
        }
      }
      // And nothing that could be known is kept back.
      if (parent["/physState"] === "POWER_ON" && parent["/runState"] === "SYNC") {
        for (const [url, value] of Object.entries(defined(self))) assert.deepEqual(view.get(url), value);
      }
      const count = Object.keys({ ...defined(parent), ...defined(self) }).length;
      covered.saw(view.size < count ? "something is hidden" : "all is known");
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("diffValues() lists what changes, ordered by URL", () => {
  const before = new Map<string, Value>([["/b", 1], ["/a", "x"], ["/same", { k: [1] }]]);
  const after = new Map<string, Value>([["/c", true], ["/a", "y"], ["/same", { k: [1] }]]);
  assert.deepEqual(diffValues(before, after), [
    { url: "/a", from: "x", to: "y" },
    { url: "/b", from: 1, to: undefined },
    { url: "/c", from: undefined, to: true },
  ]);
});

function defined(values: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(values).filter((pair): pair is [string, Value] => pair[1] !== undefined),
  );
}
