import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { canonicalText } from "../../src/state/mod.ts";
import { digestOf } from "../../src/sync/mod.ts";

/** A module that discovers nothing. */
function moduleOf(name: string, about = "Nothing"): ModuleDeclaration {
  return declareModule({ name, about, extensions: [], discovers: [], mutations: {} });
}

test("a digest is 32 hexadecimal digits, and the same for the same declarations in another list", () => {
  assert.match(digestOf([moduleOf("a")]), /^[0-9a-f]{32}$/);
  assert.equal(digestOf([moduleOf("a")]), digestOf([moduleOf("a")]));
  const list = [moduleOf("a")];
  assert.equal(digestOf(list), digestOf(list));
});

test("a digest is of a set: the order of modules, and of what they say, does not matter", () => {
  const names = ["a", "b", "c"];
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const digests = orders.map((order) => digestOf(order.map((place) => moduleOf(names[place] ?? ""))));
  assert.equal(new Set(digests).size, 1);
  const { name, ...rest } = moduleOf("a");
  assert.equal(digestOf([{ ...rest, name }]), digestOf([moduleOf("a")]));
});

test("a digest is the SHA-256 of the declarations, in the order of their names, as one text", () => {
  const text = canonicalText(JSON.parse(JSON.stringify([moduleOf("a"), moduleOf("b")])));
  const expected = createHash("sha256").update(text).digest("hex").slice(0, 32);
  assert.equal(digestOf([moduleOf("b"), moduleOf("a")]), expected);
});

test("declarations that differ in anything have another digest", () => {
  const lists = [[], [moduleOf("a")], [moduleOf("a", "Something")], [moduleOf("b")], [moduleOf("a"), moduleOf("b")]];
  assert.equal(new Set(lists.map(digestOf)).size, lists.length);
});
