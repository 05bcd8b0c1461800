import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import {
  compareVersions,
  type Facet,
  mergeDocuments,
  mergeFacets,
  newestVersion,
  valuesOf,
} from "../../src/state/mod.ts";
import { anyDocument, anyFacet } from "./arbitraries.ts";

function facet(entries: Record<string, [string | null, number, number]>): Facet {
  return new Map(
    Object.entries(entries).map(([url, [value, term, rev]]) => [url, { value, version: [term, rev] as const }]),
  );
}

test("mergeFacets() keeps, per value, the higher version", () => {
  const merged = mergeFacets(
    facet({ "/a": ["old", 1, 9], "/b": ["new", 2, 1] }),
    facet({ "/a": ["new", 2, 1], "/b": ["old", 1, 9] }),
  );
  assert.deepEqual([...valuesOf(merged)], [["/a", "new"], ["/b", "new"]]);
});

test("mergeFacets() keeps a value that was unset from coming back with an older version", () => {
  const merged = mergeFacets(facet({ "/a": [null, 2, 5] }), facet({ "/a": ["ghost", 2, 4] }));
  assert.deepEqual([...valuesOf(merged)], []);
});

test("mergeFacets() gives back its first facet itself when the second brings nothing new", () => {
  const a = facet({ "/a": ["x", 1, 1] });
  assert.equal(mergeFacets(a, facet({ "/a": ["x", 1, 1] })), a);
});

test("merge is commutative", () => {
  fc.assert(fc.property(anyDocument, anyDocument, (a, b) => {
    assert.deepEqual(sorted(mergeDocuments(a, b).facets.cfg), sorted(mergeDocuments(b, a).facets.cfg));
    assert.deepEqual(sorted(mergeDocuments(a, b).facets.self), sorted(mergeDocuments(b, a).facets.self));
  }));
});

test("merge is associative", () => {
  fc.assert(fc.property(anyFacet, anyFacet, anyFacet, (a, b, c) => {
    assert.deepEqual(sorted(mergeFacets(mergeFacets(a, b), c)), sorted(mergeFacets(a, mergeFacets(b, c))));
  }));
});

test("merge is idempotent", () => {
  fc.assert(fc.property(anyDocument, anyDocument, (a, b) => {
    const once = mergeDocuments(a, b);
    assert.equal(mergeDocuments(once, b), once);
    assert.equal(mergeDocuments(a, a), a);
  }));
});

test("merge is monotone: no value ever goes back to an older version", () => {
  fc.assert(fc.property(anyFacet, anyFacet, (a, b) => {
    const merged = mergeFacets(a, b);
    for (const side of [a, b]) {
      for (const [url, entry] of side) {
        const now = merged.get(url);
        assert.ok(now !== undefined && compareVersions(now.version, entry.version) >= 0, `${url} went back`);
      }
    }
  }));
});

test("newestVersion() grows with a deletion too", () => {
  assert.deepEqual(newestVersion(facet({ "/a": ["x", 1, 4], "/b": [null, 1, 7] })), [1, 7]);
  assert.deepEqual(newestVersion(new Map()), [0, 0]);
});

function sorted(value: Facet): unknown {
  return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
}
