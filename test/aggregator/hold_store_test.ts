import assert from "node:assert/strict";
import { test } from "node:test";
import { createHoldStore } from "../../aggregator/engine/hold_store.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";

test("a store whose holds can't be read holds nothing, and the log says so", () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const read = (holds: string) => createHoldStore(openMemoryStore(), new Map([["holds", holds]]), log).kept();
  const hold = { mutation: "m/a", goals: "g", nodes: ["n1"], reason: "No", heldAt: 1 };
  assert.deepEqual(read(JSON.stringify([hold])), [hold]);
  assert.deepEqual(lines, []);
  assert.deepEqual(read("[{}]"), []);
  assert.deepEqual(read("{"), []);
  assert.equal(lines.length, 2);
});
