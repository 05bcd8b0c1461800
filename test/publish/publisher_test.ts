import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createBoard } from "../../aggregator/publish/board.ts";
import { createPublisher, type PublisherEvents } from "../../aggregator/publish/publisher.ts";
import { createLog } from "../../src/log.ts";
import type { MqttConnection } from "../../src/mqtt/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const BASE = "k/demo";
const ONLINE = `${BASE}/online`;

/** A message that the broker got. */
interface Sent {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** A publisher and its broker, which is no network away: what it does is up to the test. */
function createBench(perSecond = 1_000) {
  const board = createBoard(BASE);
  const clock = createVirtualClock();
  const under = new Set<(taken: boolean) => void>();
  /** `isReading`: it takes what it is sent at once, or else never. `most`: messages that were under way at a time. */
  const broker = { isReading: true, isRefusing: false, most: 0 };
  const sent: Sent[] = [];
  const kept = new Map<string, string>();
  const recalled: string[] = [];
  let events: PublisherEvents | undefined;

  function take(message: Sent): boolean {
    if (broker.isRefusing) return false;
    sent.push(message);
    const { topic, payload, retain } = message;
    if (retain && payload === "") kept.delete(topic);
    else if (retain) kept.set(topic, payload);
    return true;
  }
  const connection: MqttConnection = {
    publish: (topic, bytes, { retain = false } = {}) =>
      new Promise((resolve) => {
        const settle = (taken: boolean): void => {
          under.delete(settle);
          resolve(taken);
        };
        under.add(settle);
        broker.most = Math.max(broker.most, under.size);
        if (broker.isReading) settle(take({ topic, payload: Buffer.from(bytes).toString(), retain }));
      }),
    end: () => Promise.resolve(),
    get waiting() {
      return { messages: under.size, bytes: 0 };
    },
  };
  const publisher = createPublisher({
    ...{ board, clock, perSecond, log: createLog(() => {}) },
    recall: (topic) => void recalled.push(topic),
    connect(given) {
      events = given;
      return connection;
    },
  });
  return {
    ...{ board, clock, publisher, broker, sent, kept, recalled },
    /** Connects, and tells what the broker has kept. */
    connect(expires = false): void {
      events?.onOpen();
      for (const [topic, payload] of [...kept]) events?.onKept(topic, Buffer.from(payload));
      events?.onUp(expires);
    },
    disconnect(): void {
      events?.onClose();
      for (const settle of [...under]) settle(false);
    },
  };
}

function fill(board: ReturnType<typeof createBoard>, count: number, payload = "x"): void {
  for (let each = 0; each < count; each++) board.set(`${BASE}/nodes/n${each}`, payload);
}

test("what is published is never more than the rate allows, and all of it comes in the end", async () => {
  const { board, clock, connect, sent } = createBench(100);
  fill(board, 500);
  connect();
  await clock.advance(1_000);
  assert.ok(sent.length >= 100 && sent.length <= 126, `${sent.length} in the first second`);
  await clock.advance(4_000);
  assert.equal(sent.length, 501);
  assert.deepEqual(sent.at(-1), { topic: ONLINE, payload: "true", retain: true }, "online comes last");
});

test("a topic that changes while it waits is published once, as it is then", async () => {
  const { board, clock, connect, sent } = createBench(100);
  fill(board, 200, "old");
  connect();
  fill(board, 200, "newer");
  fill(board, 200, "newest");
  await clock.advance(10_000);
  const last = sent.filter(({ topic }) => topic === `${BASE}/nodes/n199`);
  assert.deepEqual(last.map(({ payload }) => payload), ["newest"]);
});

test("a broker that reads nothing costs a bounded number of messages, topics and events, whatever happens", async () => {
  const { board, clock, connect, disconnect, broker, publisher, sent } = createBench(100_000);
  broker.isReading = false;
  connect();
  for (let round = 0; round < 1_000; round++) {
    fill(board, 100, `round ${round}`);
    for (let each = 0; each < 10; each++) board.tell(`event ${round}.${each}`);
    await clock.advance(10);
  }
  assert.ok(broker.most <= 20, `${broker.most} were under way`);
  assert.ok(publisher.counts.waiting <= 100 + 1 + 1_000, `${publisher.counts.waiting} wait`);
  // Some were under way, and are lost with the connection.
  const { droppedEvents } = publisher.counts;
  assert.ok(droppedEvents >= 10_000 - 1_000 - 20 && droppedEvents <= 10_000 - 1_000, `${droppedEvents} were dropped`);
  assert.equal(sent.length, 0);

  disconnect();
  broker.isReading = true;
  connect();
  await clock.advance(60_000);
  for (let each = 0; each < 100; each++) {
    assert.ok(sent.some(({ topic, payload }) => topic === `${BASE}/nodes/n${each}` && payload === "round 999"));
  }
  const events = sent.filter(({ topic }) => topic === `${BASE}/events`);
  assert.equal(events.length, 1_000);
  assert.ok(events.every(({ retain }) => !retain));
  assert.equal(events.at(-1)?.payload, "event 999.9");
});

test("after a connect only what the broker does not have as it is is published, and what is gone is cleared", async () => {
  const { board, clock, connect, kept, sent, recalled } = createBench();
  fill(board, 3);
  kept.set(`${BASE}/nodes/n0`, "x");
  kept.set(`${BASE}/nodes/n1`, "older");
  kept.set(`${BASE}/nodes/gone`, "x");
  kept.set(`${BASE}/nodes/gone/host/load`, "3");
  kept.set("homeassistant/device/kraken-1/gone/config", "{}");
  kept.set(ONLINE, "false");
  connect();
  await clock.advance(1_000);
  assert.deepEqual(Object.fromEntries(sent.map(({ topic, payload }) => [topic, payload])), {
    [`${BASE}/nodes/n1`]: "x",
    [`${BASE}/nodes/n2`]: "x",
    [`${BASE}/nodes/gone`]: "",
    [`${BASE}/nodes/gone/host/load`]: "",
    "homeassistant/device/kraken-1/gone/config": "",
    [ONLINE]: "true",
  });
  assert.deepEqual(recalled, [`${BASE}/nodes/n0`, `${BASE}/nodes/n1`, ONLINE]);
});

test("what a node has that is deleted, also while the broker is away, is cleared", async () => {
  const { board, clock, connect, disconnect, kept } = createBench();
  fill(board, 3);
  connect();
  await clock.advance(1_000);
  board.clear(`${BASE}/nodes/n0`);
  await clock.advance(1_000);
  disconnect();
  board.clear(`${BASE}/nodes/n1`);
  connect();
  await clock.advance(1_000);
  assert.deepEqual([...kept.keys()].sort(), [`${BASE}/nodes/n2`, ONLINE]);
});

test("whatever changes, and whenever the connection breaks, a broker has in the end what is on the board", async () => {
  const coverage = createCoverage("publishing", ["broken", "cleared", "changed again"]);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), node: fc.nat(5), payload: fc.constantFrom("a", "b", "c") }),
    fc.record({ kind: fc.constant("clear" as const), node: fc.nat(5) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(300) }),
    fc.constant({ kind: "break" as const }),
    fc.constant({ kind: "stall" as const }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const { board, clock, connect, disconnect, broker, kept } = createBench(10);
    connect();
    for (const each of steps) {
      if (each.kind === "set") board.set(`${BASE}/nodes/n${each.node}`, each.payload);
      else if (each.kind === "clear") board.clear(`${BASE}/nodes/n${each.node}`);
      else if (each.kind === "wait") await clock.advance(each.ms);
      else if (each.kind === "stall") broker.isReading = false;
      else {
        broker.isReading = true;
        disconnect();
        connect();
      }
    }
    broker.isReading = true;
    disconnect();
    connect();
    await clock.advance(10_000);
    const wanted = Object.fromEntries([...board.topics].map((topic) => [topic, board.get(topic)]));
    assert.deepEqual(Object.fromEntries(kept), { ...wanted, [ONLINE]: "true" });
    const sets = steps.filter(({ kind }) => kind === "set").length;
    coverage.saw(
      ...(steps.some(({ kind }) => kind === "break") ? ["broken" as const] : []),
      ...(steps.some(({ kind }) => kind === "clear") ? ["cleared" as const] : []),
      ...(sets > 6 ? ["changed again" as const] : []),
    );
  }));
  coverage.check();
});

test("what a broker refuses is counted and not tried again until it changes", async () => {
  const { board, clock, connect, broker, publisher } = createBench();
  fill(board, 2);
  broker.isRefusing = true;
  connect();
  await clock.advance(60_000);
  assert.deepEqual([publisher.counts.refused, publisher.counts.published, publisher.counts.waiting], [3, 0, 0]);
  broker.isRefusing = false;
  board.set(`${BASE}/nodes/n0`, "other");
  await clock.advance(1_000);
  assert.equal(publisher.counts.published, 1);
});

test("brokers that let messages expire get everything again in time, others do not", async () => {
  for (const expires of [true, false]) {
    const { board, clock, connect, sent, publisher } = createBench();
    fill(board, 2);
    connect(expires);
    await clock.advance(23 * 3_600_000);
    assert.equal(sent.length, expires ? 9 : 3);
    await publisher.stop();
    assert.equal(clock.waiting, 0);
  }
});

test("at its end it says that nothing is current any more, and waits for that only so long", async () => {
  const { board, clock, connect, kept, publisher } = createBench();
  fill(board, 1);
  connect();
  await clock.advance(1_000);
  await publisher.stop();
  assert.equal(kept.get(ONLINE), "false");
  assert.equal(clock.waiting, 0);

  const stalled = createBench();
  stalled.broker.isReading = false;
  stalled.connect();
  let hasStopped = false;
  void stalled.publisher.stop().then(() => hasStopped = true);
  await stalled.clock.advance(1_900);
  assert.equal(hasStopped, false);
  await stalled.clock.advance(200);
  assert.equal(hasStopped, true);
});
