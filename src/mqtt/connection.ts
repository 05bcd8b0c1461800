import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";

/** How to connect to a broker, and whom to tell. */
export interface MqttConnectionOptions {
  /** `mqtt://host:port` or `mqtts://host:port`, with the user's name and password where the broker wants them. */
  readonly url: string;
  readonly clientId: string;
  /** What the broker publishes, retained, when the connection is lost. */
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
  /** The broker is not reached, or is lost: called each time, with why, and after `onClose`. */
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

/** What is on its way. */
export interface Waiting {
  readonly messages: number;
  readonly bytes: number;
}

/** A connection to an MQTT broker that comes back by itself. MQTT 3.1.1, clean sessions, QoS 1. */
export interface MqttConnection {
  /** @returns Whether the broker has taken the message: false when there is no connection, or too much is under way. */
  publish(topic: string, payload: Uint8Array, options?: MessageOptions): Promise<boolean>;
  /** Disconnects cleanly, so that the will is not published. */
  end(): Promise<void>;
  /** Messages that the broker has not acknowledged, or with QoS 0 the socket has not taken, and the bytes of their payloads. */
  readonly waiting: Waiting;
}

/**
 * Connects to a broker, again and again with backoff and jitter, with nothing queued: what was under way when a connection
 * broke is lost, and links send it again.
 *
 * @throws {Error} When the URL is none that the client can connect to.
 */
export type MqttConnect = (options: MqttConnectionOptions) => MqttConnection;
