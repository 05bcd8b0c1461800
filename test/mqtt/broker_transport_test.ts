import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt from "mqtt";
import { startTransport, type Transport } from "../../aggregator/broker/transport.ts";
import { createBoard } from "../../aggregator/publish/board.ts";
import { createLog } from "../../src/log.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { until } from "../support/until.ts";
import { listen } from "./listener.ts";
import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import { publishRaw } from "./plain_client.ts";
import { startScriptedBroker, welcoming } from "./scripted_broker.ts";
import { CLUSTER, PARENT } from "./tree.ts";
import { encodeFrame } from "../../src/sync/mod.ts";

const CHILD = "22222222-2222-4222-8222-222222222222";
const topicOf = (channel: "up" | "down" | "life") =>
  formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel });

/** A transport, and what it has told. */
async function start(more: Partial<Parameters<typeof startTransport>[0]> = {}) {
  const said: string[] = [];
  const transport: Transport = await startTransport({
    ...{ cluster: CLUSTER, parent: PARENT, run: "r", random: Math.random, log: createLog(() => {}) },
    ...{ mqttPort: 0, broker: undefined },
    onUp: (child, { type }) => said.push(`${child} ${type}`),
    onLife: (child, { type }) => said.push(`${child} ${type}`),
    onConnect: () => said.push("connected"),
    onProblem: (problem) => said.push(problem),
    ...more,
  });
  return { transport, said, url: `mqtt://127.0.0.1:${transport.port}` };
}

test("an aggregator without another broker has one of its own, which carries its children's frames", async () => {
  const { transport, said, url } = await start();
  assert.equal(transport.guardedUrl, undefined);
  const child = listen(connectMqtt, { url, topics: [topicOf("down")] });
  await until(() => child.heard.length === 1);
  await publishRaw(url, topicOf("life"), encodeFrame({ type: "alive", from: "c" }));
  await until(() => said.length === 1);
  transport.send(CHILD, { type: "declare", from: "r", to: "c" });
  await until(() => child.heard.length === 2);
  assert.deepEqual([said, transport.counts.sent, transport.counts.received], [[`${CHILD} alive`], 1, 1]);
  assert.match(child.heard[1] ?? "", /\/down \d+$/);
  await child.connection.end();
  await transport.close();
  await assert.rejects(mqtt.connectAsync(url, { reconnectPeriod: 0 }), "the broker is closed");
});

test("an aggregator's own broker asks for identities on another address, and drops a node's connections there", async () => {
  const guarded = { host: "127.0.0.1", port: 0, parent: PARENT, isIdentity: () => true, isKnown: () => true };
  const { transport, said } = await start({ guarded });
  const as = { username: CHILD, password: "secret", protocolVersion: 4, reconnectPeriod: 0 } as const;
  const client = await mqtt.connectAsync(transport.guardedUrl ?? "", as);
  let isClosed = false;
  client.on("close", () => isClosed = true);
  transport.drop(PARENT);
  await client.publishAsync(topicOf("up"), "no frame", { qos: 1 });
  assert.equal(isClosed, false);
  transport.drop(CHILD);
  await until(() => isClosed);
  await transport.close();
  assert.deepEqual(said, []);
});

test("an aggregator's own broker shows others what they may observe, and nothing where there is nothing", async () => {
  for (const isObserved of [true, false]) {
    const board = createBoard(`kraken-state/${CLUSTER}`);
    const { transport, url } = await start(isObserved ? { observed: { prefix: "kraken-state", board } } : {});
    const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    const subscribing = client.subscribeAsync("kraken-state/#", { qos: 0 });
    if (isObserved) await subscribing;
    else await assert.rejects(subscribing);
    await client.endAsync(true);
    await transport.close();
  }
});

test("an aggregator joins another broker where it is told to, and tells of that and of problems", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "publish") reply({ cmd: "puback", messageId: packet.messageId ?? 0 });
  });
  const { transport, said } = await start({ broker: broker.url });
  await until(() => said.length > 0);
  assert.deepEqual([said, transport.port, transport.guardedUrl], [["connected"], undefined, undefined]);
  transport.drop(CHILD); // its connections are another program's
  assert.equal(transport.counts.sent, 0);
  await transport.close();
  assert.deepEqual(broker.received.slice(-2), ["publish", "disconnect"], "it has said that it stops");
  await broker.close();
  const away = await start({ broker: broker.url });
  await until(() => away.said.length > 0);
  assert.match(away.said[0] ?? "", /ECONNREFUSED|refused|Failed to connect/);
  await away.transport.close();
});

test("another broker's URL that is none is refused, and not shown", async () => {
  await assert.rejects(start({ broker: "no url" }), {
    message:
      "Option '--broker' is '... (not shown, as a password may be in it)': expected a URL such as mqtt://10.0.0.1",
  });
});
