import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { generate, type IPublishPacket } from "mqtt-packet";
import { createShortcut, type ShortcutPeer } from "../../aggregator/broker/shortcut.ts";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { CLUSTER, PARENT } from "./tree.ts";

const CHILD = "22222222-2222-4222-8222-222222222222";

/** A shortcut beside a broker that does nothing by itself. */
function make() {
  const broker = new EventEmitter();
  const told: string[] = [];
  const world = { mayPublish: true, onTold: (): void => {} };
  const shortcut = createShortcut(broker, {
    mayPublish: () => world.mayPublish,
    onPublish(topic, payload) {
      told.push(`${topic} ${payload.length}`);
      world.onTold();
    },
  });
  const connect = () => {
    const written: Buffer[] = [];
    const wire = {
      ...{ written, writableNeedDrain: false },
      write: (bytes: Uint8Array) => void written.push(Buffer.from(bytes)),
    };
    return { wire, client: { connected: true, closed: false, conn: wire } };
  };
  const subscribe = (client: ShortcutPeer, topic: string, qos = 1) =>
    broker.emit("subscribe", [{ topic, qos }], client);
  const unsubscribe = (client: ShortcutPeer, topic: string) => broker.emit("unsubscribe", [topic], client);
  return { shortcut, told, world, connect, subscribe, unsubscribe };
}

function topicOf(channel: Channel, child = CHILD): string {
  return formatTopic({ cluster: CLUSTER, parent: PARENT, child, channel });
}

function publish(topic: string, length: number, more: Partial<IPublishPacket> = {}): Buffer {
  return generate({
    ...{ cmd: "publish", topic, payload: Buffer.alloc(length), retain: false, dup: false, qos: 1, messageId: 300 },
    ...more,
  });
}

test("frames to this program are taken, and acknowledged in one write", () => {
  const { shortcut, told, connect } = make();
  const { wire, client } = connect();
  const bytes = Buffer.concat([publish(topicOf("up"), 5), publish(topicOf("up"), 6, { messageId: 7 })]);
  assert.equal(shortcut.sieve(wire, client, bytes), undefined);
  assert.deepEqual(told, [`${topicOf("up")} 5`, `${topicOf("up")} 6`]);
  assert.deepEqual(wire.written.map((each) => [...each]), [[0x40, 2, 1, 44, 0x40, 2, 0, 7]]);
});

test("what needs no acknowledgement gets none", () => {
  const { shortcut, told, connect } = make();
  const { wire, client } = connect();
  shortcut.sieve(wire, client, publish(topicOf("up"), 5, { qos: 0 }));
  assert.deepEqual([told.length, wire.written], [1, []]);
});

test("what is published to other topics, retained, or must not be published is left to the broker", () => {
  const { shortcut, told, world, connect } = make();
  const { wire, client } = connect();
  const others = [publish(topicOf("life"), 5), publish("t", 5), publish(topicOf("up"), 5, { retain: true })];
  for (const bytes of others) assert.deepEqual(shortcut.sieve(wire, client, bytes), bytes);
  world.mayPublish = false;
  const forbidden = publish(topicOf("up"), 5);
  assert.deepEqual(shortcut.sieve(wire, client, forbidden), forbidden);
  assert.deepEqual([told, wire.written], [[], []]);
});

test("each packet goes by its own topic, however many came before it", () => {
  const { shortcut, told, connect } = make();
  const { wire, client } = connect();
  const other = topicOf("up", PARENT);
  const bytes = [topicOf("up"), topicOf("up"), other, topicOf("up")].map((topic) => publish(topic, 1));
  shortcut.sieve(wire, client, Buffer.concat(bytes));
  assert.deepEqual(told, [topicOf("up"), topicOf("up"), other, topicOf("up")].map((topic) => `${topic} 1`));
});

test("everything of a client that is not connected, has gone or does not read is left to the broker", () => {
  const { shortcut, told, connect } = make();
  const bytes = publish(topicOf("up"), 5);
  for (const what of ["connected", "closed", "drain"] as const) {
    const { wire, client } = connect();
    if (what === "connected") client.connected = false;
    else if (what === "closed") client.closed = true;
    else wire.writableNeedDrain = true;
    assert.equal(shortcut.sieve(wire, client, bytes), bytes, what);
  }
  assert.deepEqual(told, []);
});

test("what is published goes to all who subscribe, as one packet each", () => {
  const { shortcut, connect, subscribe } = make();
  const [first, second, other] = [connect(), connect(), connect()];
  for (const { client } of [first, second]) subscribe(client, topicOf("down"));
  subscribe(other.client, topicOf("down", PARENT));
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), true);
  const packet = publish(topicOf("down"), 3, { qos: 0 });
  assert.deepEqual([first, second, other].map(({ wire }) => wire.written), [[packet], [packet], []]);
});

test("what nobody subscribes to, or nobody any more, is left to the broker", () => {
  const { shortcut, connect, subscribe, unsubscribe } = make();
  const [first, second] = [connect(), connect()];
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), false);
  subscribe(first.client, topicOf("down"), 128); // refused
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), false);
  subscribe(first.client, topicOf("down"));
  subscribe(second.client, topicOf("down"));
  unsubscribe(first.client, topicOf("down"));
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), true);
  assert.deepEqual([first.wire.written.length, second.wire.written.length], [0, 1]);
  unsubscribe(second.client, topicOf("down"));
  unsubscribe(second.client, "never");
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), false);
});

test("what is larger than 16 KiB is left to the broker", () => {
  const { shortcut, connect, subscribe } = make();
  const { client } = connect();
  subscribe(client, topicOf("down"));
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(16 * 1024)), true);
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(16 * 1024 + 1)), false);
});

test("what is for somebody who does not read is left to the broker for all", () => {
  const { shortcut, connect, subscribe } = make();
  const [first, second] = [connect(), connect()];
  for (const { client } of [first, second]) subscribe(client, topicOf("down"));
  second.wire.writableNeedDrain = true;
  assert.equal(shortcut.publish(topicOf("down"), new Uint8Array(3)), false);
  assert.deepEqual([first.wire.written, second.wire.written], [[], []]);
});

test("an answer to a client whose packets are being taken goes with their acknowledgement", () => {
  const { shortcut, world, connect, subscribe } = make();
  const [own, other] = [connect(), connect()];
  subscribe(own.client, topicOf("down"));
  subscribe(other.client, topicOf("down", PARENT));
  world.onTold = () => {
    shortcut.publish(topicOf("down"), new Uint8Array(3));
    shortcut.publish(topicOf("down", PARENT), new Uint8Array(4));
  };
  shortcut.sieve(own.wire, own.client, publish(topicOf("up"), 5));
  const answer = publish(topicOf("down"), 3, { qos: 0 });
  assert.deepEqual(own.wire.written, [Buffer.concat([Buffer.of(0x40, 2, 1, 44), answer])]);
  assert.equal(other.wire.written.length, 1);
  shortcut.publish(topicOf("down"), new Uint8Array(3));
  assert.deepEqual(own.wire.written.slice(1), [answer], "nothing waits for a next packet");
});

test("a listener that throws does not keep answers back", () => {
  const { shortcut, world, connect } = make();
  const { wire, client } = connect();
  world.onTold = () => {
    throw new Error("A bug");
  };
  assert.throws(() => shortcut.sieve(wire, client, publish(topicOf("up"), 5)), /A bug/);
  assert.equal(wire.written.length, 1);
});
