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

/** An event log over a store of which is known what it was asked, and which can be made to fail. */
function createBench() {
  const store = openMemoryStore();
  const asked: number[] = [];
  const disk = { isFull: false, commits: 0 };
  const watched = {
    ...store,
    commit(batch: Parameters<typeof store.commit>[0]) {
      disk.commits++;
      if (disk.isFull) throw new Error("No room");
      store.commit(batch);
    },
    events(after: number, limit: number, nodes?: ReadonlySet<string>) {
      asked.push(after);
      return store.events(after, limit, nodes);
    },
  };
  const events = createEvents(createVirtualClock(), watched, store.load());
  const add = (count: number, node = "n1") => {
    for (let each = 0; each < count; each++) events.add({ node, kind: "done", why: "" });
  };
  const save = () => {
    store.commit({ events: events.unsaved() });
    events.saved(events.last);
  };
  return { store, asked, disk, events, add, save };
}

test("ids are reserved on disk a thousand at a time", () => {
  const { store, disk, add } = createBench();
  add(1);
  assert.deepEqual([disk.commits, store.load().facts.get("reservedEvents")], [1, 1000]);
  add(999);
  assert.equal(disk.commits, 1);
  add(1);
  assert.deepEqual([disk.commits, store.load().facts.get("reservedEvents")], [2, 2000]);
});

test("a store that fails keeps nothing from being logged, and is asked again for the next event", () => {
  const { disk, events, add, store } = createBench();
  disk.isFull = true;
  add(3);
  assert.deepEqual([disk.commits, events.last, events.unsaved().length], [3, 3, 3]);
  disk.isFull = false;
  add(1);
  assert.equal(store.load().facts.get("reservedEvents"), 1003);
});

test("an event has the time, its id and what was said", () => {
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const events = createEvents(clock, store, store.load());
  events.add({ node: "n1", kind: "failed", mutation: "power/on", why: "no power" });
  assert.deepEqual(events.after(0, 10), [{
    id: 1,
    time: new Date(clock.wall()).toISOString(),
    node: "n1",
    kind: "failed",
    mutation: "power/on",
    why: "no power",
  }]);
  assert.equal(events.last, 1);
});

test("the newest events come from memory, and older ones from the store", () => {
  const { asked, events, add, save } = createBench();
  add(4001);
  save();
  const ids = (after: number, limit: number) => events.after(after, limit).map(({ id }) => id);
  assert.deepEqual(ids(2000, 2), [2001, 2002]);
  assert.deepEqual(ids(4000, 10), [4001]);
  assert.deepEqual(ids(4001, 10), []);
  assert.deepEqual(asked, []);
  assert.deepEqual(ids(1999, 2), [2000, 2001]);
  assert.deepEqual(ids(0, 3), [1, 2, 3]);
  assert.deepEqual(asked, [1999, 0]);
});

test("what was logged is there before it is saved, also where the store has nothing yet", () => {
  const { events, add } = createBench();
  assert.deepEqual(events.after(0, 10), []);
  add(2);
  add(1, "n2");
  assert.deepEqual(events.after(0, 2).map(({ id }) => id), [1, 2]);
  assert.deepEqual(events.after(1, 10, new Set(["n2"])).map(({ id }) => id), [3]);
  assert.deepEqual(events.after(0, 10, new Set(["n1"])).map(({ id }) => id), [1, 2]);
  assert.deepEqual(events.after(0, 10, new Set()), []);
});

test("saved() keeps what was logged since", () => {
  const { events, add } = createBench();
  add(3);
  events.saved(2);
  assert.deepEqual(events.unsaved().map(({ id }) => id), [3]);
});

test("a thousand may listen at once, and one that is gone makes room", () => {
  const { events, add } = createBench();
  const heard: number[] = [];
  const stop = events.listen(({ id }) => heard.push(id));
  for (let each = 1; each < 1000; each++) events.listen(() => {});
  assert.equal(events.listeners, 1000);
  assert.throws(() => events.listen(() => {}), {
    name: "RangeError",
    message: "Cannot stream events to more than 1000 listeners at once",
  });
  add(1);
  stop();
  add(1);
  assert.deepEqual([heard, events.listeners], [[1], 999]);
  events.listen(() => {});
});

test("a log goes on after the store's newest event, where that is above what was reserved", () => {
  const store = openMemoryStore();
  const event = { id: 5000, time: "2026-01-01T00:00:00.000Z", node: "n1", kind: "done", why: "" };
  store.commit({ events: [event], facts: new Map([["reservedEvents", 1000]]) });
  const events = createEvents(createVirtualClock(), store, store.load());
  events.add({ node: "n1", kind: "done", why: "" });
  assert.equal(events.last, 5001);
  assert.equal(store.load().facts.get("reservedEvents"), 6000);
});
