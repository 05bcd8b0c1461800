import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import mqtt from "mqtt";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createLog } from "../../src/log.ts";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { connectPacket, packetHead, publishPacket, rawClient, subscribePacket } from "./raw_client.ts";
import { CLUSTER, PARENT } from "./tree.ts";
import { until } from "../support/until.ts";

const log = createLog(() => {});
const CHILD = "22222222-2222-4222-8222-222222222222";
const OTHER = "33333333-3333-4333-8333-333333333333";

function topicOf(channel: Channel, child = CHILD, cluster = CLUSTER): string {
  return formatTopic({ cluster, parent: PARENT, child, channel });
}

/** Runs a test on a broker of its own. */
async function withBroker(
  body: (broker: EmbeddedBroker) => Promise<void>,
  options: { readonly maxConnections?: number } = {},
): Promise<void> {
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log, ...options });
  try {
    await body(broker);
  } finally {
    await broker.close();
  }
}

function connect(broker: EmbeddedBroker) {
  return mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
}

test("wildcards, up topics and other clusters can't be subscribed to; down and life topics can", () =>
  withBroker(async (broker) => {
    const client = await connect(broker);
    const refused = ["#", "kraken/#", `kraken/1/${CLUSTER}/${PARENT}/+/down`, "$SYS/#", topicOf("up")];
    for (const topic of [...refused, topicOf("down", CHILD, "other")]) {
      await assert.rejects(client.subscribeAsync(topic, { qos: 1 }), topic);
    }
    for (const topic of [topicOf("down"), topicOf("life")]) {
      assert.deepEqual((await client.subscribeAsync(topic, { qos: 1 })).map(({ qos }) => qos), [1]);
    }
    await client.endAsync(true);
  }));

test("who publishes to a down topic or outside the cluster is disconnected, and nothing of it is heard", () =>
  withBroker(async (broker) => {
    const heard: string[] = [];
    broker.onPublish((topic) => heard.push(topic));
    for (const topic of [topicOf("down"), topicOf("up", CHILD, "other"), "kraken/1/x", "$SYS/heartbeat"]) {
      const client = rawClient(broker.port, connectPacket("bad"), publishPacket(topic, Uint8Array.of(1)));
      await until(client.closed);
    }
    assert.deepEqual(heard, []);
  }));

test("what has QoS 0 arrives in its order, whatever its size: a window does not overtake the welcome before it", () =>
  withBroker(async (broker) => {
    const client = await connect(broker);
    await client.subscribeAsync(topicOf("down"), { qos: 1 });
    const sizes = [20_000, 10, 300_000, 20, 17_000, 30];
    const heard: number[] = [];
    client.on("message", (_topic, payload) => void heard.push(payload.length));
    for (const size of sizes) broker.publish(topicOf("down"), new Uint8Array(size), 0);
    await until(() => heard.length === sizes.length);
    assert.deepEqual(heard, sizes);
    await client.endAsync(true);
  }));

test("QoS 2 and sessions that are kept are refused: both would gather memory", () =>
  withBroker(async (broker) => {
    await until(rawClient(broker.port, connectPacket("kept", false)).closed);
    const twice = publishPacket(topicOf("up"), Uint8Array.of(1), 2);
    await until(rawClient(broker.port, connectPacket("twice"), twice).closed);
  }));

test("who announces a packet of more than 512 KiB is disconnected before it is sent; others go on", () =>
  withBroker(async (broker) => {
    const client = await connect(broker);
    await client.subscribeAsync(topicOf("down"), { qos: 1 });
    let heard = 0;
    client.on("message", () => heard++);
    const greedy = rawClient(broker.port, connectPacket("greedy"), packetHead(0x32, 600 * 1024));
    await until(greedy.closed);
    broker.publish(topicOf("down"), Uint8Array.of(1), 1);
    await until(() => heard === 1);
    await client.endAsync(true);
  }));

test("who has not introduced itself can make the broker keep 4 KiB, also where identities are asked for", async () => {
  const guarded = { host: "127.0.0.1", port: 0, parent: PARENT, isIdentity: () => false, isKnown: () => false };
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log, guarded });
  try {
    for (const port of [broker.port, Number(new URL(broker.guardedUrl ?? "").port)]) {
      for (const head of [packetHead(0x10, 4 * 1024 + 1), packetHead(0x30, 1)]) {
        await until(rawClient(port, head).closed);
      }
      const refused = rawClient(port, connectPacket("x".repeat(5_000)));
      await until(refused.closed);
    }
  } finally {
    await broker.close();
  }
});

test("a packet of 500 KiB arrives whole on this runtime, also right after the connect", () =>
  withBroker(async (broker) => {
    let size = 0;
    broker.onPublish((_topic, payload) => size = payload.length);
    const large = publishPacket(topicOf("up"), new Uint8Array(500 * 1024));
    const client = rawClient(broker.port, connectPacket("large"), large);
    await until(() => size === 500 * 1024);
    client.socket.destroy();
  }));

test("only life frames are kept for who subscribes later, whatever else is to be", () =>
  withBroker(async (broker) => {
    let heard = 0;
    broker.onPublish(() => heard++);
    const packets = [topicOf("up"), topicOf("life")].map((topic) => publishPacket(topic, Uint8Array.of(1), 1, true));
    const client = rawClient(broker.port, connectPacket("keeper"), ...packets);
    await until(() => heard === 2 && broker.retained > 0);
    assert.equal(broker.retained, 1);
    client.socket.destroy();
  }));

test("a subscriber that is frozen is counted while it takes nothing, disconnected after 2 s and holds no other up for longer", () =>
  withBroker(async (broker) => {
    const client = await connect(broker);
    await client.subscribeAsync(topicOf("down", OTHER), { qos: 1 });
    let heard = 0;
    client.on("message", () => heard++);
    const frozen = rawClient(broker.port, connectPacket("frozen"), subscribePacket(topicOf("down")));
    await until(() => frozen.received().includes(Buffer.from([0x90, 3, 0, 1, 1])));
    frozen.socket.pause();
    // Says nothing, and is disconnected for that after 4.5 s at the earliest: the frozen one must be gone before.
    const clock = rawClient(broker.port, connectPacket("clock", true, 3));
    await until(() => broker.clients === 3);
    // More than what sockets and mqemitter's queue of 100 swallow.
    for (let sent = 0; sent < 150; sent++) broker.publish(topicOf("down"), new Uint8Array(100 * 1024), 1);
    broker.publish(topicOf("down", OTHER), Uint8Array.of(1), 1);
    await until(() => broker.waiting.messages > 1 && broker.waiting.bytes > 100 * 1024);
    await until(() => heard === 1 && broker.clients === 2);
    assert.equal(clock.closed(), false);
    await until(() => broker.waiting.messages === 0 && broker.waiting.bytes === 0);
    frozen.socket.destroy();
    clock.socket.destroy();
    await client.endAsync(true);
  }));

test("who sends frames and no pings is heard for longer than its keep-alive; who sends nothing is disconnected", () =>
  withBroker(async (broker) => {
    let heard = 0;
    broker.onPublish(() => heard++);
    const busy = rawClient(broker.port, connectPacket("busy", true, 1));
    const silent = rawClient(broker.port, connectPacket("silent", true, 1));
    const sending = setInterval(() => busy.socket.write(publishPacket(topicOf("up"), Uint8Array.of(1))), 50);
    try {
      await until(() => silent.closed() && heard > 60);
      assert.equal(busy.closed(), false);
    } finally {
      clearInterval(sending);
      busy.socket.destroy();
    }
  }));

test("connections beyond the limit are turned away, those that are there stay", () =>
  withBroker(async (broker) => {
    const first = await connect(broker);
    await until(rawClient(broker.port, connectPacket("second")).closed);
    await first.publishAsync(topicOf("up"), Buffer.of(1), { qos: 1 });
    await first.endAsync();
    await until(() => broker.clients === 0);
    const third = await connect(broker);
    await third.endAsync();
  }, { maxConnections: 1 }));

test("a port in use gives an error that says what to do", () =>
  withBroker(async (broker) => {
    await assert.rejects(startEmbeddedBroker({ cluster: CLUSTER, port: broker.port, log }), {
      message: `Cannot listen on 127.0.0.1:${broker.port} as the port is in use: ` +
        "stop the other program, choose another with --mqtt-port, or use its broker with --broker",
    });
  }));

test("a will is heard in the same process", () =>
  withBroker(async (broker) => {
    const heard: [string, string][] = [];
    broker.onPublish((topic, payload) => heard.push([topic, Buffer.from(payload).toString()]));
    const will = { topic: topicOf("life"), payload: Buffer.from("gone"), qos: 1, retain: true } as const;
    const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0, will });
    client.stream.destroy();
    await until(() => heard.length === 1);
    assert.deepEqual(heard, [[topicOf("life"), "gone"]]);
  }));
