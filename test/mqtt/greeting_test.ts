import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { Packet } from "mqtt-packet";
import { until } from "../support/until.ts";
import { CLIENTS } from "./clients.ts";
import { listen } from "./listener.ts";
import { startScriptedBroker, welcoming } from "./scripted_broker.ts";

for (const [client, connect] of Object.entries(CLIENTS)) {
  test(`${client}: it introduces itself by its id, with a will that is kept and a session that is not`, async () => {
    const greetings: Packet[] = [];
    const broker = await startScriptedBroker((packet, reply, socket) => {
      if (packet.cmd === "connect") greetings.push(packet);
      welcoming(packet, reply, socket);
    });
    const will = { topic: "will", payload: Uint8Array.of(1, 2) };
    const plain = listen(connect, { url: broker.url, topics: ["t"], clientId: "plain" });
    await until(() => plain.heard.length === 1);
    await plain.connection.end();
    const other = listen(connect, { url: broker.url, topics: ["t"], clientId: "other", keepalive: 7, will });
    await until(() => other.heard.length === 1);
    await other.connection.end();
    const found = greetings.map((packet) =>
      packet.cmd === "connect" && {
        ...{ clientId: packet.clientId, version: packet.protocolVersion, clean: packet.clean },
        ...{ keepalive: packet.keepalive, will: packet.will, username: packet.username },
      }
    );
    const same = { version: 4, clean: true, username: undefined };
    const kept = { topic: "will", payload: Buffer.of(1, 2), qos: 1, retain: true };
    assert.deepEqual(found, [
      { ...same, clientId: "plain", keepalive: 10, will: undefined },
      { ...same, clientId: "other", keepalive: 7, will: kept },
    ]);
    await broker.close();
  });
}
