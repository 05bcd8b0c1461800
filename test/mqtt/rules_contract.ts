import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { urlOf } from "./real_brokers.ts";
import { type BrokerUnderTest, CHILDREN, CLUSTER, PARENT, type StartBroker } from "./tree.ts";
import { until } from "../support/until.ts";

const [N1 = "", N2 = "", N3 = ""] = CHILDREN;

/** A client and what it has heard: channel and payload, as `down for n1`. */
interface Listener {
  readonly client: MqttClient;
  readonly heard: string[];
}

interface JoinOptions extends Pick<IClientOptions, "clientId" | "will"> {
  readonly password?: string;
}

interface Place {
  /** Joins as a user; with another password than the right one it is not let in. */
  join(user: string | undefined, options?: JoinOptions): Promise<Listener>;
}

function topicOf(child: string, channel: Channel, cluster = CLUSTER): string {
  return formatTopic({ cluster, parent: PARENT, child, channel });
}

/** Brokers answer a subscription that is not allowed with a failure, or grant it and deliver nothing. */
async function trySubscribe(client: MqttClient, topic: string): Promise<void> {
  await client.subscribeAsync(topic, { qos: 1 }).catch(() => {});
}

async function say(client: MqttClient, topic: string, text: string): Promise<void> {
  await client.publishAsync(topic, text, { qos: 1 });
}

/** Waits until what a child says gets to its parent: a bridge between them connects by itself. */
async function untilCarried(broker: BrokerUnderTest): Promise<void> {
  const parent = await mqtt.connectAsync(broker.parentUrl, { protocolVersion: 4, reconnectPeriod: 0 });
  const child = await mqtt.connectAsync(urlOf(broker.port, N3), { protocolVersion: 4, reconnectPeriod: 0 });
  const heard = new Set<string>();
  parent.on("message", (_topic, payload) => heard.add(payload.toString()));
  try {
    await parent.subscribeAsync(topicOf(N3, "up"), { qos: 1 });
    while (heard.size === 0 && child.connected) await say(child, topicOf(N3, "up"), "is it there?");
    await say(child, topicOf(N3, "up"), "it is");
    await until(() => heard.has("it is"));
  } finally {
    await child.endAsync(true);
    await parent.endAsync(true);
  }
}

/**
 * What a broker with Kraken's rules keeps clients from. Each absence is shown by what was sent later and has arrived.
 *
 * @param name The broker's name, for the names of the tests.
 * @param skip Why the broker can't be tested here; undefined when it can.
 */
export function rulesContract(name: string, start: StartBroker, skip?: string): void {
  function check(rule: string, body: (place: Place) => Promise<void>): void {
    test(`${name}: ${rule}`, { skip: skip ?? false, timeout: 60_000 }, async () => {
      const broker = await start(0);
      const clients: MqttClient[] = [];
      try {
        await untilCarried(broker);
        await body({
          async join(user, { password, ...options } = {}) {
            const settings: IClientOptions = { ...options, protocolVersion: 4, reconnectPeriod: 0 };
            const url = user === PARENT ? broker.parentUrl : urlOf(broker.port, user, password);
            const client = await mqtt.connectAsync(url, settings);
            clients.push(client);
            client.on("error", () => {});
            const heard: string[] = [];
            client.on("message", (topic, payload) => heard.push(`${topic.split("/").at(-1)} ${payload.toString()}`));
            return { client, heard };
          },
        });
      } finally {
        for (const client of clients) await client.endAsync(true);
        await broker.stop();
      }
    });
  }

  check("who has no name, or a wrong password, stays outside", async ({ join }) => {
    await assert.rejects(join(undefined), /Not authorized/);
    await assert.rejects(join(N1, { password: "wrong" }), /Not authorized/);
    await join(N1);
  });

  check("a node can't publish for another one, nor write what its parent writes", async ({ join }) => {
    const parent = await join(PARENT);
    const n1 = await join(N1);
    const n2 = await join(N2);
    await parent.client.subscribeAsync([topicOf("+", "up"), topicOf("+", "life")], { qos: 1 });
    await n1.client.subscribeAsync(topicOf(N1, "down"), { qos: 1 });
    await n2.client.subscribeAsync(topicOf(N2, "down"), { qos: 1 });
    for (const topic of [topicOf(N2, "up"), topicOf(N2, "life"), topicOf(N2, "down"), topicOf(N1, "down")]) {
      await say(n1.client, topic, "forged");
    }
    await say(n1.client, topicOf(N1, "up"), "own");
    await say(n1.client, topicOf(N1, "life"), "own");
    await say(parent.client, topicOf(N1, "down"), "real");
    await say(parent.client, topicOf(N2, "down"), "real");
    await until(() => parent.heard.length >= 2 && n1.heard.length >= 1 && n2.heard.length >= 1);
    // Two subscriptions, each in an order of its own.
    assert.deepEqual(parent.heard.sort(), ["life own", "up own"]);
    assert.deepEqual(n1.heard, ["down real"]);
    assert.deepEqual(n2.heard, ["down real"]);
  });

  check("a node hears nothing but its own down topic, whatever it subscribes to", async ({ join }) => {
    const parent = await join(PARENT);
    const n1 = await join(N1);
    const n2 = await join(N2);
    const filters = ["#", "+/#", "kraken/#", topicOf("+", "down"), topicOf("+", "up"), topicOf("+", "life")];
    const topics = [topicOf(N2, "down"), topicOf(N2, "up"), topicOf(N2, "life")];
    for (const topic of [...filters, ...topics, "$SYS/#", "$MQTT/#", "$MQTT/sub/#"]) {
      await trySubscribe(n1.client, topic);
    }
    await n1.client.subscribeAsync(topicOf(N1, "down"), { qos: 1 });
    await say(n2.client, topicOf(N2, "up"), "of n2");
    await say(n2.client, topicOf(N2, "life"), "of n2");
    await say(parent.client, topicOf(N2, "down"), "for n2");
    await say(parent.client, topicOf(N1, "down"), "for n1");
    await until(() => n1.heard.includes("down for n1"));
    assert.deepEqual([...new Set(n1.heard)], ["down for n1"]);
  });

  check("a node's will is published on its own life topic alone", async ({ join }) => {
    const parent = await join(PARENT);
    await parent.client.subscribeAsync(topicOf("+", "life"), { qos: 1 });
    for (const [child, text] of [[N2, "forged"], [N1, "own"]] as const) {
      const will = { topic: topicOf(child, "life"), payload: Buffer.from(text), qos: 1, retain: true } as const;
      // The same client id: the broker is done with the first client before it takes the second.
      const { client } = await join(N1, { clientId: "w", will });
      client.stream.destroy();
    }
    await until(() => parent.heard.length > 0);
    assert.deepEqual(parent.heard, ["life own"]);
  });

  check("a parent can't speak for its children, and nobody speaks in another cluster", async ({ join }) => {
    const parent = await join(PARENT);
    const n1 = await join(N1);
    await parent.client.subscribeAsync(topicOf("+", "up"), { qos: 1 });
    await trySubscribe(parent.client, topicOf("+", "up", "other"));
    await trySubscribe(parent.client, "#");
    await say(parent.client, topicOf(N1, "up"), "forged");
    await say(n1.client, topicOf(N1, "up", "other"), "elsewhere");
    await say(n1.client, topicOf(N1, "up"), "own");
    await until(() => parent.heard.includes("up own"));
    assert.deepEqual([...new Set(parent.heard)], ["up own"]);
  });
}
