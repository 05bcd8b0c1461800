import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectBroker } from "../../aggregator/broker/transport.ts";
import { type EmbeddedBroker, type GuardedListener, startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { createLog } from "../../src/log.ts";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { listen } from "./listener.ts";
import { connectPacket, publishPacket, rawClient } from "./raw_client.ts";
import { CLUSTER, PARENT } from "./tree.ts";
import { until } from "../support/until.ts";

const quiet = createLog(() => {});
const CHILD = "22222222-2222-4222-8222-222222222222";

function topicOf(channel: Channel): string {
  return formatTopic({ cluster: CLUSTER, parent: PARENT, child: CHILD, channel });
}

/** Runs a test on a broker of its own. */
async function withBroker(
  body: (broker: EmbeddedBroker) => Promise<void>,
  options: { readonly guarded?: GuardedListener; readonly log?: typeof quiet } = {},
): Promise<void> {
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, port: 0, log: quiet, ...options });
  try {
    await body(broker);
  } finally {
    await broker.close();
  }
}

test("an address that is none of this machine's is refused with the system's reason", () =>
  assert.rejects(
    startEmbeddedBroker({ cluster: CLUSTER, host: "192.0.2.1", port: 0, log: quiet }), // RFC 5737: nobody has it
    ({ message }: Error) => message.startsWith("Cannot listen on 192.0.2.1:0 as ") && !message.includes("in use:"),
  ));

const hasIpv6 = Object.values(networkInterfaces()).flat().some((each) => each?.address === "::1");

test("an IPv6 address stands in brackets in the broker's URL", { skip: hasIpv6 ? false : "no IPv6 here" }, async () => {
  const broker = await startEmbeddedBroker({ cluster: CLUSTER, host: "::1", port: 0, log: quiet });
  assert.equal(broker.url, `mqtt://[::1]:${broker.port}`);
  assert.ok(broker.port > 0);
  await broker.close();
});

test("what the program publishes with QoS 0 reaches who subscribes, whether it is short or long", () =>
  withBroker(async (broker) => {
    const topic = topicOf("down");
    const child = listen(connectBroker, { url: broker.url, topics: [topic] });
    try {
      await until(() => child.heard.length === 1);
      for (const size of [5, 16 * 1024 + 1]) broker.publish(topic, new Uint8Array(size), 0);
      await until(() => child.heard.length === 3);
      assert.deepEqual(child.heard, ["connected", `${topic} 5`, `${topic} 16385`]);
    } finally {
      await child.connection.end();
    }
  }));

test("who does not listen any more is told nothing, and others still are", () =>
  withBroker(async (broker) => {
    const heard: string[] = [];
    const unlisten = broker.onPublish(() => heard.push("first"));
    broker.onPublish(() => heard.push("second"));
    unlisten();
    const client = rawClient(broker.port, connectPacket("child"), publishPacket(topicOf("up"), Uint8Array.of(1)));
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ["second"]);
    client.socket.destroy();
  }));

test("an empty life frame takes away the one that was kept", () =>
  withBroker(async (broker) => {
    const life = (payload: Uint8Array) => publishPacket(topicOf("life"), payload, 1, true);
    const client = rawClient(broker.port, connectPacket("child"), life(Uint8Array.of(1)));
    await until(() => broker.retained === 1);
    client.socket.write(life(new Uint8Array(0)));
    await until(() => broker.retained === 0);
    client.socket.destroy();
  }));

test("where identities are asked for an address has 32 connections, and one more is turned away", async () => {
  const turnedAway: string[] = [];
  const log = createLog((line) => void turnedAway.push(line), { level: "warn" });
  const guarded = { host: "127.0.0.1", port: 0, parent: PARENT, isIdentity: () => false, isKnown: () => true };
  await withBroker(async (broker) => {
    const port = Number(new URL(broker.guardedUrl ?? "").port);
    const clients = Array.from({ length: 33 }, () => rawClient(port));
    try {
      await until(() => turnedAway.length > 0);
      assert.match(turnedAway.join(""), /^.*refused a connection.*"connections":32.*\n$/);
    } finally {
      for (const { socket } of clients) socket.destroy();
    }
  }, { guarded, log });
});

test("no answer of the broker waits for the next one", () => {
  const { setNoDelay } = Socket.prototype;
  const said: unknown[] = [];
  Socket.prototype.setNoDelay = function (noDelay) {
    said.push(noDelay);
    return setNoDelay.call(this, noDelay);
  };
  return withBroker(async (broker) => {
    const client = rawClient(broker.port, connectPacket("child"));
    await until(() => broker.clients === 1);
    assert.deepEqual(said, [true]);
    client.socket.destroy();
  }).finally(() => Socket.prototype.setNoDelay = setNoDelay);
});

test("a program ends by itself once its broker is closed, also when another one could not be started", async () => {
  const file = fileURLToPath(new URL("broker_process.ts", import.meta.url));
  const program = spawn(process.execPath, await runtimeArguments(file), { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  program.stdout.on("data", (chunk: Buffer) => output += chunk.toString());
  let code: number | null | undefined;
  program.on("close", (ended) => code = ended);
  try {
    await until(() => code !== undefined);
    assert.deepEqual([output, code], ["refused closed", 0]);
  } finally {
    program.kill("SIGKILL");
  }
});

test("an aggregator reaches a broker over MQTT with Kraken's own client, and over WebSocket with mqtt.js", async () => {
  const options = {
    ...{ clientId: "a", topics: [], random: Math.random, log: quiet },
    ...{ onConnect() {}, onClose() {}, onMessage() {} },
  };
  assert.throws(() => connectBroker({ ...options, url: "http://127.0.0.1" }), /expected mqtt:\/\/ or mqtts:\/\//);
  for (const url of ["ws://127.0.0.1:1", "WSS://127.0.0.1:1"]) await connectBroker({ ...options, url }).end();
});
