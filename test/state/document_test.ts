import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  compareVersions,
  type Facet,
  mergeDocuments,
  mergeFacets,
  newestVersion,
  valuesOf,
} from "../../src/state/mod.ts";
import { anyDocument, anyFacet } from "./arbitraries.ts";
import { at } from "../support/versions.ts";

function facet(entries: Record<string, [string | null, number, number]>): Facet {
  return new Map(
    Object.entries(entries).map(([url, [value, term, rev]]) => [url, { value, version: at(term, rev) }]),
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

/** How two facets differ where both have a value. */
function meetings(a: Facet, b: Facet) {
  const classes: ("a tie" | "newer here" | "newer there" | "a deletion wins")[] = [];
  for (const [url, entry] of a) {
    const other = b.get(url);
    if (other === undefined) continue;
    const order = compareVersions(entry.version, other.version);
    classes.push(order === 0 ? "a tie" : order > 0 ? "newer here" : "newer there");
    if ((order > 0 ? entry : other).value === null) classes.push("a deletion wins");
  }
  return classes;
}

const MEETINGS = ["a tie", "newer here", "newer there", "a deletion wins"] as const;

test("merge is commutative", () => {
  const covered = createCoverage("merge is commutative", MEETINGS, 0.05);
  fc.assert(fc.property(anyDocument, anyDocument, (a, b) => {
    covered.saw(...meetings(a.facets.cfg, b.facets.cfg));
    assert.deepEqual(sorted(mergeDocuments(a, b).facets.cfg), sorted(mergeDocuments(b, a).facets.cfg));
    assert.deepEqual(sorted(mergeDocuments(a, b).facets.self), sorted(mergeDocuments(b, a).facets.self));
  }));
  covered.check();
});

test("merge is associative", () => {
  const covered = createCoverage("merge is associative", MEETINGS, 0.05);
  fc.assert(fc.property(anyFacet, anyFacet, anyFacet, (a, b, c) => {
    covered.saw(...meetings(a, b), ...meetings(b, c));
    assert.deepEqual(sorted(mergeFacets(mergeFacets(a, b), c)), sorted(mergeFacets(a, mergeFacets(b, c))));
  }));
  covered.check();
});

test("merge is idempotent", () => {
  const covered = createCoverage("merge is idempotent", MEETINGS, 0.05);
  fc.assert(fc.property(anyDocument, anyDocument, (a, b) => {
    covered.saw(...meetings(a.facets.cfg, b.facets.cfg));
    const once = mergeDocuments(a, b);
    assert.equal(mergeDocuments(once, b), once);
    assert.equal(mergeDocuments(a, a), a);
  }));
  covered.check();
});

test("merge is monotone: no value ever goes back to an older version", () => {
  const covered = createCoverage("merge is monotone", MEETINGS, 0.05);
  fc.assert(fc.property(anyFacet, anyFacet, (a, b) => {
    covered.saw(...meetings(a, b));
    const merged = mergeFacets(a, b);
    for (const side of [a, b]) {
      for (const [url, entry] of side) {
        const now = merged.get(url);
        assert.ok(now !== undefined && compareVersions(now.version, entry.version) >= 0, `${url} went back`);
      }
    }
  }));
  covered.check();
});

test("newestVersion() grows with a deletion too", () => {
  assert.deepEqual(newestVersion(facet({ "/a": ["x", 1, 4], "/b": [null, 1, 7] })), at(1, 7));
  assert.deepEqual(newestVersion(new Map()), at(0, 0));
});

test("newestVersion() is that of the newest value, wherever it stands", () => {
  const newest: [string, number, number] = ["x", 2, 3];
  const older: [string, number, number][] = [["x", 2, 2], ["x", 1, 9], ["x", 2, 3]];
  for (const other of older) {
    assert.deepEqual(newestVersion(facet({ "/a": newest, "/b": other })), at(2, 3));
    assert.deepEqual(newestVersion(facet({ "/a": other, "/b": newest, "/c": other })), at(2, 3));
  }
});

function sorted(value: Facet): unknown {
  return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
}
