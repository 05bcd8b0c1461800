import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { MAX_EVENTS, openMemoryStore } from "../../aggregator/store/mod.ts";
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

test("the log says once that it is full, in an event, and counts what it drops", () => {
  const store = openMemoryStore();
  const events = createEvents(createVirtualClock(), store, store.load());
  const kinds: string[] = [];
  const save = () => {
    const unsaved = events.unsaved();
    store.commit({ events: unsaved });
    events.saved(unsaved.at(-1)?.id ?? 0);
  };
  const fill = (count: number) => {
    for (let done = 0; done < count; done += 5_000) {
      for (let each = 0; each < 5_000; each++) events.add({ node: "n1", kind: "done", why: "" });
      save();
    }
  };
  events.listen(({ kind }) => kind === "log" && kinds.push(kind));
  fill(MAX_EVENTS);
  assert.deepEqual(events.dropped, { upTo: 0, count: 0 });
  assert.deepEqual(kinds, []);
  fill(10_000);
  assert.deepEqual(events.dropped, { upTo: 10_001, count: 10_001 });
  assert.deepEqual(kinds, ["log"]);
  const again = createEvents(createVirtualClock(), store, store.load());
  assert.equal(again.dropped.upTo, 10_001);
  again.add({ node: "n1", kind: "done", why: "" });
  again.saved(again.last);
  assert.deepEqual(again.unsaved(), [], "a full log is no news after a restart");
});

test("events that a failing store could not take are counted as dropped", () => {
  const store = openMemoryStore();
  const events = createEvents(createVirtualClock(), store, store.load());
  for (let each = 0; each < 10_003; each++) events.add({ node: "n1", kind: "done", why: "" });
  assert.equal(events.dropped.count, 3);
  assert.equal(events.unsaved().length, 10_000);
  assert.equal(events.unsaved()[0]?.id, 4);
});
