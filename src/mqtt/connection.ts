import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";

/** How to connect to a broker, and the events of the connection. */
export interface MqttConnectionOptions {
  /** `mqtt://host:port` or `mqtts://host:port`, with user name and password if the broker requires them. */
  readonly url: string;
  readonly clientId: string;
  /** The last will: the broker publishes it, retained, when the connection is lost. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  /** Topics or filters that are subscribed to after every connect, before `onConnect` is called. */
  readonly topics: readonly string[];
  /** Seconds. @default 10 */
  readonly keepalive?: number;
  /** Messages that the broker has not acknowledged; more are refused, never queued. At most 32768. @default 1024 */
  readonly maxOutstanding?: number;
  readonly random: Random;
  readonly log: Log;
  onConnect(): void;
  /** Called once after each `onConnect`. */
  onClose(): void;
  /** The broker can't be reached or was lost; called each time, with the reason, and after `onClose`. */
  onProblem?(problem: string): void;
  onMessage(topic: string, payload: Uint8Array): void;
}

/** How a message is published. */
export interface MessageOptions {
  /** @default false */
  readonly retain?: boolean;
  /** 0: the broker does not acknowledge it, and it may be lost. @default 1 */
  readonly qos?: 0 | 1;
}

/** Messages that are not acknowledged yet. */
export interface Waiting {
  readonly messages: number;
  readonly bytes: number;
}

/** A connection to an MQTT broker that reconnects by itself. MQTT 3.1.1, clean sessions, QoS 1. */
export interface MqttConnection {
  /** @returns Whether the broker accepted the message: false without a connection, or with too many unacknowledged messages. */
  publish(topic: string, payload: Uint8Array, options?: MessageOptions): Promise<boolean>;
  /** Disconnects cleanly, so that the will is not published. */
  end(): Promise<void>;
  /** Messages that the broker has not acknowledged, or with QoS 0 the socket has not sent, and the bytes of their payloads. */
  readonly waiting: Waiting;
}

/**
 * Connects to a broker, and reconnects with backoff and jitter. It queues nothing: messages in flight are lost with the connection,
 * and links send them again.
 *
 * @throws {Error} If the client does not support the URL.
 */
export type MqttConnect = (options: MqttConnectionOptions) => MqttConnection;
