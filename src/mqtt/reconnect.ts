import { type Clock, type Random, systemClock } from "../clock.ts";
import { redactUrl } from "../redact.ts";
import { backoff } from "../toolkit/mod.ts";
import type { MqttConnection, MqttConnectionOptions } from "./connection.ts";
import type { MqttSession, OpenSession } from "./session.ts";

/** The first wait before connecting again, in milliseconds; doubles up to {@link RECONNECT_CAP_MS}. */
const RECONNECT_MS = 500;
/** The longest wait before connecting again, in milliseconds. */
const RECONNECT_CAP_MS = 10_000;
/** Bytes of messages that the broker has not acknowledged; more are refused, never queued. */
const MAX_OUTSTANDING_BYTES = 64 * 1024 * 1024;

/** Returns the wait before the next attempt after this many failures, in milliseconds: random, so that not all clients return at once. */
export function reconnectWait(failures: number, random: Random): number {
  return backoff(RECONNECT_MS, RECONNECT_CAP_MS, failures, random);
}

/**
 * Keeps a connection open by opening one session after another, with backoff and jitter. It limits the unacknowledged messages.
 *
 * @param open Opens a session with the broker.
 */
export function keepConnected(
  options: MqttConnectionOptions,
  open: OpenSession,
  clock: Pick<Clock, "after"> = systemClock,
): MqttConnection {
  const { log, random } = options;
  const shown = redactUrl(options.url);
  let session: MqttSession | undefined;
  let isUp = false;
  let ended = false;
  let failures = 0;
  let lastProblem: string | undefined;
  /** Ends each publication that the broker has not acknowledged. */
  const outstanding = new Set<(taken: boolean) => void>();
  const maxOutstanding = options.maxOutstanding ?? 1_024;
  let outstandingBytes = 0;
  /** Ends the wait for the next session. */
  let cancel: (() => void) | undefined;

  function connect(): void {
    session = open({
      onUp() {
        if (ended) return;
        isUp = true;
        failures = 0;
        lastProblem = undefined;
        log.info("Connected to the broker", { url: shown });
        guarded(options.onConnect);
      },
      onMessage: (topic, payload) => guarded(() => options.onMessage(topic, payload)),
      onClosed: lost,
    });
  }

  function lost(problem: string | undefined): void {
    session = undefined;
    for (const settle of outstanding) settle(false);
    if (isUp) {
      isUp = false;
      log.info("Lost the broker", { url: shown, problem });
      guarded(options.onClose);
    } else if (!ended) {
      // Log each reason once: a broker that is down for a night would fill the log.
      const level = problem === lastProblem ? "debug" : "warn";
      lastProblem = problem;
      log[level]("Cannot connect to the broker", { url: shown, problem });
    }
    if (ended) return;
    guarded(() => options.onProblem?.(problem ?? "it closed the connection"));
    cancel = clock.after(reconnectWait(failures++, random), connect);
  }

  /** A listener that throws must not take the connection down. */
  function guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      log.error("Cannot handle an event of the broker connection", {
        error: error instanceof Error ? error.stack : String(error),
      });
    }
  }

  connect();
  return {
    publish(topic, payload, { retain = false, qos = 1 } = {}) {
      const through = session;
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
        through.publish(topic, payload, { qos, retain }, settle);
      });
    },
    get waiting() {
      return { messages: outstanding.size, bytes: outstandingBytes };
    },
    async end() {
      ended = true;
      cancel?.();
      await session?.end();
    },
  };
}
