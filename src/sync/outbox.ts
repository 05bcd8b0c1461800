import type { Clock, Random } from "../clock.ts";
import { backoff } from "../toolkit/mod.ts";
import { ACK_TIMEOUT_CAP_MS, BATCH_MS, LATE_ACK_MS, MAX_RETRANSMITS } from "./limits.ts";
import { createRoundTrip } from "./round_trip.ts";
import { collectWindow, type Window, type WindowSource } from "./window.ts";

/** What an outbox needs. */
export interface OutboxOptions extends WindowSource {
  readonly clock: Clock;
  readonly random: Random;
  /** The shortest time from one window of changes to the next, in milliseconds. @default 100 */
  readonly batch?: number;
  send(window: Window): void;
  /** The other side has not acknowledged a window, however often it was sent. The outbox has stopped. */
  onBroken(): void;
}

/**
 * The sending end of one direction of a link. At most one window is on its way; what changes meanwhile goes with the
 * next one, in its newest form. Nothing is queued: a window is made from the replica whenever it is sent.
 */
export interface Outbox {
  /** The other side has everything up to this index. */
  readonly acked: number;
  /** How many windows were sent again. */
  readonly retransmits: number;
  /** Whether a window is on its way that is not acknowledged, or one is due that the other side has asked for. */
  readonly waiting: boolean;
  /** Begins after an index that the other side has. Sends a window at once, even an empty one. */
  start(acked: number): void;
  /** Something may have changed. The first change after quiet goes as soon as the caller is done, others in batches. */
  changed(): void;
  /** The other side has everything up to `received`. */
  ack(received: number): void;
  /** The other side asks for everything after `received`: goes on from there, when the next window may go. */
  resync(received: number): void;
  /** The other side says how far it has got. Where that is less than it has acknowledged, it has begun anew: it gets the rest again. */
  has(received: number): void;
  /** Ends timers and sends nothing until it is started again. */
  stop(): void;
}

/** A class, as each link has one: its getters and methods are there once. */
class Sender implements Outbox {
  acked = 0;
  retransmits = 0;
  /** Up to here there is nothing that the other side is to have and does not have. */
  private clean = 0;
  private running = false;
  private inFlight: { readonly since: number; readonly upTo: number } | undefined;
  /** The other side has asked for something again, which waits for its time. */
  private isAsked = false;
  /** How often the window that is on its way was sent again. */
  private attempts = 0;
  /** How often the wait for an ack was doubled since a round trip was last measured (RFC 6298, section 5.7). */
  private doubled = 0;
  private readonly roundTrip = createRoundTrip();
  /** Whether an ack can only be of the window that is on its way, as it was sent: its round trip can be measured (Karn). */
  private isMeasured = false;
  private lastSent = -Infinity;
  private cancel: (() => void) | undefined;
  private readonly options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.options = options;
  }
  get waiting(): boolean {
    return this.inFlight !== undefined || this.isAsked;
  }

  start(from: number): void {
    this.stop();
    this.running = true;
    this.acked = from > this.options.replica.index ? 0 : from;
    this.clean = this.acked;
    this.doubled = 0;
    this.postAnyway(true);
  }

  changed(): void {
    if (!this.running || this.cancel !== undefined) return; // a window is under way, or waits for its time
    this.cancel = this.options.clock.after(this.untilNext(), () => this.postChanges());
  }

  ack(received: number): void {
    const { replica, clock } = this.options;
    if (!this.running || received > replica.index) return;
    this.acked = Math.max(this.acked, received);
    if (this.inFlight === undefined || this.acked < this.inFlight.upTo) return;
    this.clear();
    if (this.isMeasured) {
      this.roundTrip.measured(clock.now() - this.lastSent);
      this.doubled = 0;
    }
    this.inFlight = undefined;
    this.attempts = 0;
    if (replica.index > this.acked) this.changed();
  }

  resync(received: number): void {
    const { replica, clock } = this.options;
    if (!this.running || received > replica.index || this.inFlight?.since === received) return;
    this.acked = received;
    this.clean = received;
    this.inFlight = undefined;
    this.clear();
    this.isAsked = true;
    this.cancel = clock.after(this.untilNext(), () => this.postAnyway(false));
  }

  has(received: number): void {
    if (received < this.acked && !this.waiting) this.resync(received);
    else this.ack(received);
  }

  stop(): void {
    this.clear();
    this.running = false;
    this.inFlight = undefined;
    this.attempts = 0;
  }

  private clear(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.isAsked = false;
  }

  /** How long the next window has to wait, in milliseconds. */
  private untilNext(): number {
    const { batch = BATCH_MS, clock } = this.options;
    return Math.max(0, this.lastSent + batch - clock.now());
  }

  private postChanges(): void {
    this.clear();
    const window = this.collect();
    if (window === undefined) this.clean = this.options.replica.index;
    else this.post(window, true);
  }

  private collect(): Window | undefined {
    const window = collectWindow(this.options, Math.max(this.acked, this.clean));
    return window === undefined ? undefined : { ...window, since: this.acked };
  }

  /** Sends what there is: without changes an empty window, which tells the other side that it has everything. */
  private postAnyway(isFirst: boolean): void {
    this.clear();
    const newest = this.options.replica.index;
    this.post(this.collect() ?? { since: this.acked, upTo: newest, newest, documents: [] }, isFirst);
  }

  /** @param isFirst No other window can be meant by an ack of this one. */
  private post(window: Window, isFirst: boolean): void {
    const { clock, random } = this.options;
    this.inFlight = { since: window.since, upTo: window.upTo };
    this.isMeasured = isFirst;
    this.lastSent = clock.now();
    // The timer comes first: whatever sending leads to may stop it or send again.
    const timeout = backoff(2 * this.roundTrip.timeout, 2 * ACK_TIMEOUT_CAP_MS, this.doubled, random);
    this.cancel = clock.after(timeout, () => {
      this.cancel = clock.after(LATE_ACK_MS, () => this.again());
    });
    this.options.send(window);
  }

  private again(): void {
    this.attempts++;
    this.doubled++;
    if (this.attempts > MAX_RETRANSMITS) {
      this.stop();
      this.options.onBroken();
      return;
    }
    this.retransmits++;
    this.postAnyway(false);
  }
}

/** Makes the sending end of one direction. It is silent until it is started. */
export function createOutbox(options: OutboxOptions): Outbox {
  return new Sender(options);
}
