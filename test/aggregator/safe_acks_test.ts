import assert from "node:assert/strict";
import { test } from "node:test";
import { withSafeAcks } from "../../aggregator/links/safe_acks.ts";
import type { UpFrame } from "../../src/sync/mod.ts";
import { createTestChanges } from "./small_tree.ts";

/** A way up, and what happened in which order. */
function make() {
  const happened: string[] = [];
  const world = { isFull: false };
  const changes = createTestChanges();
  const way = withSafeAcks(
    {
      send: (frame) =>
        void happened.push(frame.type === "ack" ? `ack ${frame.received} to ${frame.to}` : `send ${frame.type}`),
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
