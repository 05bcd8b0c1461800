import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { startKraken } from "../../scripts/cluster/process.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { CLIENTS } from "./clients.ts";
import { listen } from "./listener.ts";
import { publishRaw, topicOf } from "./plain_client.ts";
import { guardedMosquitto, plainMosquitto, urlOf } from "./real_brokers.ts";
import { startScriptedBroker, welcoming } from "./scripted_broker.ts";
import { CHILDREN } from "./tree.ts";
import { until } from "../support/until.ts";

const needsMosquitto = { skip: NO_MOSQUITTO ?? false };
const [N1 = ""] = CHILDREN;

for (const [client, connect] of Object.entries(CLIENTS)) {
  test(`${client}: comes back when the broker was killed and started again`, needsMosquitto, async () => {
    const broker = await plainMosquitto(0);
    const url = urlOf(broker.port);
    const { connection, heard } = listen(connect, { url, topics: ["t"] });
    try {
      await until(() => heard.length === 1);
      await broker.kill();
      await until(() => heard.length === 2);
      assert.equal(await connection.publish("t", Uint8Array.of(1)), false);
      await broker.start();
      await until(() => heard.length === 3);
      await publishRaw(url, "t", Uint8Array.of(1, 2));
      await until(() => heard.length === 4);
      assert.deepEqual(heard, ["connected", "closed", "connected", "t 2"]);
    } finally {
      await connection.end();
      await broker.stop();
    }
  });

  test(`${client}: its will is published after kill -9, and not after end()`, needsMosquitto, async () => {
    const broker = await plainMosquitto(0);
    const url = urlOf(broker.port);
    const folder = mkdtempSync(join(tmpdir(), "kraken-client-"));
    const watcher = listen(connect, { url, topics: ["will/#", "end"], clientId: "watcher" });
    try {
      await until(() => watcher.heard.length === 1);
      const will = { topic: "will/ended", payload: new Uint8Array(3) };
      const ended = listen(connect, { url, topics: ["t"], will });
      await until(() => ended.heard.length === 1);
      await ended.connection.end();
      const file = fileURLToPath(new URL("client_process.ts", import.meta.url));
      const killed = await startKraken({
        command: [process.execPath, ...await runtimeArguments(file), client, url, "will/killed", "t"],
        logFile: join(folder, "client.log"),
      });
      await killed.kill();
      await until(() => watcher.heard.length === 2);
      assert.deepEqual(watcher.heard, ["connected", "will/killed 4"]);
    } finally {
      await watcher.connection.end();
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test(`${client}: with a wrong password it stays outside, says so once, and tries again`, needsMosquitto, async () => {
    const broker = await guardedMosquitto(0);
    const topics = [topicOf(N1, "down")];
    const wrong = listen(connect, { url: urlOf(broker.port, N1, "wrong-secret"), topics });
    const right = listen(connect, { url: urlOf(broker.port, N1), topics, clientId: "right" });
    try {
      await until(() => right.heard.length === 1);
      await until(() => wrong.logged.length >= 2);
      const levels = wrong.logged.map((line): unknown => JSON.parse(line).level);
      assert.deepEqual(levels.slice(0, 2), ["warn", "debug"]);
      assert.match(wrong.logged.join(), /not authorized/i);
      assert.doesNotMatch(wrong.logged.join(), /wrong-secret/);
      assert.deepEqual(wrong.heard, []);
    } finally {
      await wrong.connection.end();
      await right.connection.end();
      await broker.stop();
    }
  });

  test(`${client}: a subscription that is refused is no connection`, async () => {
    const broker = await startScriptedBroker((packet, reply, socket) => {
      if (packet.cmd !== "subscribe") return welcoming(packet, reply, socket);
      reply({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [1, 128] });
    });
    const { connection, heard, logged } = listen(connect, { url: broker.url, topics: ["mine", "theirs"] });
    try {
      await until(() => broker.received.filter((name) => name === "subscribe").length === 2);
      assert.match(logged[0] ?? "", client === "own client" ? /"warn".*refuses 'theirs'/ : /"warn".*Cannot subscribe/);
      assert.deepEqual(heard, []);
      assert.equal(await connection.publish("t", Uint8Array.of(1)), false);
    } finally {
      await connection.end();
      await broker.close();
    }
  });

  test(`${client}: a broker that falls silent is left after the keep-alive, and tried again`, async () => {
    const broker = await startScriptedBroker(welcoming); // answers no ping
    const { connection, heard } = listen(connect, { url: broker.url, topics: ["t"], keepalive: 1 });
    try {
      await until(() => heard.length >= 3);
      assert.deepEqual(heard.slice(0, 3), ["connected", "closed", "connected"]);
      assert.ok(broker.received.includes("pingreq"));
    } finally {
      await connection.end();
      await broker.close();
    }
  });

  test(`${client}: a broker that answers pings is kept while nothing else is said`, needsMosquitto, async () => {
    const broker = await plainMosquitto(0);
    const url = urlOf(broker.port);
    const quiet = listen(connect, { url, topics: ["t"], keepalive: 1 });
    const other = await startScriptedBroker(welcoming);
    // Its keep-alives are three times as long: when it is left for silence, the quiet one has outlived several of its own.
    const clock = listen(connect, { url: other.url, topics: ["t"], keepalive: 3 });
    try {
      await until(() => clock.heard.includes("closed"));
      assert.deepEqual(quiet.heard, ["connected"]);
    } finally {
      await quiet.connection.end();
      await clock.connection.end();
      await other.close();
      await broker.stop();
    }
  });

  test(`${client}: messages that are too large are acknowledged, and do not take it down`, async () => {
    const message = { cmd: "publish", topic: "t", qos: 1, retain: false, dup: false } as const;
    const broker = await startScriptedBroker((packet, reply, socket) => {
      welcoming(packet, reply, socket);
      if (packet.cmd !== "subscribe") return;
      for (const messageId of [1, 2, 3]) reply({ ...message, messageId, payload: Buffer.alloc(1024 * 1024) });
      reply({ ...message, messageId: 4, payload: Buffer.alloc(1) });
    });
    const { connection, heard, logged } = listen(connect, { url: broker.url, topics: ["t"] });
    try {
      await until(() => broker.received.filter((name) => name === "puback").length === 4);
      const tooLarge = logged.filter((line) => line.includes("too large")).length;
      assert.equal(tooLarge, client === "own client" ? 3 : 0); // mqtt.js has no limit of its own
      assert.equal(heard.at(-1), "t 1");
      assert.ok(!heard.includes("closed"));
    } finally {
      await connection.end();
      await broker.close();
    }
  });

  test(`${client}: a broker that reads nothing is given no more than a bounded amount`, async () => {
    const broker = await startScriptedBroker((packet, reply, socket) => {
      welcoming(packet, reply, socket);
      if (packet.cmd === "subscribe") socket.pause();
    });
    const { connection, heard } = listen(connect, { url: broker.url, topics: ["t"], keepalive: 1 });
    try {
      await until(() => heard.length === 1);
      const payload = Buffer.alloc(1024 * 1024);
      const sent = Array.from(
        { length: 200 },
        (_, i) => connection.publish("t", payload, { qos: i % 2 === 0 ? 0 : 1 }),
      );
      assert.ok(connection.waiting.messages <= 64);
      const taken = await Promise.all(sent); // once the broker is given up
      assert.ok(taken.filter((was) => was).length < 64);
      await until(() => heard.length === 3);
      assert.deepEqual(connection.waiting, { messages: 0, bytes: 0 });
    } finally {
      await connection.end();
      await broker.close();
    }
  });
}

test("own client: bytes that are no MQTT end the session, and it tries again", async () => {
  let greetings = 0;
  const broker = await startScriptedBroker((packet, reply, socket) => {
    if (packet.cmd === "connect") greetings++;
    if (greetings === 2) return welcoming(packet, reply, socket);
    socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const { connection, heard, logged } = listen(CLIENTS["own client"], { url: broker.url, topics: ["t"] });
  try {
    await until(() => heard.length === 1);
    assert.match(logged[0] ?? "", /"warn".*The broker sends packet type 4 with flags 8/);
  } finally {
    await connection.end();
    await broker.close();
  }
});

test("own client: end() while it connects, and end() twice, end it", async () => {
  const broker = await startScriptedBroker(() => {});
  const { connection, heard } = listen(CLIENTS["own client"], { url: broker.url, topics: ["t"] });
  await until(() => broker.received.length === 1);
  await Promise.all([connection.end(), connection.end()]);
  await connection.end();
  await broker.close();
  assert.deepEqual(heard, []);
});
