import assert from "node:assert/strict";
import { test } from "node:test";
import { withDurableAcks } from "../../aggregator/links/durable_acks.ts";
import { createEvents } from "../../aggregator/store/events.ts";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import { createBatchWriter } from "../../aggregator/store/batch_writer.ts";
import { takeWriterTerm } from "../../aggregator/store/writer_term.ts";
import { FACET_NAMES } from "../../src/state/mod.ts";
import { createReplica, type UpFrame } from "../../src/sync/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";
import { createTestChanges } from "./small_tree.ts";

/** A transport to the parent, and what happened in which order. */
function make() {
  const happened: string[] = [];
  const world = { isFull: false };
  const changes = createTestChanges();
  const way = withDurableAcks(
    {
      send: (frame) =>
        void happened.push(
          frame.type === "ack" || frame.type === "ping"
            ? `${frame.type} ${frame.received} to ${frame.to}`
            : `send ${frame.type}`,
        ),
      onAssignment: () => happened.push("assignment"),
      ...{ onLink() {}, onKeepalive() {}, onDeposed() {} },
    },
    changes,
    () => {
      happened.push("flush");
      return !world.isFull;
    },
  );
  const ack = (received: number, to = "p") => way.send({ type: "ack", from: "r", to, received });
  return { happened, world, way, ack, changes };
}

const CLASSES = ["sent in vain", "lost", "written anew", "ack of less"] as const;

const data: UpFrame = { type: "data", from: "r", to: "p", since: 0, upTo: 1, newest: 1, documents: [] };

test("what is said of nodes, and what is acknowledged, is written first", () => {
  const { happened, way, ack } = make();
  way.send({ ...data, documents: [{ id: "n", facets: {} }] });
  ack(3);
  assert.deepEqual(happened, ["flush", "send data", "flush", "ack 3 to p"]);
});

test("a frame leaves after all that the turn it is sent in leads to", () => {
  const { happened, changes, ack } = make();
  changes.on("links", "test", ["CaughtUp"], () => void happened.push("dealt with"));
  changes.turn(() => {
    ack(3);
    changes.post({ kind: "CaughtUp" });
  });
  assert.deepEqual(happened, ["dealt with", "flush", "ack 3 to p"]);
});

test("frames that say nothing of nodes write nothing", () => {
  const { happened, way } = make();
  way.send(data);
  way.send({ type: "resync", from: "r", to: "p", received: 0 });
  assert.deepEqual(happened, ["send data", "send resync"]);
});

test("while the disk is full, an ack says what was safe before", () => {
  const { happened, world, ack } = make();
  ack(3);
  world.isFull = true;
  ack(5);
  world.isFull = false;
  ack(6);
  assert.deepEqual(happened.filter((what) => what !== "flush"), ["ack 3 to p", "ack 3 to p", "ack 6 to p"]);
});

test("a ping says no more than an ack may", () => {
  const { happened, world, way } = make();
  const ping = (received: number) => way.send({ type: "ping", from: "r", to: "p", received });
  ping(3);
  world.isFull = true;
  ping(5);
  assert.deepEqual(happened, ["flush", "ping 3 to p", "flush", "ping 3 to p"]);
});

test("data go up while the disk is full, and say nothing of what is safe", () => {
  const { happened, world, way, ack } = make();
  const news = { ...data, documents: [{ id: "n", facets: {} }] };
  ack(3);
  way.send(news);
  world.isFull = true;
  way.send(news);
  ack(5);
  assert.deepEqual(happened.filter((what) => what !== "flush"), [
    ...["ack 3 to p", "send data", "send data", "ack 3 to p"],
  ]);
});

test("what was safe of one parent's is nothing of another's", () => {
  const { happened, world, ack } = make();
  world.isFull = true;
  ack(2);
  world.isFull = false;
  ack(3);
  world.isFull = true;
  ack(9, "q");
  ack(4);
  assert.deepEqual(happened.filter((what) => what !== "flush"), [
    "ack 0 to p",
    "ack 3 to p",
    "ack 0 to q",
    "ack 3 to p",
  ]);
});

test("everything else of the way is as it was", () => {
  const { happened, way } = make();
  way.onAssignment({ number: 1, parent: "p" });
  assert.deepEqual(happened, ["assignment"]);
});

test("wherever the disk is full and the program dies, no version is sent with two values, and no ack says more than is on the disk", () => {
  const covered = createCoverage("crashes with a full disk", CLASSES);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), value: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 3, arbitrary: fc.constant({ kind: "receive" as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("disk" as const), isFull: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const memory = openMemoryStore();
      let isFull = false;
      const store: Store = {
        ...memory,
        commit(batch) {
          if (isFull) throw new Error("No room");
          memory.commit(batch);
        },
      };
      const sent = new Map<string, unknown>();
      const onDisk = (id: string, url: string) =>
        memory.load().documents.find((each) => each.id === id)?.facets.parent.get(url)?.value;
      let isVain = false;
      const reached = new Set<(typeof CLASSES)[number]>();
      function check(frame: UpFrame): void {
        if (frame.type === "ack") {
          const safe = onDisk("p", "/received") ?? 0;
          assert.ok(frame.received <= Number(safe), `${frame.received} are acknowledged, and ${safe} are on the disk`);
          if (frame.received < received) reached.add("ack of less");
        }
        for (const { facets } of frame.type === "data" ? frame.documents : []) {
          for (const [url, { version, value }] of facets.parent ?? []) {
            const key = `${url} ${JSON.stringify(version)}`;
            if (sent.has(key)) assert.deepEqual(value, sent.get(key), key);
            sent.set(key, value);
            if (onDisk("n", url) !== value) {
              isVain = true;
              reached.add("sent in vain");
            }
          }
        }
      }
      function begin() {
        const clock = createVirtualClock();
        const changes = createTestChanges();
        const stored = store.load();
        const replica = createReplica(stored.documents);
        const term = takeWriterTerm(store, stored, () => replica);
        const batchWriter = createBatchWriter({
          ...{ store, replica, changes, clock, facets: FACET_NAMES },
          events: createEvents(clock, store, stored),
          session: () => undefined,
        });
        const nothing = { onAssignment() {}, onLink() {}, onKeepalive() {}, onDeposed() {} };
        return { replica, term, upstream: withDurableAcks({ send: check, ...nothing }, changes, batchWriter.flush) };
      }
      let run = begin();
      let received = 0;
      for (const each of steps) {
        switch (each.kind) {
          case "disk":
            isFull = each.isFull;
            break;
          case "write": {
            const wrote = run.replica.write("n", "parent", new Map([["/x", each.value]]), run.term.of("n"));
            const document = run.replica.get("n");
            if (document === undefined || wrote.length === 0) break;
            if (isVain && sent.size > 1) reached.add("written anew");
            run.upstream.send({ ...data, documents: [{ id: "n", facets: { parent: document.facets.parent } }] });
            break;
          }
          case "receive":
            received++;
            run.replica.write("p", "parent", new Map([["/received", received]]), ofRun(1));
            run.upstream.send({ type: "ack", from: "r", to: "p", received });
            break;
          case "crash":
            if (isFull && isVain) reached.add("lost");
            isFull = false; // it does not start without
            run = begin();
            received = Number(onDisk("p", "/received") ?? 0);
            break;
        }
      }
      covered.saw(...reached);
    }),
    { numRuns: 400 },
  );
  covered.check();
});
