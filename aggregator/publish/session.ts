import { Buffer } from "node:buffer";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import type { Clock } from "../../src/clock.ts";
import { CONNECT_TIMEOUT_MS, END_TIMEOUT_MS, type MqttSession, type SessionEvents } from "../../src/mqtt/session.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** Expiry of retained messages with MQTT 5, in seconds, so that a removed cluster leaves nothing behind. */
const KEPT_S = 24 * 3_600;
/** Expiry of events with MQTT 5, in seconds; brokers keep them for subscribers with persistent sessions. */
const EVENT_S = 3_600;
/** After the marker and this time without a retained message, in milliseconds, all of them have arrived. */
const QUIET_MS = 300;
/** The same if the marker does not arrive: brokers may grant subscriptions and deliver nothing. */
const UNMARKED_MS = 3_000;
/** Time limit for reading retained messages, in milliseconds. */
const LOOK_MS = 60_000;
/** Largest retained message that is compared, in bytes. */
const MAX_KEPT_BYTES = 512 * 1024;

/** 4 is MQTT 3.1.1. */
export type ProtocolVersion = 4 | 5;

/** How to publish to a broker. */
export interface StateSessionOptions {
  readonly url: string;
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly cluster: string;
  readonly aggregator: string;
  /** Prefix of the aggregator's topics. */
  readonly base: string;
  /** The topic that tells whether the others are current; its last will is `false`. */
  readonly online: string;
  /** Filters that find all topics of earlier runs. */
  readonly filters: readonly string[];
  readonly clock: Clock;
  /** The broker is connected; its retained messages come next. */
  onOpen(): void;
  /** The retained messages could not be read, so topics of removed nodes stay. */
  onBlind(why: string): void;
  /** The broker may not speak this version of the protocol. */
  onOlder(): void;
}

/**
 * Opens a session that publishes through mqtt.js. It first subscribes to the aggregator's own topics, reports their retained messages
 * and unsubscribes. Then it is up.
 */
export function openStateSession(options: StateSessionOptions, events: SessionEvents): MqttSession {
  const { clock, version } = options;
  const client = mqtt.connect(options.url, settingsOf(options));
  let problem: string | undefined;
  let isClosed = false;
  /** A broker without MQTT 5 refuses the connection, or closes it without an answer. */
  let mayBeOlder = true;
  let isOpen = false;
  let endLook: (() => void) | undefined;
  let largest = Infinity;
  const window = createWindow();

  client.on("connect", ({ properties }) => {
    isOpen = true;
    if (properties?.retainAvailable === false) {
      problem = "It keeps no retained messages: enable them, or publish to another broker";
      client.end(true);
      return;
    }
    largest = properties?.maximumPacketSize ?? Infinity;
    window.limit = properties?.receiveMaximum ?? Infinity;
    options.onOpen();
    const look = lookAtKept(client, options, events.onMessage);
    endLook = look.end;
    void look.done.then((why) => {
      if (isClosed) return;
      if (why !== undefined) options.onBlind(why);
      events.onUp();
    });
  });
  client.on("error", (error) => {
    problem = error.message;
    mayBeOlder = "code" in error && (error.code === 1 || error.code === 132); // unacceptable protocol version
  });
  client.on("close", () => {
    if (isClosed) return;
    isClosed = true;
    endLook?.();
    client.end(true);
    if (!isOpen && mayBeOlder) {
      options.onOlder();
      if (version === 5) problem = "It does not take MQTT 5. MQTT 3.1.1 comes next";
    }
    events.onClosed(problem);
  });

  return {
    publish(topic, payload, { qos, retain }, settle) {
      if (payload.length + topic.length + 200 > largest) return settle(false);
      const properties = propertiesOf(options, { topic, payload, retain });
      const message = { qos, retain, ...(version === 5 && { properties }) };
      const send = (done: () => void): void => {
        client.publish(topic, Buffer.from(payload), message, (error) => {
          done();
          settle(!error);
        });
      };
      if (qos === 0) send(() => {});
      else window.run(send);
    },
    end() {
      return new Promise((resolve) => {
        const cancel = clock.after(END_TIMEOUT_MS, () => client.end(true, () => resolve()));
        client.end(!client.connected, () => {
          cancel();
          resolve();
        });
      });
    },
  };
}

/** Limits the number of unacknowledged messages to the broker's Receive Maximum (MQTT 5, section 3.3.4). */
function createWindow() {
  const waiting: ((done: () => void) => void)[] = [];
  let under = 0;
  const window = {
    limit: Infinity,
    run(send: (done: () => void) => void): void {
      waiting.push(send);
      go();
    },
  };
  function go(): void {
    while (under < window.limit) {
      const send = waiting.shift();
      if (send === undefined) return;
      under++;
      send(() => {
        under--;
        go();
      });
    }
  }
  return window;
}

/** Reads the retained messages of the filters. @returns `done` resolves when all were reported, with the reason if they could not be read. */
function lookAtKept(
  client: MqttClient,
  { filters, base, clock, clientId }: StateSessionOptions,
  onKept: (topic: string, payload: Uint8Array) => void,
): { readonly done: Promise<string | undefined>; end(): void } {
  const marker = `${base}/look`;
  let isMarked = false;
  let cancel = (): void => {};
  let finish: (why?: string) => void = () => {};
  const done = new Promise<string | undefined>((resolve) => finish = resolve);
  const cancelAll = clock.after(LOOK_MS, () => end("it did not end within a minute"));

  function end(why?: string): void {
    cancel();
    cancelAll();
    client.off("message", heard);
    finish(why);
  }
  function wait(): void {
    cancel();
    cancel = clock.after(isMarked ? QUIET_MS : UNMARKED_MS, () => {
      if (client.connected) client.unsubscribe([...filters, marker]);
      end(isMarked ? undefined : "the broker delivers nothing of it");
    });
  }
  function heard(topic: string, payload: Uint8Array, { retain }: IPublishPacket): void {
    if (topic === marker) isMarked ||= Buffer.from(payload).toString() === clientId;
    else if (!retain) return; // a live message
    else if (payload.length > 0 && payload.length <= MAX_KEPT_BYTES) onKept(topic, payload);
    wait();
  }
  client.on("message", heard);
  client.subscribeAsync([...filters, marker], { qos: 0 }).then(() => {
    client.publish(marker, clientId, { qos: 1 });
    wait();
  }, (error: unknown) => end(errorText(error)));
  return { done, end };
}

function propertiesOf(
  { cluster, aggregator, online }: StateSessionOptions,
  { topic, payload, retain }: { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean },
): NonNullable<IPublishPacket["properties"]> {
  const isKept = topic !== online && payload.length > 0;
  const expiry = retain ? KEPT_S : EVENT_S;
  return {
    payloadFormatIndicator: true,
    contentType: payload[0] === 0x7b ? "application/json" : "text/plain",
    ...(isKept && { messageExpiryInterval: expiry }),
    userProperties: { cluster, aggregator },
  };
}

function settingsOf({ version, clientId, online, cluster, aggregator }: StateSessionOptions): IClientOptions {
  const about = { contentType: "text/plain", payloadFormatIndicator: true, userProperties: { cluster, aggregator } };
  return {
    ...{ clientId, protocolVersion: version, clean: true, keepalive: 30, connectTimeout: CONNECT_TIMEOUT_MS },
    reconnectPeriod: 0, // a new client each time instead, with jitter
    ...{ resubscribe: false, queueQoSZero: false },
    will: {
      ...{ topic: online, payload: Buffer.from("false"), qos: 1, retain: true },
      ...(version === 5 && { properties: about }),
    },
  };
}
