import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createLog } from "../../src/log.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { CLIENTS } from "./clients.ts";
import { startTcpProxy } from "./tcp_proxy.ts";
import { CLUSTER, PARENT } from "./tree.ts";
import { until } from "../support/until.ts";

const log = createLog(() => {});
const CHILD = "22222222-2222-4222-8222-222222222222";
const up = formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel: "up" });
const down = formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel: "down" });

for (const [client, connect] of Object.entries(CLIENTS)) {
  test(`${client}: a connection that was cut comes back, subscribed again`, async () => {
    const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log });
    const proxy = await startTcpProxy(broker.port);
    const heard: string[] = [];
    const connection = connect({
      url: `mqtt://127.0.0.1:${proxy.port}`,
      clientId: "a",
      topics: [down],
      random: Math.random,
      log,
      onConnect: () => heard.push("connected"),
      onClose: () => heard.push("closed"),
      onMessage: (topic) => heard.push(topic),
    });
    try {
      await until(() => heard.length === 1);
      proxy.cut();
      await until(() => heard.length === 3);
      broker.publish(down, Uint8Array.of(1), 1);
      await until(() => heard.length === 4);
      assert.deepEqual(heard, ["connected", "closed", "connected", down]);
    } finally {
      await connection.end();
      await proxy.close();
      await broker.close();
    }
  });

  test(`${client}: publish() says false, and keeps nothing, while there is no broker or too much is under way`, async () => {
    const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log });
    const proxy = await startTcpProxy(broker.port);
    let connects = 0;
    const connection = connect({
      url: `mqtt://127.0.0.1:${proxy.port}`,
      clientId: "a",
      topics: [down],
      random: Math.random,
      log,
      onConnect: () => connects++,
      onClose: () => {},
      onMessage: () => {},
    });
    let taken = 0;
    broker.onPublish(() => taken++);
    try {
      assert.equal(await connection.publish(up, Uint8Array.of(1)), false);
      await until(() => connects === 1);
      const many = await Promise.all(Array.from({ length: 2_000 }, () => connection.publish(up, Uint8Array.of(1))));
      assert.equal(many.filter((sent) => sent).length, 1_024);
      const cutOff = connection.publish(up, Uint8Array.of(1));
      proxy.cut();
      assert.equal(typeof await cutOff, "boolean");
      await until(() => connects === 2);
      assert.equal(await connection.publish(up, Uint8Array.of(1)), true);
      assert.ok(taken >= 1_025);
    } finally {
      await connection.end();
      await proxy.close();
      await broker.close();
    }
  });

  test(`${client}: a listener that throws does not take the connection down`, async () => {
    const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log });
    let heard = 0;
    let connects = 0;
    const connection = connect({
      url: broker.url,
      clientId: "a",
      topics: [down],
      random: Math.random,
      log,
      onConnect: () => connects++,
      onClose: () => {},
      onMessage() {
        heard++;
        throw new Error("A bug");
      },
    });
    try {
      await until(() => connects === 1);
      broker.publish(down, Uint8Array.of(1), 1);
      broker.publish(down, Uint8Array.of(2), 1);
      await until(() => heard === 2);
      assert.equal(connects, 1);
    } finally {
      await connection.end();
      await broker.close();
    }
  });
}
