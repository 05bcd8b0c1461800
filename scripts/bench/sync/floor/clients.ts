import { Buffer } from "node:buffer";
import mqtt, { type MqttClient } from "mqtt";
import { systemClock } from "../../../../src/clock.ts";
import { within } from "../../../../src/toolkit/mod.ts";

/** How long one connection may take, in milliseconds. */
const CONNECT_LIMIT = 60_000;
/** How many connect at a time. */
const PARALLEL = 50;

/** Connects a client of mqtt.js with nothing around it. */
export async function connectClient(url: string, name: string): Promise<MqttClient> {
  const client = mqtt.connect(url, {
    clientId: name,
    protocolVersion: 4,
    clean: true,
    keepalive: 10,
    connectTimeout: CONNECT_LIMIT,
    reconnectPeriod: 0,
  });
  const connected = new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new Error(`'${name}' was disconnected`)));
  });
  const late = `'${name}' was not connected within ${CONNECT_LIMIT / 1000} s`;
  await within({ clock: systemClock, ms: CONNECT_LIMIT, late }, () => connected);
  return client;
}

/** Connects one publisher for each of some numbers. */
export async function connectPublishers(url: string, first: number, count: number): Promise<MqttClient[]> {
  const publishers: MqttClient[] = [];
  let next = 0;
  async function connectSome(): Promise<void> {
    while (next < count) publishers.push(await connectClient(url, `floor-${first + next++}`));
  }
  await Promise.all(Array.from({ length: PARALLEL }, connectSome));
  return publishers;
}

/** Publishes with QoS 1, each message after the broker's acknowledgement of the one before. */
export async function publishAll(
  client: MqttClient,
  topic: string,
  messages: number,
  payload: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < messages; sent++) await client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
}
