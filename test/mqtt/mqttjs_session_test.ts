import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { openMqttJsSession } from "../../src/mqtt/mqttjs/session.ts";
import { until } from "../support/until.ts";
import { type Script, startScriptedBroker, welcoming } from "./scripted_broker.ts";

/** A session of mqtt.js with a broker that follows a script, what it was told and how it has ended. */
async function withSession(
  script: Script,
  run: (bench: {
    readonly session: ReturnType<typeof openMqttJsSession>;
    readonly heard: readonly string[];
    readonly problems: readonly (string | undefined)[];
    readonly received: readonly string[];
  }) => Promise<void>,
): Promise<void> {
  const broker = await startScriptedBroker(script);
  const heard: string[] = [];
  const problems: (string | undefined)[] = [];
  const session = openMqttJsSession({
    ...{ url: broker.url, clientId: "c", topics: ["t"], random: Math.random, log: createLog(() => {}) },
    ...{ onConnect() {}, onClose() {}, onMessage() {} },
  }, {
    onUp: () => void heard.push("up"),
    onMessage: (topic, payload) => void heard.push(`${topic} ${payload.join(" ")}`),
    onClosed: (problem) => void problems.push(problem),
  });
  try {
    await run({ session, heard, problems, received: broker.received });
  } finally {
    await session.end();
    await broker.close();
  }
}

test("mqtt.js: a client that is refused ends its session with the broker's reason", async () => {
  const refusing: Script = (_packet, reply) => reply({ cmd: "connack", returnCode: 5, sessionPresent: false });
  await withSession(refusing, async ({ problems, heard }) => {
    await until(() => problems.length > 0);
    assert.match(problems[0] ?? "", /not authorized/i);
    assert.deepEqual(heard, []);
  });
});

test("mqtt.js: a subscription that is refused ends the session at once, also where the broker reads nothing more", async () => {
  const refusing: Script = (packet, reply, socket) => {
    if (packet.cmd !== "subscribe") return welcoming(packet, reply, socket);
    reply({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [128] });
    socket.pause();
  };
  await withSession(refusing, async ({ problems, heard }) => {
    await until(() => problems.length > 0);
    assert.match(problems[0] ?? "", /^Cannot subscribe: /);
    assert.deepEqual(heard, []);
  });
});

test("mqtt.js: a broker that hangs up ends the session once, without a reason", async () => {
  const leaving: Script = (packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "publish") socket.end();
  };
  await withSession(leaving, async ({ session, problems, heard }) => {
    await until(() => heard.length === 1);
    session.publish("t", Uint8Array.of(1), { qos: 0, retain: false }, () => {});
    await until(() => problems.length > 0);
    await session.end();
    assert.deepEqual([problems, heard], [[undefined], ["up"]]);
  });
});

test("mqtt.js: messages are heard, and what is published is taken when the broker says so", async () => {
  let acknowledge = () => {};
  const script: Script = (packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd !== "publish") return;
    if (packet.qos === 1) acknowledge = () => reply({ cmd: "puback", messageId: packet.messageId ?? 0 });
    reply({ cmd: "publish", topic: "t", payload: Buffer.of(7), qos: 0, retain: packet.retain, dup: false });
  };
  await withSession(script, async ({ session, heard }) => {
    await until(() => heard.length === 1);
    const taken: string[] = [];
    session.publish("t", Uint8Array.of(1), { qos: 1, retain: false }, (was) => void taken.push(`first ${was}`));
    session.publish("t", Uint8Array.of(1), { qos: 0, retain: false }, (was) => void taken.push(`second ${was}`));
    await until(() => heard.length === 3);
    assert.deepEqual([heard, taken], [["up", "t 7", "t 7"], ["second true"]]);
    acknowledge();
    await until(() => taken.length === 2);
    assert.deepEqual(taken, ["second true", "first true"]);
  });
});

test("mqtt.js: an end says goodbye to a broker that has accepted, and nothing to one that has not", async () => {
  await withSession(welcoming, async ({ session, heard, received }) => {
    await until(() => heard.length === 1);
    await session.end();
    await until(() => received.length === 3);
    assert.deepEqual(received, ["connect", "subscribe", "disconnect"]);
  });
  await withSession(() => {}, async ({ session, received, heard }) => {
    await until(() => received.length === 1);
    await session.end();
    assert.deepEqual([received, heard], [["connect"], []]);
  });
});
