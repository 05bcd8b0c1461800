import assert from "node:assert/strict";
import { test } from "node:test";
import type { Packet } from "mqtt-packet";
import { createBoard } from "../../aggregator/publish/board.ts";
import { connectPublisher } from "../../aggregator/publish/connect.ts";
import { createPublisher } from "../../aggregator/publish/publisher.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { type Script, type ScriptedBroker, startScriptedBroker } from "../mqtt/scripted_broker.ts";
import { until } from "../support/until.ts";

const BASE = "kraken-state/demo";

/** Publishes to a broker that does what a script says. */
async function withScript(
  version: 4 | 5,
  script: Script,
  body: (parts: {
    readonly board: ReturnType<typeof createBoard>;
    readonly publisher: ReturnType<typeof createPublisher>;
    readonly broker: ScriptedBroker;
    readonly lines: readonly string[];
  }) => Promise<void>,
): Promise<void> {
  const broker = await startScriptedBroker(script, version);
  const board = createBoard(BASE);
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), { level: "debug" });
  const url = broker.url.replace("mqtt://", "mqtt://user:geheim@");
  const publisher = createPublisher({
    ...{ board, log, clock: systemClock, perSecond: 100_000, recall() {} },
    connect: (events) =>
      connectPublisher({
        ...{ url, cluster: "demo", aggregator: "root", ownId: "692bc5f6", topics: board, filters: [] },
        ...{ clock: systemClock, random: () => 0, log },
      }, events),
  });
  try {
    await body({ board, publisher, broker, lines });
    assert.doesNotMatch(lines.join(""), /geheim/);
  } finally {
    await publisher.stop();
    await broker.close();
  }
}

const WELCOME = { cmd: "connack", reasonCode: 0, sessionPresent: false, properties: {} } as const;

/** Grants subscriptions, gives back the marker, and acknowledges what is published. */
const serving = (packet: Packet, reply: (packet: Packet) => void, version: number): void => {
  if (packet.cmd === "subscribe") {
    reply({ cmd: "suback", messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 0) });
  }
  if (packet.cmd === "unsubscribe") {
    reply({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: packet.unsubscriptions.map(() => 0) });
  }
  if (packet.cmd !== "publish") return;
  if (packet.qos === 1) reply({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 });
  const marker = {
    cmd: "publish",
    topic: packet.topic,
    payload: packet.payload,
    qos: 0,
    dup: false,
    retain: false,
  } as const;
  if (packet.topic.endsWith("/look")) reply(version === 5 ? { ...marker, properties: {} } : marker);
};

test("a broker without MQTT 5 is spoken to in MQTT 3.1.1, whether it says so or closes the connection", async () => {
  for (const isPolite of [true, false]) {
    const versions: (number | undefined)[] = [];
    const published: Packet[] = [];
    await withScript(4, (packet, reply, socket) => {
      if (packet.cmd === "connect") {
        versions.push(packet.protocolVersion);
        if (packet.protocolVersion === 4) reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
        else if (isPolite) reply({ cmd: "connack", returnCode: 1, sessionPresent: false });
        else socket.end();
      }
      if (packet.cmd === "publish") published.push(packet);
      serving(packet, reply, 4);
    }, async ({ board, publisher }) => {
      board.set(`${BASE}/nodes/n1`, "{}");
      await until(() => publisher.counts.published === 2);
      assert.deepEqual(versions, [5, 4]);
      assert.ok(published.every((packet) => packet.cmd === "publish" && packet.properties === undefined));
    });
  }
});

test("a broker that is not there is not taken for an old one", async () => {
  const refused = await startScriptedBroker(() => {});
  const { url } = refused;
  await refused.close();
  const board = createBoard(BASE);
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), { level: "debug" });
  const publisher = createPublisher({
    ...{ board, log, clock: systemClock, perSecond: 100, recall() {} },
    connect: (events) =>
      connectPublisher({
        ...{ url, cluster: "demo", aggregator: "root", ownId: "692bc5f6", topics: board, filters: [] },
        ...{ clock: systemClock, random: () => 0, log },
      }, events),
  });
  await until(() => lines.filter((line) => line.includes("Cannot connect to the broker")).length >= 2);
  assert.equal(publisher.counts.isUp, false);
  await publisher.stop();
});

test("the last will says that nothing is current, and nothing but its own place is subscribed to, once", async () => {
  const received: Packet[] = [];
  await withScript(5, (packet, reply) => {
    received.push(packet);
    if (packet.cmd === "connect") reply(WELCOME);
    serving(packet, reply, 5);
  }, async ({ publisher, board }) => {
    await until(() => publisher.counts.published === 1);
    board.set(`${BASE}/tree`, "{}");
    await until(() => publisher.counts.published === 2);
    const [connect] = received;
    assert.ok(connect?.cmd === "connect");
    const { topic, payload, qos, retain } = connect.will ?? {};
    assert.deepEqual([topic, String(payload), qos, retain], [`${BASE}/online`, "false", 1, true]);
    const filters = received.flatMap((each) => each.cmd === "subscribe" ? each.subscriptions : []).map((each) =>
      each.topic
    );
    assert.deepEqual(filters, [`${BASE}/nodes/#`, `${BASE}/look`]);
    assert.deepEqual(received.flatMap((each) => each.cmd === "unsubscribe" ? each.unsubscriptions : []), filters);
  });
});

test("a broker that reads nothing any more is given a bounded number of messages, however much changes", async () => {
  let published = 0;
  await withScript(5, (packet, reply, socket) => {
    if (packet.cmd === "connect") reply(WELCOME);
    if (packet.cmd === "publish" && !packet.topic.endsWith("/look") && ++published === 5) socket.pause();
    if (published < 5) serving(packet, reply, 5);
  }, async ({ board, publisher }) => {
    board.set(`${BASE}/nodes/n0`, "x");
    await until(() => publisher.counts.isUp);
    for (let round = 0; round < 100; round++) {
      for (let each = 0; each < 1_000; each++) board.set(`${BASE}/nodes/n${each}`, `${round}`.padEnd(1_000));
      board.tell("{}");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => published >= 5);
    assert.ok(publisher.counts.waiting <= 1_101, `${publisher.counts.waiting} wait`);
    assert.ok(publisher.counts.published < 10);
    assert.ok(published <= 25, `${published} messages were sent`);
  });
});

test("messages larger than the broker takes are refused, and no more are under way than it takes", async () => {
  let under = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  await withScript(5, (packet, reply) => {
    if (packet.cmd === "connect") {
      const properties = { maximumPacketSize: 1_000, receiveMaximum: 3 };
      return reply({ ...WELCOME, properties });
    }
    if (packet.cmd !== "publish" || packet.topic.endsWith("/look") || packet.qos === 0) {
      return serving(packet, reply, 5);
    }
    most = Math.max(most, ++under);
    waiting.push(() => {
      under--;
      serving(packet, reply, 5);
    });
    setImmediate(() => waiting.shift()?.());
  }, async ({ board, publisher }) => {
    for (let each = 0; each < 50; each++) board.set(`${BASE}/nodes/n${each}`, "x");
    board.set(`${BASE}/nodes/large`, "x".repeat(1_000));
    await until(() => publisher.counts.published === 51);
    assert.equal(publisher.counts.refused, 1);
    assert.ok(most <= 3, `${most} were under way`);
  });
});

test("a broker that keeps nothing is told of, with what to do", async () => {
  await withScript(5, (packet, reply) => {
    const properties = { retainAvailable: false };
    if (packet.cmd === "connect") reply({ ...WELCOME, properties });
  }, async ({ lines }) => {
    await until(() => lines.some((line) => line.includes("keeps no retained messages: enable them")));
  });
});
