import { Buffer } from "node:buffer";
import mqtt from "mqtt";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { decodeFrame, type LifeFrame } from "../../src/sync/mod.ts";
import { CLUSTER, PARENT } from "./tree.ts";
import { until } from "../support/until.ts";

/** A plain client that publishes whatever it is told to. */
export async function publishRaw(url: string, topic: string, payload: Uint8Array, retain = false): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  await client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain });
  await client.endAsync();
}

/** What a client hears that subscribes only now: the first retained message. */
export async function retainedLife(url: string, child: string): Promise<LifeFrame | undefined> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  let found: LifeFrame | undefined;
  client.on("message", (_topic, payload, { retain }) => {
    const decoded = decodeFrame(payload);
    if (retain && decoded.ok && (decoded.frame.type === "alive" || decoded.frame.type === "dead")) {
      found ??= decoded.frame;
    }
  });
  try {
    await client.subscribeAsync(topicOf(child, "life"), { qos: 1 });
    await until(() => found !== undefined);
    return found;
  } finally {
    await client.endAsync(true);
  }
}

/** A topic of a child of the tests' parent. */
export function topicOf(child: string, channel: Channel): string {
  return formatTopic({ cluster: CLUSTER, parent: PARENT, child, channel });
}
