import type { MessageOptions } from "./connection.ts";

/** How long a broker may take to accept a connection, and then to grant the subscriptions, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** How long a clean end may take, in milliseconds. */
export const END_TIMEOUT_MS = 2_000;

/** One connection to a broker, from its first packet to its end: it never comes back. */
export interface MqttSession {
  /**
   * Publishes a message. Called only between `onUp` and `onClosed`.
   *
   * @param settle Told once whether the broker has taken it; what the end of the session leaves open is not told.
   */
  publish(
    topic: string,
    payload: Uint8Array,
    options: Required<MessageOptions>,
    settle: (taken: boolean) => void,
  ): void;
  /** Disconnects, cleanly where it can. Resolves when the socket is closed, after {@link END_TIMEOUT_MS} at the latest. */
  end(): Promise<void>;
}

/** What a session tells. */
export interface SessionEvents {
  /** The broker has accepted the client and granted all its subscriptions. */
  onUp(): void;
  onMessage(topic: string, payload: Uint8Array): void;
  /** Called once, whether the session was up or not; not before `OpenSession` has returned. @param problem Why, where it is known. */
  onClosed(problem?: string): void;
}

/** Begins a session. */
export type OpenSession = (events: SessionEvents) => MqttSession;
