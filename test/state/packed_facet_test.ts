import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { EMPTY_FACET, type Facet, type PackedFacet, packFacet } from "../../src/state/mod.ts";
import { anyFacet } from "./arbitraries.ts";

test("a packed facet says what a map of the same entries says, in the same order", () => {
  const covered = createCoverage("packed facets", ["empty", "overwritten", "all URLs", "four steps"], 0.02);
  fc.assert(fc.property(fc.array(anyFacet, { maxLength: 5 }), (steps) => {
    const map = new Map(steps.flatMap((facet) => [...facet]));
    const packed = steps.reduce<PackedFacet>((before, facet) => before.with(facet), EMPTY_FACET);
    assert.deepEqual([...packed], [...map]);
    assert.deepEqual([...packed.keys()], [...map.keys()]);
    assert.deepEqual(packed.urls, [...map.keys()]);
    assert.deepEqual([...packed.values()], [...map.values()]);
    assert.deepEqual([...packed.entries()], [...map.entries()]);
    assert.equal(packed.size, map.size);
    const visited: unknown[] = [];
    packed.forEach((entry, url, facet) => visited.push([url, entry, facet === packed]));
    assert.deepEqual(visited, [...map].map(([url, entry]) => [url, entry, true]));
    for (const url of [...map.keys(), "/none", ""]) {
      assert.deepEqual(packed.get(url), map.get(url));
      assert.equal(packed.has(url), map.has(url));
      assert.equal(packed.placeOf(url), map.has(url) ? [...map.keys()].indexOf(url) : undefined);
    }
    const written = steps.reduce((sum, { size }) => sum + size, 0);
    covered.saw(
      ...(map.size === 0 ? ["empty"] as const : []),
      ...(written > map.size ? ["overwritten"] as const : []),
      ...(map.size === 4 ? ["all URLs"] as const : []),
      ...(steps.length > 3 ? ["four steps"] as const : []),
    );
  }));
  covered.check();
});

test("a packed facet stays as it was when another one is made from it", () => {
  const covered = createCoverage("packed facets that another one is made from", ["changed", "grown"], 0.2);
  fc.assert(fc.property(anyFacet, anyFacet, (first: Facet, second: Facet) => {
    const packed = packFacet(first);
    const before = [...packed];
    packed.with(second);
    assert.deepEqual([...packed], before);
    assert.equal(packFacet(packed), packed);
    const urls = [...second.keys()];
    covered.saw(
      ...(urls.some((url) => first.has(url)) ? ["changed"] as const : []),
      ...(urls.some((url) => !first.has(url)) ? ["grown"] as const : []),
    );
  }));
  covered.check();
});
