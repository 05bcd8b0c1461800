import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createObservers, type ObserverPeer } from "../../aggregator/broker/observers.ts";
import { type Board, createBoard } from "../../aggregator/publish/board.ts";
import { createLog } from "../../src/log.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { connectPacket, publishPacket, rawClient, subscribePacket } from "../mqtt/raw_client.ts";
import { CLUSTER, PARENT } from "../mqtt/tree.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const log = createLog(() => {});
const BASE = `kraken-state/${CLUSTER}`;
const CHILD = "22222222-2222-4222-8222-222222222222";
const DOWN = formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel: "down" });
const UP = formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel: "up" });

/** Runs a test on an embedded broker on which a board may be observed. */
async function withBroker(body: (broker: EmbeddedBroker, board: Board) => Promise<void>): Promise<void> {
  const board = createBoard(BASE);
  board.set(board.online, "true");
  const observed = { prefix: "kraken-state", board };
  const guarded = { host: "127.0.0.1", port: 0, parent: PARENT, isIdentity: () => true, isKnown: () => true };
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log, observed, guarded });
  try {
    await body(broker, board);
  } finally {
    await broker.close();
  }
}

/** A subscriber, with what it has heard as `topic payload retain qos`. */
async function subscriber(broker: EmbeddedBroker, filter: string, qos: 0 | 1 | 2 = 0) {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
  const heard: string[] = [];
  client.on("message", (topic: string, payload: Uint8Array, { retain, qos }: IPublishPacket) => {
    heard.push(`${topic} ${Buffer.from(payload)} ${retain ? "kept" : "live"} ${qos}`);
  });
  await client.subscribeAsync(filter, { qos });
  return { client, heard };
}

test("a new subscriber gets what is on the board as kept messages, and then what changes as live ones", () =>
  withBroker(async (broker, board) => {
    board.set(`${BASE}/nodes/n1`, "one");
    const { client, heard } = await subscriber(broker, "kraken-state/#");
    await until(() => heard.length === 2);
    board.set(`${BASE}/nodes/n1`, "two");
    board.set(`${BASE}/nodes/n2`, "new");
    board.clear(`${BASE}/nodes/n1`);
    board.tell('{"id":1}');
    await until(() => heard.length === 6);
    assert.deepEqual(heard, [
      `${BASE}/online true kept 0`,
      `${BASE}/nodes/n1 one kept 0`,
      `${BASE}/nodes/n1 two live 0`,
      `${BASE}/nodes/n2 new live 0`,
      `${BASE}/nodes/n1  live 0`,
      `${BASE}/events {"id":1} live 0`,
    ]);
    await client.endAsync(true);
  }));

test("filters may have wildcards below the prefix, and QoS up to 1 is served: 2 becomes 1", () =>
  withBroker(async (broker, board) => {
    for (const topic of ["nodes/n1", "nodes/n1/host/load", "nodes/n2", "tree"]) board.set(`${BASE}/${topic}`, "x");
    const found = async (filter: string, qos: 0 | 1 | 2): Promise<string[]> => {
      const { client, heard } = await subscriber(broker, filter, qos);
      board.set(`${BASE}/nodes/n9/host/load`, `${filter} ${qos}`); // after all that was kept
      await client.subscribeAsync(`${BASE}/online`, { qos: 0 });
      await until(() => heard.some((line) => line.startsWith(`${BASE}/online`)));
      await client.endAsync(true);
      return heard.filter((line) => line.includes(" x kept")).map((line) => line.replace(`${BASE}/`, ""));
    };
    assert.deepEqual(await found(`${BASE}/nodes/+`, 0), ["nodes/n1 x kept 0", "nodes/n2 x kept 0"]);
    assert.deepEqual(await found("kraken-state/+/nodes/+/host/load", 1), ["nodes/n1/host/load x kept 1"]);
    assert.deepEqual(await found(`${BASE}/nodes/n1/#`, 2), ["nodes/n1 x kept 1", "nodes/n1/host/load x kept 1"]);
  }));

test("a thousand messages of QoS 1 arrive though only some are under way at a time", () =>
  withBroker(async (broker, board) => {
    for (let each = 0; each < 1_000; each++) board.set(`${BASE}/nodes/n${each}`, "x");
    const { client, heard } = await subscriber(broker, `${BASE}/nodes/#`, 1);
    await until(() => heard.length === 1_000);
    assert.equal(new Set(heard).size, 1_000);
    board.set(`${BASE}/nodes/n7`, "y");
    await until(() => heard.includes(`${BASE}/nodes/n7 y live 1`));
    await client.endAsync(true);
  }));

test("nothing beyond the prefix can be subscribed to, and on a listener with identities not even that", () =>
  withBroker(async (broker, board) => {
    board.set(`${BASE}/nodes/n1`, "x");
    const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    for (const filter of ["#", "+/#", "+/+/nodes/n1", "kraken-state", "kraken-stat/#", "kraken/#", "$SYS/#", UP]) {
      await assert.rejects(client.subscribeAsync(filter), filter);
    }
    const node = await mqtt.connectAsync(broker.guardedUrl ?? "", {
      ...{ protocolVersion: 4, reconnectPeriod: 0, username: CHILD, password: "p" },
    });
    await assert.rejects(node.subscribeAsync(`${BASE}/#`));
    for (const each of [client, node]) await each.endAsync(true);
  }));

test("whoever observes publishes nothing, also no last will, and hears no links", () =>
  withBroker(async (broker, board) => {
    const heard: string[] = [];
    broker.onPublish((topic) => heard.push(topic));
    for (const topic of [`${BASE}/nodes/n1`, UP]) {
      const bytes = [connectPacket("o"), subscribePacket(`${BASE}/#`), publishPacket(topic, Uint8Array.of(1))];
      await until(rawClient(broker.port, ...bytes).closed);
    }
    const life = UP.replace(/up$/, "life");
    const will = { topic: life, payload: Buffer.from("x"), qos: 1, retain: true } as const;
    const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0, will });
    await client.subscribeAsync(`${BASE}/#`);
    await assert.rejects(client.subscribeAsync(DOWN));
    client.stream.destroy();
    board.set(`${BASE}/nodes/n1`, "x");
    const other = await subscriber(broker, `${BASE}/nodes/n1`);
    await until(() => other.heard.length === 1);
    assert.deepEqual([heard, broker.retained, other.heard], [[], 0, [`${BASE}/nodes/n1 x kept 0`]]);
    await other.client.endAsync(true);
  }));

test("the 65th client that observes and the 33rd filter of one are refused, until others have gone", () =>
  withBroker(async (broker) => {
    const clients: MqttClient[] = [];
    for (let each = 0; each < 64; each++) clients.push((await subscriber(broker, `${BASE}/#`)).client);
    await assert.rejects(subscriber(broker, `${BASE}/#`));
    const [first] = clients;
    for (let each = 0; each < 31; each++) await first?.subscribeAsync(`${BASE}/nodes/n${each}`);
    await assert.rejects(async () => await first?.subscribeAsync(`${BASE}/nodes/n31`));
    await first?.unsubscribeAsync(`${BASE}/nodes/n0`);
    await first?.subscribeAsync(`${BASE}/nodes/n31`);
    for (const each of clients) await each.endAsync(true);
    const last = await subscriber(broker, `${BASE}/#`);
    await until(() => last.heard.length === 1);
    await last.client.endAsync(true);
  }));

test("who reads nothing costs little and holds nobody up, and reads the newest when it goes on", () =>
  withBroker(async (broker, board) => {
    const large = "x".repeat(5_000);
    for (let each = 0; each < 1_000; each++) board.set(`${BASE}/nodes/n${each}`, large);
    const subscribe = subscribePacket(`${BASE}/nodes/#`);
    subscribe[subscribe.length - 1] = 0; // QoS
    const slow = rawClient(broker.port, connectPacket("slow"), subscribe);
    await until(() => slow.received().length > 0);
    slow.socket.pause();
    for (let each = 0; each < 1_000; each++) board.set(`${BASE}/nodes/n${each}`, `${large}2`);
    for (let each = 0; each < 5_000; each++) board.tell(`{"id":${each}}`);
    const quick = await subscriber(broker, `${BASE}/nodes/n999`);
    await until(() => quick.heard.length === 1);
    assert.ok(broker.waiting.bytes < 1_000_000, `${broker.waiting.bytes} bytes wait`);
    board.set(`${BASE}/nodes/n999`, "newest");
    slow.socket.resume();
    await until(() => slow.received().includes("newest"));
    slow.socket.destroy();
    await quick.client.endAsync(true);
  }));

test("a subscriber that comes before the board is complete hears that nothing is current, and when it is", () =>
  withBroker(async (broker, board) => {
    board.clear(board.online);
    const { client, heard } = await subscriber(broker, `${BASE}/online`);
    await until(() => heard.length === 1);
    board.set(board.online, "true");
    await until(() => heard.length === 2);
    assert.deepEqual(heard, [`${BASE}/online false kept 0`, `${BASE}/online true live 0`]);
    await client.endAsync(true);
  }));

test("at its end the broker says that nothing is current any more", async () => {
  let heard: readonly string[] = [];
  await withBroker(async (broker) => {
    const one = await subscriber(broker, `${BASE}/online`);
    one.client.on("error", () => {});
    await until(() => one.heard.length === 1);
    heard = one.heard;
  });
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [`${BASE}/online true kept 0`, `${BASE}/online false live 0`]);
});

test("who takes nothing of what waits for half a minute is disconnected; who has nothing to take is not", async () => {
  const clock = createVirtualClock();
  const board = createBoard(BASE);
  const observers = createObservers({ prefix: "kraken-state", board }, log, clock);
  const peer = (id: string, isFull: boolean): ObserverPeer & { destroyed: boolean } => {
    const own = { destroyed: false };
    const conn = {
      writableNeedDrain: isFull,
      write: () => true,
      once: () => {},
      destroy: () => void (own.destroyed = true),
    };
    return Object.assign(own, { id, closed: false, conn });
  };
  const [idle, stalled, silent] = [peer("idle", false), peer("stalled", true), peer("silent", false)];
  for (const each of [idle, stalled, silent]) {
    assert.ok(observers.admit(each, `${BASE}/#`));
    observers.subscribed(each, [{ topic: `${BASE}/#`, qos: each === silent ? 1 : 0 }]);
  }
  await clock.advance(20_000);
  for (let each = 0; each < 200; each++) board.set(`${BASE}/nodes/n${each}`, "x"); // more than may be under way
  await clock.advance(15_000);
  assert.deepEqual([idle.destroyed, stalled.destroyed, silent.destroyed], [false, true, false]);
  await clock.advance(20_000);
  assert.deepEqual([idle.destroyed, silent.destroyed], [false, true], "it acknowledges nothing");
  observers.stop();
  assert.equal(clock.waiting, 0);
});
