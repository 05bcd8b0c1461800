import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
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

/** Bytes from hex, spaces aside. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

test("what is cut off is said to end where its bytes do, whatever is missing", () => {
  const cut = ["18", "19 01", "1a 01 02 03", "38", "61", "62 61", "78", "78 02 61", "79 00", "81", "82 01", "98", "a1"];
  for (const text of [...cut, "a1 61", "a1 61 61", "a1 62 61", "b8", "9a 00 00 00", "7a 00 00 00 02 61"]) {
    const bytes = hex(text);
    assert.equal(prescan(bytes), `Frame ends at byte ${bytes.length}: expected more`, text);
  }
});

test("what comes after the one item is refused, and so is nothing at all", () => {
  assert.equal(prescan(hex("")), "Frame ends at byte 0: expected more");
  for (const item of ["00", "18 ff", "60", "61 61", "80", "81 00", "a0", "a1 60 00", "f4", "f5", "f6", "20"]) {
    assert.equal(prescan(hex(item)), undefined, item);
    assert.equal(prescan(hex(`${item} 00`)), `Frame has bytes after its end at byte ${hex(item).length}`, item);
  }
});

test("a length may be told in one, two or four bytes, and in no other way", () => {
  for (const length of ["02", "18 02", "19 00 02", "1a 00 00 00 02"]) {
    const [first = 0, ...rest] = hex(length);
    for (const [major, body] of [[3, "61 62"], [4, "00 00"], [5, "60 00 61 61 00"]] as const) {
      const bytes = Uint8Array.of((major << 5) | first, ...rest, ...hex(body));
      assert.equal(prescan(bytes), undefined, `${major} ${length}`);
    }
  }
  for (const first of [0x1b, 0x1c, 0x1d, 0x1e, 0x1f]) {
    for (const major of [0, 1, 3, 4, 5]) {
      const bytes = Uint8Array.of((major << 5) | first, ...Array<number>(9).fill(0));
      assert.equal(prescan(bytes), "Indefinite length or 64 bit number at byte 0 is not allowed");
    }
  }
});

test("simple values are true, false and null", () => {
  for (let byte = 0xe0; byte <= 0xff; byte++) {
    const expected = byte >= 0xf4 && byte <= 0xf6 ? undefined : "Float or simple value at byte 0 is not allowed";
    assert.equal(prescan(Uint8Array.of(byte)), expected, byte.toString(16));
  }
});

test("a frame may have as many bytes and items, and be as deep, as its limits say", () => {
  const bytes = hex("83 01 02 81 03"); // a list of 1, 2 and a list of 3
  const cases = [
    [{ bytes: 5 }, { bytes: 4 }, "Frame has 5 bytes: expected at most 4"],
    [{ items: 5 }, { items: 4 }, "Frame has more than 4 data items"],
    [{ depth: 2 }, { depth: 1 }, "Frame is nested more than 1 deep at byte 3"],
  ] as const;
  for (const [enough, few, problem] of cases) {
    assert.equal(prescan(bytes, enough), undefined);
    assert.equal(prescan(bytes, few), problem);
  }
});

test("only a map has keys: what is alike in a list, or in two maps, repeats nothing", () => {
  for (const text of ["82 61 61 61 61", "82 a1 61 61 00 a1 61 61 00", "a1 61 61 a1 61 61 00", "a1 61 61 61 61"]) {
    assert.equal(prescan(hex(text)), undefined, text);
  }
  const twice = ["a2 61 61 00 61 61 00", "81 a2 61 61 80 61 61 80", "a2 61 61 a1 61 61 00 61 61 00"];
  for (const text of twice) assert.match(prescan(hex(text)) ?? "nothing", /repeats an earlier one$/, text);
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
