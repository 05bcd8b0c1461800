import assert from "node:assert/strict";
import { test } from "node:test";
import { dropOldest } from "../../src/toolkit/mod.ts";

test("dropOldest() leaves what was put in last", () => {
  const map = new Map([["a", 1], ["b", 2], ["c", 3]]);
  let dropped = "";
  dropOldest(map, 3, (key) => void (dropped += key));
  assert.equal(dropped, "");
  map.delete("a");
  map.set("a", 1); // used again
  dropOldest(map, 1, (key) => void (dropped += key));
  assert.deepEqual([[...map.keys()], dropped], [["a"], "bc"]);
});

test("dropOldest() bounds a set, down to nothing", () => {
  const set = new Set([1, 2, 3]);
  dropOldest(set, 2);
  assert.deepEqual([...set], [2, 3]);
  dropOldest(set, 0);
  assert.equal(set.size, 0);
});
