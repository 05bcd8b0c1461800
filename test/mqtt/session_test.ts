import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePacket, parseBrokerUrl } from "../../src/mqtt/client/mod.ts";
import { openSession } from "../../src/mqtt/client/session.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { startScriptedBroker, welcoming } from "./scripted_broker.ts";
import { until } from "../support/until.ts";

test("a broker that takes nothing is given up when 80 MiB wait for it", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "subscribe") socket.pause();
  });
  const problems: (string | undefined)[] = [];
  let isUp = false;
  const session = openSession({
    ...{ broker: parseBrokerUrl(broker.url), topics: ["t"], keepalive: 0, log: createLog(() => {}) },
    greeting: encodePacket({ type: "connect", clientId: "c", keepalive: 0 }),
  }, {
    onUp: () => void (isUp = true),
    onMessage: () => {},
    onClosed: (problem) => void problems.push(problem),
  });
  try {
    await until(() => isUp);
    const payload = new Uint8Array(1024 * 1024);
    const send = (count: number) => {
      for (let sent = 0; sent < count; sent++) session.publish("t", payload, { qos: 0, retain: false }, () => {});
    };
    send(75);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(problems, []);
    send(40); // some MiB are in the buffers of the system
    await until(() => problems.length > 0);
    assert.deepEqual(problems, ["The broker does not read"]);
  } finally {
    await session.end();
    await broker.close();
  }
});

/** Opens a session on a clock that the test moves, and says how it has ended. */
function openOnClock(url: string, keepalive = 0) {
  const clock = createVirtualClock();
  const problems: (string | undefined)[] = [];
  const session = openSession({
    ...{ broker: parseBrokerUrl(url), topics: ["t"], keepalive, log: createLog(() => {}), clock },
    greeting: encodePacket({ type: "connect", clientId: "c", keepalive }),
  }, { onUp: () => {}, onMessage: () => {}, onClosed: (problem) => void problems.push(problem) });
  return { clock, session, problems };
}

test("a broker that accepts the socket and says nothing is left after ten seconds, and so is one that grants nothing", async () => {
  for (const welcomes of [false, true]) {
    const broker = await startScriptedBroker((packet, reply) => {
      if (welcomes && packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
    });
    const { clock, problems } = openOnClock(broker.url);
    await until(() => broker.received.length === (welcomes ? 2 : 1));
    await clock.advance(9_999);
    assert.equal(clock.waiting, 1, "it waits still");
    await clock.advance(1);
    await until(() => problems.length > 0);
    assert.deepEqual([problems, clock.waiting], [["The broker does not answer"], 0]);
    await broker.close();
  }
});

test("a broker that answers no ping is left after one and a half keep-alives", async () => {
  const broker = await startScriptedBroker(welcoming);
  const { clock, problems, session } = openOnClock(broker.url, 20);
  await until(() => broker.received.includes("subscribe") && clock.waiting === 1);
  await clock.advance(29_999);
  assert.equal(clock.waiting, 1, "it waits still");
  await clock.advance(1);
  await until(() => problems.length > 0);
  assert.deepEqual(problems, ["The broker does not answer a ping"]);
  await session.end();
  await broker.close();
});

test("a broker that keeps the connection open is left two seconds after the end was said", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "subscribe") socket.pause();
  });
  const { clock, problems, session } = openOnClock(broker.url);
  await until(() => broker.received.includes("subscribe") && clock.waiting === 0);
  const ended = session.end();
  await clock.advance(1_999);
  assert.deepEqual([problems, clock.waiting], [[], 1]);
  await clock.advance(1);
  await ended;
  assert.deepEqual(problems, [undefined]);
  await broker.close();
});
