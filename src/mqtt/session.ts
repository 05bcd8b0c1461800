import type { MessageOptions } from "./connection.ts";

/** Time limit for a broker to accept a connection, and again for it to grant the subscriptions, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Time limit for a clean disconnect, in milliseconds. */
export const END_TIMEOUT_MS = 2_000;

/** One connection to a broker, from its first packet to its end. It does not reconnect. */
export interface MqttSession {
  /**
   * Publishes a message. Called only between `onUp` and `onClosed`.
   *
   * @param settle Called once when the broker has accepted or refused it; not called if the session ends first.
   */
  publish(
    topic: string,
    payload: Uint8Array,
    options: Required<MessageOptions>,
    settle: (taken: boolean) => void,
  ): void;
  /** Disconnects, cleanly if possible. Resolves when the socket is closed, after {@link END_TIMEOUT_MS} at the latest. */
  end(): Promise<void>;
}

/** The events of a session. */
export interface SessionEvents {
  /** The broker has accepted the client and granted all its subscriptions. */
  onUp(): void;
  onMessage(topic: string, payload: Uint8Array): void;
  /** Called once, whether the session was up or not, after `OpenSession` has returned. @param problem The reason, if known. */
  onClosed(problem?: string): void;
}

/** Opens a session. */
export type OpenSession = (events: SessionEvents) => MqttSession;
