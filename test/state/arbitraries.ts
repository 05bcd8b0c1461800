import { fc } from "../support/property.ts";
import type { Entry, Facet, NodeDocument, Value } from "../../src/state/mod.ts";

/** Any value that a facet can hold. */
export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom("POWER_OFF", "POWER_ON", "a", ""),
  fc.integer({ min: -5, max: 5 }),
  fc.boolean(),
  fc.array(fc.constantFrom("x", "y"), { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("k", "l"), fc.integer({ min: 0, max: 2 }), { maxKeys: 2, noNullPrototype: true }),
);

const anyEntry: fc.Arbitrary<Entry> = fc.record(
  {
    value: fc.option(anyValue),
    version: fc.record(
      {
        assignment: fc.integer({ min: 0, max: 2 }),
        run: fc.integer({ min: 0, max: 2 }),
        rev: fc.integer({ min: 0, max: 2 }),
      },
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

/** Facets over few URLs and few versions, so that they collide often. */
export const anyFacet: fc.Arbitrary<Facet> = fc.dictionary(
  fc.constantFrom("/physState", "/runState", "/services/a/state", "/services/b/state"),
  anyEntry,
  { noNullPrototype: true },
).map((entries) => new Map(Object.entries(entries)));

/** Documents of one node. */
export const anyDocument: fc.Arbitrary<NodeDocument> = fc.record(
  { cfg: anyFacet, parent: anyFacet, self: anyFacet },
  { noNullPrototype: true },
).map((facets) => ({ id: "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55", facets }));
