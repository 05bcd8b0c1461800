import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePacket, parseBrokerUrl } from "../../src/mqtt/client/mod.ts";
import { openSession } from "../../src/mqtt/client/session.ts";
import { createLog } from "../../src/log.ts";
import { startScriptedBroker, welcoming } from "./scripted_broker.ts";
import { until } from "./until.ts";

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
