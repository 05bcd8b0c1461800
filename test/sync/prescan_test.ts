import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "cborg";
import { createCoverage, fc } from "../support/property.ts";
import { prescan } from "../../src/sync/mod.ts";
import { createMapKeys } from "../../src/sync/map_keys.ts";

test("the keys of a map are told apart as a set of texts would", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 6 });
  const maps = fc.array(fc.array(text, { maxLength: 80 }), { maxLength: 3 });
  const covered = createCoverage("keys of maps", ["several maps", "a key that repeats", "more than 32 keys"], 0.15);
  fc.assert(fc.property(maps, (keysOfMaps) => {
    const bytes = new TextEncoder().encode(`before${keysOfMaps.flat().join("")}`).subarray("before".length);
    const keys = createMapKeys(bytes);
    let start = 0;
    covered.saw(
      ...(keysOfMaps.length > 1 ? ["several maps" as const] : []),
      ...(keysOfMaps.some((texts) => new Set(texts).size < texts.length) ? ["a key that repeats" as const] : []),
      ...(keysOfMaps.some((texts) => new Set(texts).size > 32) ? ["more than 32 keys" as const] : []),
    );
    for (const texts of keysOfMaps) {
      keys.clear();
      const seen = new Set<string>();
      for (const key of texts) {
        assert.equal(keys.add(start, key.length), !seen.has(key), key);
        seen.add(key);
        start += key.length;
      }
    }
  }));
  covered.check();
});

test("an empty key repeats no other, however many came before it", () => {
  const keys = [...Array.from({ length: 40 }, (_, n) => `/v${n}`), ""];
  const map = Object.fromEntries(keys.map((key) => [key, 1]));
  assert.equal(prescan(encode([map, map])), undefined);
});

test("a key is compared with 32 others at most: maps of thousands take no longer than their bytes", () => {
  const keys = Array.from({ length: 5_000 }, (_, n) => String(n).padStart(8, "0"));
  let reads = 0;
  const bytes = new Proxy(new TextEncoder().encode(keys.join("")), {
    get(target, name) {
      if (typeof name === "string" && /^\d+$/.test(name)) reads++;
      return Reflect.get(target, name, target);
    },
  });
  const found = createMapKeys(bytes);
  found.clear();
  for (const [place, key] of keys.entries()) assert.equal(found.add(place * 8, 8), true, key);
  assert.equal(found.add(8, 8), false);
  assert.ok(reads < 5_000 * 32 * 2, `${reads} bytes looked at`);
});

test("a key that repeats is found in maps of any size and depth, and in no other", () => {
  const covered = createCoverage("maps with a key twice", ["up to 32 keys", "more keys", "outermost", "inside"], 0.15);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(), fc.nat(3), (size, place, depth) => {
      const map = Object.fromEntries(
        Array.from({ length: size }, (_, n) => [`/v${n + 100}`, { inside: n, "/v100": n }]),
      );
      const nested = Array.from({ length: depth }).reduce((inner: unknown) => [{ inner }, 0], map);
      const bytes = encode(nested);
      assert.equal(prescan(bytes), undefined);
      if (size < 2) return;
      // All keys are as long: another one in the place of the last makes two of it.
      const texts = new TextDecoder("latin1").decode(bytes);
      const [first, last] = [`/v${100 + place % (size - 1)}`, `/v${99 + size}`];
      const found = prescan(
        encode(nested).map((byte, at) => {
          const start = texts.indexOf(last);
          return at >= start && at < start + last.length ? first.charCodeAt(at - start) : byte;
        }),
      );
      assert.match(found ?? "nothing", /repeats an earlier one/);
      covered.saw(size > 32 ? "more keys" : "up to 32 keys", depth === 0 ? "outermost" : "inside");
    }),
  );
  covered.check();
});
