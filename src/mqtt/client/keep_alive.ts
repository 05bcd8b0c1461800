import { type Clock, systemClock } from "../../clock.ts";

/** Checks a connection that may be idle (MQTT 3.1.1, section 3.1.2.10). */
export interface KeepAlive {
  /** Something was sent. */
  sent(): void;
  /** Something was received. */
  received(): void;
  stop(): void;
}

/**
 * Checks twice in each keep-alive interval. If nothing was sent or nothing was received since the last check, it pings, so that the
 * broker hears something in time. If a ping has no answer by the next check, the broker is silent. It takes at most one and a half
 * intervals to find out.
 *
 * @param seconds The keep-alive interval; 0 for none.
 */
export function startKeepAlive(
  seconds: number,
  watched: { ping(): void; onSilent(): void },
  clock: Pick<Clock, "after"> = systemClock,
): KeepAlive {
  let hasSent = true;
  let hasReceived = true;
  let isPinged = false;
  let cancel = seconds === 0 ? undefined : clock.after(seconds * 500, look);
  function look(): void {
    cancel = clock.after(seconds * 500, look);
    if (isPinged && !hasReceived) return watched.onSilent();
    isPinged = !hasSent || !hasReceived;
    hasSent = hasReceived = false;
    if (isPinged) watched.ping();
  }
  return {
    sent: () => void (hasSent = true),
    received: () => void (hasReceived = true),
    stop: () => cancel?.(),
  };
}
