import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore, watchStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTestChanges, listen } from "./small_tree.ts";

test("a store that fails says so once, is tried again by itself, and says when it takes writes again", async () => {
  const clock = createVirtualClock();
  const changes = createTestChanges();
  const lines: string[] = [];
  const memory = openMemoryStore();
  let isFull = false;
  const store = watchStore({
    ...memory,
    commit(batch) {
      if (isFull) throw new Error("No room");
      memory.commit(batch);
    },
  }, { clock, changes, log: createLog((line) => lines.push(line)) });
  const turns: (string | undefined)[] = [];
  listen(changes, ["StoreTurned"], ({ problem }) => void turns.push(problem));
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

test("a store that goes on failing is tried with growing pauses, at least every ten seconds", async () => {
  const clock = createVirtualClock();
  const tried: number[] = [];
  const store = watchStore({
    ...openMemoryStore(),
    commit() {
      tried.push(clock.now());
      throw new Error("No room");
    },
  }, { clock, changes: createTestChanges(), log: createLog(() => {}) });
  assert.throws(() => store.commit({}), /No room/);
  await clock.advance(60_000);
  const pauses = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]);
  store.unwatch();
  const { length } = tried;
  await clock.advance(60_000);
  assert.equal(tried.length, length);
  assert.throws(() => store.commit({}), /No room/);
  assert.equal(clock.waiting, 0, "it is tried again though nobody watches");
});

test("a store that has recovered begins with a short pause when it fails again", async () => {
  const clock = createVirtualClock();
  let isFull = true;
  const tried: number[] = [];
  const memory = openMemoryStore();
  const store = watchStore({
    ...memory,
    commit(batch) {
      tried.push(clock.now());
      if (isFull) throw new Error("No room");
      memory.commit(batch);
    },
  }, { clock, changes: createTestChanges(), log: createLog(() => {}) });
  assert.throws(() => store.commit({}), /No room/);
  await clock.advance(20_000);
  isFull = false;
  await clock.advance(10_000);
  assert.equal(store.problem, undefined);
  isFull = true;
  const start = clock.now();
  assert.throws(() => store.commit({}), /No room/);
  await clock.advance(1_000);
  assert.equal(tried.at(-1), start + 1_000);
  assert.equal(memory.load().facts.get("failures"), store.failures - 2);
});

test("a store that nobody watches any more sets no timer when it begins to fail", () => {
  const clock = createVirtualClock();
  const failing = {
    ...openMemoryStore(),
    commit() {
      throw new Error("No room");
    },
  };
  const store = watchStore(failing, { clock, changes: createTestChanges(), log: createLog(() => {}) });
  store.unwatch();
  assert.throws(() => store.commit({}), /No room/);
  assert.deepEqual([clock.waiting, store.problem], [0, "No room"]);
});

test("a store says anew why it fails when that is another reason, and how often it has failed", async () => {
  const clock = createVirtualClock();
  const changes = createTestChanges();
  const lines: string[] = [];
  let why: string | undefined = "No room";
  const memory = openMemoryStore();
  const store = watchStore({
    ...memory,
    commit(batch) {
      if (why !== undefined) throw new Error(why);
      memory.commit(batch);
    },
  }, { clock, changes, log: createLog((line) => lines.push(line)) });
  let turns = 0;
  listen(changes, ["StoreTurned"], () => void turns++);
  for (const each of ["No room", "No room", "No disk"]) {
    why = each;
    assert.throws(() => store.commit({}), new RegExp(each));
  }
  await clock.advance(0);
  assert.deepEqual([lines.length, store.problem, store.failures, turns], [2, "No disk", 3, 1]);
  why = undefined;
  store.commit({});
  await clock.advance(0);
  assert.deepEqual([lines.length, store.problem, store.failures, turns, clock.waiting], [3, undefined, 3, 2, 0]);
  assert.match(lines[2] ?? "", /takes writes again.*3/);
});
