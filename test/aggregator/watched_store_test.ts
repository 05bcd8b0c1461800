import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore, watchStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("a store that fails says so once, is tried again by itself, and says when it takes writes again", async () => {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const memory = openMemoryStore();
  let isFull = false;
  const store = watchStore({
    ...memory,
    commit(batch) {
      if (isFull) throw new Error("No room");
      memory.commit(batch);
    },
  }, { clock, log: createLog((line) => lines.push(line)) });
  const turns: (string | undefined)[] = [];
  store.onTurn(() => {
    throw new Error("A listener that fails keeps nobody else from hearing");
  });
  store.onTurn(() => turns.push(store.problem));
  store.commit({ facts: new Map([["a", 1]]) });
  assert.equal(clock.waiting, 0);
  isFull = true;
  for (let time = 0; time < 3; time++) {
    assert.throws(() => store.commit({ facts: new Map([["a", 2]]) }), /No room/);
    await clock.advance(5_000);
  }
  assert.deepEqual(turns, ["No room"]);
  assert.equal(lines.filter((line) => line.includes("Cannot write to the store")).length, 1);
  assert.ok(store.failures > 3);
  isFull = false;
  await clock.advance(10_000);
  assert.equal(store.problem, undefined);
  assert.deepEqual(turns, ["No room", undefined]);
  assert.equal(clock.waiting, 0);
  assert.equal(store.load().facts.get("a"), 1);
});
