import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { createBatchWriter } from "../../aggregator/store/batch_writer.ts";
import { type Batch, openMemoryStore } from "../../aggregator/store/mod.ts";
import { FACET_NAMES } from "../../src/state/mod.ts";
import { createReplica, type Session } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";
import { createTestChanges } from "./small_tree.ts";

/** A batchWriter over a store that can be made to fail and to take its time, with every batch that was written. */
function make(parts: { session?: readonly [string, Session]; facets?: typeof FACET_NAMES } = {}) {
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const replica = createReplica();
  const batches: Batch[] = [];
  const disk = { isFull: false, takes: 0, tried: 0 };
  const events = createEvents(clock, store, store.load());
  const now = clock.now.bind(clock);
  let spent = 0;
  const batchWriter = createBatchWriter({
    store: {
      ...store,
      commit(batch) {
        disk.tried++;
        spent += disk.takes;
        if (disk.isFull) throw new Error("No room");
        store.commit(batch);
        batches.push(batch);
      },
    },
    ...{ replica, events, changes: createTestChanges(), facets: parts.facets ?? FACET_NAMES },
    clock: { ...clock, now: () => now() + spent },
    session: (id) => id === "a" ? parts.session : undefined,
  });
  const write = (id: string, value: string, run = 1) =>
    replica.write(id, "self", new Map([["/drained", value]]), ofRun(run));
  const onDisk = (id: string) => {
    const document = store.load().documents.find((each) => each.id === id);
    return document?.facets.self.get("/drained")?.value;
  };
  return { store, clock, replica, batches, disk, events, batchWriter, write, onDisk };
}

test("what was discovered and logged is on disk within 200 ms, in one batch", async () => {
  const { clock, batches, events, write, onDisk, batchWriter } = make();
  write("a", "NO");
  write("b", "YES");
  events.add({ node: "n1", kind: "done", why: "" });
  assert.deepEqual(batchWriter.waiting, { unsavedDocuments: 2, unsavedEvents: 1 });
  await clock.advance(199);
  assert.equal(batches.length, 0);
  await clock.advance(1);
  assert.equal(batches.length, 1);
  assert.deepEqual([onDisk("a"), onDisk("b"), batches[0]?.events?.length], ["NO", "YES", 1]);
  assert.deepEqual(batchWriter.waiting, { unsavedDocuments: 0, unsavedEvents: 0 });
  await clock.advance(60_000);
  assert.equal(batches.length, 1, "nothing new was written");
  assert.equal(clock.waiting, 0);
});

test("what a failing disk did not take is written when it takes writes again, though nothing else happens", async () => {
  const { clock, disk, events, write, onDisk, store, batchWriter } = make();
  write("a", "NO");
  batchWriter.forget("gone");
  events.add({ node: "n1", kind: "done", why: "" });
  disk.isFull = true;
  assert.equal(batchWriter.flush(), false);
  await clock.advance(1_000);
  assert.ok(disk.tried > 2, `tried ${disk.tried} times`);
  assert.deepEqual(batchWriter.waiting, { unsavedDocuments: 1, unsavedEvents: 1 });
  disk.isFull = false;
  await clock.advance(5_000);
  assert.equal(onDisk("a"), "NO");
  assert.equal(store.events(0, 10).length, 1);
  assert.deepEqual(batchWriter.waiting, { unsavedDocuments: 0, unsavedEvents: 0 });
});

test("stop() writes what waits, and nothing is written later", async () => {
  const { clock, batches, write, onDisk, batchWriter, events } = make();
  write("a", "NO");
  batchWriter.stop();
  assert.equal(onDisk("a"), "NO");
  assert.equal(batches.length, 1);
  write("a", "YES", 2);
  events.add({ node: "n1", kind: "done", why: "" });
  batchWriter.flushSoon();
  await clock.advance(60_000);
  assert.equal(batches.length, 1);
  assert.equal(clock.waiting, 0);
});

test("stop() leaves no timer where the disk takes nothing", async () => {
  const { clock, disk, write, batchWriter } = make();
  write("a", "NO");
  disk.isFull = true;
  batchWriter.stop();
  const { tried } = disk;
  await clock.advance(60_000);
  assert.equal(disk.tried, tried);
  assert.equal(clock.waiting, 0);
});

test("flushSoon() writes at once what comes in one go", async () => {
  const { clock, batches, write, batchWriter } = make();
  write("a", "NO");
  batchWriter.flushSoon();
  write("b", "NO");
  batchWriter.flushSoon();
  assert.equal(batches.length, 0);
  await clock.advance(0);
  assert.equal(batches.length, 1);
  assert.deepEqual(batches[0]?.documents?.map(({ document }) => document.id), ["a", "b"]);
  write("c", "NO");
  batchWriter.flushSoon();
  await clock.advance(0);
  assert.equal(batches.length, 2, "it works once only");
});

test("a slow disk gets a bounded share of the time: the next write waits 15 times as long as the last one took", async () => {
  const { clock, disk, batches, write } = make();
  const waited = async (takes: number): Promise<number> => {
    disk.takes = takes;
    write("a", `${batches.length}`, batches.length + 1);
    await clock.runUntil(() => batches.length % 2 === 1, 60_000);
    disk.takes = 0;
    const start = clock.now();
    write("a", `${batches.length}`, batches.length + 1);
    await clock.runUntil(() => batches.length % 2 === 0, 60_000);
    return clock.now() - start;
  };
  assert.equal(await waited(1), 200);
  assert.equal(await waited(100), 1_500);
  assert.equal(await waited(10_000), 5_000);
  assert.equal(await waited(1), 200);
});

test("all facets of a node that have changed are written together", () => {
  const { replica, write, batchWriter, store, batches } = make();
  write("a", "NO");
  replica.write("a", "parent", new Map([["/physState", "POWER_ON"]]), ofRun(1));
  replica.write("a", "cfg", new Map([["/name", "n1"]]), ofRun(1));
  write("a", "YES", 2);
  batchWriter.flush();
  assert.equal(batches.length, 1);
  const { cfg, parent, self } = store.load().documents[0]?.facets ?? {};
  assert.deepEqual([cfg?.size, parent?.size, self?.get("/drained")?.value], [1, 1, "YES"]);
});

test("how far a child has got is written with what it has brought, and not without", () => {
  const session = { run: "r1", term: ofRun(3), received: 7 };
  const { write, store, batchWriter, batches } = make({ session: ["rack", session] });
  write("b", "NO");
  batchWriter.flush();
  assert.equal(store.load().sessions.size, 0);
  write("a", "NO");
  batchWriter.flush();
  assert.deepEqual(store.load().sessions, new Map([["rack", session]]));
  assert.equal(batches.length, 2);
});

test("facets that are not to be written here are not", () => {
  const { replica, batchWriter, store, batches } = make({ facets: ["parent", "self"] });
  replica.write("a", "cfg", new Map([["/name", "n1"]]), ofRun(1));
  assert.equal(batchWriter.flush(), true);
  assert.equal(batches.length, 0, "an empty batch was written");
  replica.write("a", "parent", new Map([["/physState", "POWER_ON"]]), ofRun(1));
  batchWriter.flush();
  const [document] = store.load().documents;
  assert.deepEqual([document?.facets.cfg.size, document?.facets.parent.size], [0, 1]);
});

test("a node that is forgotten goes from the disk by itself", async () => {
  const { clock, write, store, batchWriter, replica } = make();
  write("a", "NO");
  await clock.advance(200);
  replica.remove("a");
  batchWriter.forget("a");
  await clock.advance(200);
  assert.deepEqual(store.load().documents, []);
});

test("a node that leaves and comes back before the next write has on disk only what it has now", () => {
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const replica = createReplica();
  const batchWriter = createBatchWriter({
    ...{ store, replica, clock, changes: createTestChanges(), facets: FACET_NAMES },
    events: createEvents(clock, store, store.load()),
    session: () => undefined,
  });
  replica.write("a", "self", new Map([["/drained", "NO"]]), ofRun(1));
  batchWriter.flush();
  replica.remove("a");
  batchWriter.forget("a");
  replica.write("a", "cfg", new Map([["/name", "n1"]]), ofRun(2));
  batchWriter.flush();
  const [stored, ...others] = store.load().documents;
  assert.deepEqual([...stored?.facets.cfg ?? []], [...replica.get("a")?.facets.cfg ?? []]);
  assert.equal(stored?.facets.self.size, 0);
  assert.deepEqual(others, []);
});

test("what is forgotten after stop() sets no timer", () => {
  const { clock, batchWriter } = make();
  batchWriter.stop();
  batchWriter.forget("a");
  assert.equal(clock.waiting, 0);
});

test("flush() with nothing to write says that all is on disk, and writes nothing", () => {
  const { batchWriter, batches, disk } = make();
  disk.isFull = true;
  assert.equal(batchWriter.flush(), true);
  assert.deepEqual([batches.length, disk.tried], [0, 0]);
});
