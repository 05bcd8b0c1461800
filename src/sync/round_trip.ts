import { ACK_MARGIN_MS, ACK_TIMEOUT_CAP_MS, FIRST_ACK_TIMEOUT_MS } from "./limits.ts";

/** Shares of a new measurement in the smoothed round trip and in its variation (RFC 6298, section 2.3). */
const ALPHA = 1 / 8;
const BETA = 1 / 4;

/** How long acks take, as far as it was measured. */
export interface RoundTrip {
  /** How long to wait for an ack before a window is sent again, in milliseconds. */
  readonly timeout: number;
  /** An ack came so many milliseconds after a window that was sent once: of one that was sent twice it is not known which it is of. */
  measured(ms: number): void;
}

/** See {@link RoundTrip}. A class, as each link has two: its getters and methods are there once. */
class Estimate implements RoundTrip {
  timeout = FIRST_ACK_TIMEOUT_MS;
  private smoothed: number | undefined;
  private variation = 0;

  measured(ms: number): void {
    if (this.smoothed === undefined) {
      this.smoothed = ms;
      this.variation = ms / 2;
    } else {
      this.variation += BETA * (Math.abs(this.smoothed - ms) - this.variation);
      this.smoothed += ALPHA * (ms - this.smoothed);
    }
    this.timeout = Math.min(ACK_TIMEOUT_CAP_MS, this.smoothed + Math.max(ACK_MARGIN_MS, 4 * this.variation));
  }
}

/**
 * Estimates from round trips how long to wait for an ack (RFC 6298, section 2): four times their variation longer than they are,
 * at least {@link ACK_MARGIN_MS}.
 */
export function createRoundTrip(): RoundTrip {
  return new Estimate();
}
