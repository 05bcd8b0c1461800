import { Buffer } from "node:buffer";
import mqtt, { type IClientOptions } from "mqtt";
import type { MqttConnectionOptions } from "../connection.ts";
import { CONNECT_TIMEOUT_MS, END_TIMEOUT_MS, type MqttSession, type SessionEvents } from "../session.ts";
import { errorText } from "../../toolkit/mod.ts";

/** Opens a session with its own mqtt.js client, which queues nothing. */
export function openMqttJsSession(options: MqttConnectionOptions, events: SessionEvents): MqttSession {
  const client = mqtt.connect(options.url, settingsOf(options));
  let problem: string | undefined;
  let closed = false;
  client.on("connect", () => void subscribe());
  client.on("message", (topic, payload) => {
    if (!closed) events.onMessage(topic, payload);
  });
  client.on("error", (error) => problem = error.message);
  client.on("close", () => {
    if (closed) return;
    closed = true;
    client.end(true);
    events.onClosed(problem);
  });

  async function subscribe(): Promise<void> {
    try {
      await client.subscribeAsync([...options.topics], { qos: 1 });
    } catch (error) {
      problem ??= `Cannot subscribe: ${errorText(error)}`;
      client.end(true);
      return;
    }
    if (!closed) events.onUp();
  }

  return {
    publish(topic, payload, { qos, retain }, settle) {
      client.publish(topic, Buffer.from(payload), { qos, retain }, (error) => settle(!error));
    },
    end() {
      return new Promise((resolve) => {
        const force = setTimeout(() => client.end(true, () => resolve()), END_TIMEOUT_MS);
        client.end(!client.connected, () => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}

function settingsOf(options: MqttConnectionOptions): IClientOptions {
  const settings: IClientOptions = {
    clientId: options.clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: options.keepalive ?? 10,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0, // a new client each time instead, with jitter
    resubscribe: false,
    queueQoSZero: false,
  };
  if (options.will !== undefined) {
    const { topic, payload } = options.will;
    settings.will = { topic, payload: Buffer.from(payload), qos: 1, retain: true };
  }
  return settings;
}
