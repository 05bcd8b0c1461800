import { Buffer } from "node:buffer";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";
import { redactUrl } from "../redact.ts";

/** The first wait before connecting again, in milliseconds; doubles up to {@link RECONNECT_CAP_MS}. */
const RECONNECT_MS = 500;
/** The longest wait before connecting again, in milliseconds. */
const RECONNECT_CAP_MS = 10_000;
/** How long a broker may take to answer, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long a clean end may take, in milliseconds. */
const END_TIMEOUT_MS = 2_000;
/** Bytes of messages that the broker has not acknowledged; more are refused, never queued. */
const MAX_OUTSTANDING_BYTES = 64 * 1024 * 1024;

/** How to connect to a broker, and whom to tell. */
export interface MqttConnectionOptions {
  /** `mqtt://host:port`, or what else mqtt.js takes: `mqtts:`, `ws:`, `wss:`. */
  readonly url: string;
  readonly clientId: string;
  /** What the broker publishes, retained, when the connection is lost. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  /** Topics or filters that are subscribed to after every connect, before `onConnect` is called. */
  readonly topics: readonly string[];
  /** Seconds. @default 10 */
  readonly keepalive?: number;
  /** Messages that the broker has not acknowledged; more are refused, never queued. @default 1024 */
  readonly maxOutstanding?: number;
  readonly random: Random;
  readonly log: Log;
  onConnect(): void;
  /** Called once after each `onConnect`. */
  onClose(): void;
  onMessage(topic: string, payload: Uint8Array): void;
}

/** How a message is published. */
export interface PublishOptions {
  /** @default false */
  readonly retain?: boolean;
  /** 0: the broker does not acknowledge it, and it may be lost. @default 1 */
  readonly qos?: 0 | 1;
}

/** A connection to an MQTT broker that comes back by itself. MQTT 3.1.1, clean sessions, QoS 1. */
export interface MqttConnection {
  /** @returns Whether the broker has taken the message: false when there is no connection, or too much is under way. */
  publish(topic: string, payload: Uint8Array, options?: PublishOptions): Promise<boolean>;
  /** Disconnects cleanly, so that the will is not published. */
  end(): Promise<void>;
  /** Messages that the broker has not acknowledged. */
  readonly waiting: number;
}

/**
 * Connects to a broker, again and again with backoff and jitter. Each attempt is a new client of mqtt.js with nothing
 * queued: what was under way when a connection broke is lost, and links send it again.
 *
 * @throws {Error} When the URL is none.
 */
export function connectMqtt(options: MqttConnectionOptions): MqttConnection {
  const { log, random } = options;
  const shown = redactUrl(options.url);
  let client: MqttClient | undefined;
  let isUp = false;
  let ended = false;
  let failures = 0;
  /** Ends each publication that the broker has not acknowledged. */
  const outstanding = new Set<(taken: boolean) => void>();
  const maxOutstanding = options.maxOutstanding ?? 1_024;
  let outstandingBytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

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

  function connect(): void {
    timer = undefined;
    const made = mqtt.connect(options.url, settings);
    client = made;
    let closed = false;
    made.on("connect", () => void subscribe(made));
    made.on("message", (topic, payload) => {
      if (client === made) guarded(() => options.onMessage(topic, payload));
    });
    made.on("error", (error) => log.debug("MQTT connection failed", { url: shown, error: error.message }));
    made.on("close", () => {
      if (closed) return;
      closed = true;
      made.end(true);
      if (client === made) lost();
    });
  }

  async function subscribe(made: MqttClient): Promise<void> {
    try {
      const granted = await made.subscribeAsync([...options.topics], { qos: 1 });
      const refused = granted.filter(({ qos }) => qos === 128).map(({ topic }) => topic);
      if (refused.length > 0) throw new Error(`The broker refuses '${refused.join("', '")}'`);
    } catch (error) {
      if (ended || client !== made) return;
      log.warn("Cannot subscribe", { url: shown, error: error instanceof Error ? error.message : String(error) });
      made.end(true);
      return;
    }
    if (ended || client !== made) return;
    isUp = true;
    failures = 0;
    log.info("Connected to the broker", { url: shown });
    guarded(options.onConnect);
  }

  function lost(): void {
    client = undefined;
    for (const settle of outstanding) settle(false);
    if (isUp) {
      isUp = false;
      log.info("Lost the broker", { url: shown });
      guarded(options.onClose);
    }
    if (ended) return;
    const wait = Math.min(RECONNECT_CAP_MS, RECONNECT_MS * 2 ** failures++) * (0.5 + random() / 2);
    timer = setTimeout(connect, wait);
  }

  /** A listener that throws must not take the connection down. */
  function guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      log.error("Cannot handle what the broker brought", {
        error: error instanceof Error ? error.stack : String(error),
      });
    }
  }

  connect();
  return {
    publish(topic, payload, { retain = false, qos = 1 } = {}) {
      const through = client;
      if (through === undefined || !isUp) return Promise.resolve(false);
      if (outstanding.size >= maxOutstanding || outstandingBytes >= MAX_OUTSTANDING_BYTES) {
        return Promise.resolve(false);
      }
      outstandingBytes += payload.length;
      return new Promise((resolve) => {
        const settle = (taken: boolean): void => {
          if (outstanding.delete(settle)) outstandingBytes -= payload.length;
          resolve(taken);
        };
        outstanding.add(settle);
        through.publish(topic, Buffer.from(payload), { qos, retain }, (error) => settle(!error));
      });
    },
    get waiting() {
      return outstanding.size;
    },
    end() {
      ended = true;
      clearTimeout(timer);
      const last = client;
      if (last === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        const force = setTimeout(() => last.end(true, () => resolve()), END_TIMEOUT_MS);
        last.end(!last.connected, () => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}
