import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createLog } from "../../src/log.ts";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { connectPacket, rawClient } from "../mqtt/raw_client.ts";
import { until } from "../support/until.ts";

const CLUSTER = "lab";
const PARENT = "11111111-1111-4111-8111-111111111111";
const OTHER_PARENT = "44444444-4444-4444-8444-444444444444";
const N1 = "22222222-2222-4222-8222-222222222222";
const N2 = "33333333-3333-4333-8333-333333333333";
const PASSWORDS = new Map([[N1, "secret-of-n1"], [N2, "secret-of-n2"]]);

function topicOf(child: string, channel: Channel, parent = PARENT): string {
  return formatTopic({ cluster: CLUSTER, parent, child, channel });
}

/** A broker that asks for identities on a second port, and what the program that it is in hears. */
async function withBroker(
  body: (
    broker: EmbeddedBroker,
    heard: string[],
    connect: (as?: Partial<mqtt.IClientOptions>) => Promise<MqttClient>,
  ) => Promise<void>,
): Promise<void> {
  const broker = await startEmbeddedBroker({
    cluster: CLUSTER,
    port: 0,
    log: createLog(() => {}),
    guarded: {
      ...{ host: "127.0.0.1", port: 0, parent: PARENT },
      isIdentity: (node, password) => PASSWORDS.get(node) === password,
      isKnown: () => true,
    },
  });
  const heard: string[] = [];
  broker.onPublish((topic) => heard.push(topic));
  const clients: MqttClient[] = [];
  try {
    await body(broker, heard, async (as = {}) => {
      const client = await mqtt.connectAsync(broker.guardedUrl ?? "", {
        ...{ protocolVersion: 4, reconnectPeriod: 0, username: N1, password: "secret-of-n1" },
        ...as,
      });
      client.on("error", () => {});
      clients.push(client);
      return client;
    });
  } finally {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await broker.close();
  }
}

test("nobody gets in on the boot address without the identity of a node; on loopback all is as before", () =>
  withBroker(async (broker, heard, connect) => {
    for (
      const wrong of [
        { username: N1, password: "secret-of-n2" },
        { username: N2, password: "secret-of-n1" },
        { username: "root", password: "secret-of-n1" },
        { username: N1, password: "" },
        { username: "", password: "" },
      ]
    ) await assert.rejects(connect(wrong), /Not authorized/i, JSON.stringify(wrong));
    const raw = rawClient(Number(new URL(broker.guardedUrl ?? "").port), connectPacket("anonymous"));
    await until(raw.closed);
    const local = await mqtt.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    await local.publishAsync(topicOf(N2, "up"), "x", { qos: 1 });
    assert.deepEqual(heard, [topicOf(N2, "up")]);
    await local.endAsync(true);
  }));

test("a client publishes its own up and life topics, and is cut off when it tries another's", () =>
  withBroker(async (_broker, heard, connect) => {
    const client = await connect();
    await client.publishAsync(topicOf(N1, "up"), "x", { qos: 1 });
    await client.publishAsync(topicOf(N1, "life"), "x", { qos: 1, retain: true });
    assert.deepEqual(heard, [topicOf(N1, "up"), topicOf(N1, "life")]);
    const others = [topicOf(N2, "up"), topicOf(N2, "life"), topicOf(N1, "down"), topicOf(PARENT, "life"), "x/y"];
    for (const topic of [...others, topicOf(N1, "up", OTHER_PARENT), topicOf(N1, "life", OTHER_PARENT)]) {
      const bad = await connect();
      let closed = false;
      bad.once("close", () => closed = true);
      bad.publish(topic, "x", { qos: 1 });
      await until(() => closed);
    }
    assert.equal(heard.length, 2);
  }));

test("a client subscribes to its own down topic and its parent's life, and to nothing else", () =>
  withBroker(async (broker, _heard, connect) => {
    const client = await connect();
    const got: string[] = [];
    client.on("message", (topic) => got.push(topic));
    for (const topic of [topicOf(N1, "down"), topicOf(PARENT, "life")]) {
      assert.deepEqual((await client.subscribeAsync(topic, { qos: 1 })).map(({ qos }) => qos), [1]);
    }
    for (
      const topic of [
        topicOf(N2, "down"),
        topicOf(N2, "life"),
        topicOf(N1, "up"),
        topicOf(N1, "down", OTHER_PARENT),
        topicOf(OTHER_PARENT, "life", OTHER_PARENT),
        "#",
        `kraken/1/${CLUSTER}/${PARENT}/+/down`,
      ]
    ) {
      await assert.rejects(client.subscribeAsync(topic, { qos: 1 }), topic);
    }
    broker.publish(topicOf(N2, "down"), Uint8Array.of(1), 1);
    broker.publish(topicOf(N1, "down"), Uint8Array.of(1), 1);
    await until(() => got.length > 0);
    assert.deepEqual(got, [topicOf(N1, "down")]);
  }));

test("the will of a client is heard on its own topic only", () =>
  withBroker(async (_broker, heard, connect) => {
    for (const [node, topic] of [[N2, topicOf(N1, "life")], [N1, topicOf(N1, "life")]] as const) {
      const client = await connect({
        ...{ username: node, password: PASSWORDS.get(node) ?? "" },
        will: { topic, payload: globalThis.Buffer.from("x"), qos: 1, retain: true },
      });
      client.stream.destroy();
    }
    await until(() => heard.length > 0);
    assert.deepEqual(heard, [topicOf(N1, "life")]);
  }));

test("nobody puts another node's client out by taking its client id", () =>
  withBroker(async (broker, _heard, connect) => {
    const first = await connect({ clientId: "the-agent-of-n1" });
    let closed = false;
    first.once("close", () => closed = true);
    await assert.rejects(
      connect({ clientId: "the-agent-of-n1", username: N2, password: "secret-of-n2" }),
      /Not authorized/i,
    );
    const local = await mqtt.connectAsync(broker.url, { clientId: "a-parent", protocolVersion: 4, reconnectPeriod: 0 });
    await assert.rejects(connect({ clientId: "a-parent" }), /Not authorized/i);
    assert.equal(closed, false);
    await connect({ clientId: "the-agent-of-n1" });
    await until(() => closed);
    await local.endAsync(true);
  }));

test("when an identity ends, its connections end, and no other", () =>
  withBroker(async (broker, _heard, connect) => {
    const mine = await connect();
    const other = await connect({ username: N2, password: "secret-of-n2" });
    const closed: string[] = [];
    mine.once("close", () => closed.push("n1"));
    other.once("close", () => closed.push("n2"));
    broker.drop(N1);
    await until(() => closed.length > 0);
    await other.publishAsync(topicOf(N2, "up"), "x", { qos: 1 });
    assert.deepEqual(closed, ["n1"]);
  }));

test("a node has two connections at most: the oldest gives way", () =>
  withBroker(async (_broker, _heard, connect) => {
    const closed: number[] = [];
    for (const index of [0, 1, 2]) {
      const client = await connect();
      client.once("close", () => closed.push(index));
    }
    await until(() => closed.length > 0);
    assert.deepEqual(closed, [0]);
  }));
