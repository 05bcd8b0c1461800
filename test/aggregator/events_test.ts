import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("an event says what every store can keep, whatever a machine has said", () => {
  const store = openMemoryStore();
  const events = createEvents(createVirtualClock(), store, store.load());
  const told: string[] = [];
  events.listen(({ why }) => told.push(why));
  events.add({ node: "n1", kind: "failed", why: "a\0b \ud800 c \u{1f991} d\n" });
  assert.deepEqual(told, ["a\ufffdb \ufffd c \u{1f991} d\n"]);
  assert.deepEqual(events.unsaved().map(({ why }) => why), told);
});

test("no id is given twice, though a run ended before its events got to the store", () => {
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const ids: number[] = [];
  for (let run = 0; run < 3; run++) {
    const events = createEvents(clock, store, store.load());
    events.listen(({ id }) => ids.push(id));
    for (let count = 0; count < 1500; count++) events.add({ node: "n1", kind: "done", why: "" });
  }
  assert.equal(new Set(ids).size, 4500);
  assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
});
