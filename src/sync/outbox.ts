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

/** Makes the sending end of one direction. It is silent until it is started. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { replica, clock, random } = options;
  let acked = 0;
  /** Up to here there is nothing that the other side is to have and does not have. */
  let clean = 0;
  let retransmits = 0;
  let running = false;
  let inFlight: { readonly since: number; readonly upTo: number } | undefined;
  /** The other side has asked for something again, which waits for its time. */
  let isAsked = false;
  /** How often the window that is on its way was sent again. */
  let attempts = 0;
  /** How often the wait for an ack was doubled since a round trip was last measured (RFC 6298, section 5.7). */
  let doubled = 0;
  const roundTrip = createRoundTrip();
  /** Whether an ack can only be of the window that is on its way, as it was sent: its round trip can be measured (Karn). */
  let isMeasured = false;
  let lastSent = -Infinity;
  let cancel: (() => void) | undefined;

  function clear(): void {
    cancel?.();
    cancel = undefined;
    isAsked = false;
  }

  function postChanges(): void {
    clear();
    const window = collect();
    if (window === undefined) clean = replica.index;
    else post(window, true);
  }

  function collect(): Window | undefined {
    const window = collectWindow(options, Math.max(acked, clean));
    return window === undefined ? undefined : { ...window, since: acked };
  }

  /** Sends what there is: without changes an empty window, which tells the other side that it has everything. */
  function postAnyway(isFirst: boolean): void {
    clear();
    const newest = replica.index;
    post(collect() ?? { since: acked, upTo: newest, newest, documents: [] }, isFirst);
  }

  /** @param isFirst No other window can be meant by an ack of this one. */
  function post(window: Window, isFirst: boolean): void {
    inFlight = window;
    isMeasured = isFirst;
    lastSent = clock.now();
    // The timer comes first: whatever sending leads to may stop it or send again.
    const timeout = backoff(2 * roundTrip.timeout, 2 * ACK_TIMEOUT_CAP_MS, doubled, random);
    cancel = clock.after(timeout, () => {
      cancel = clock.after(LATE_ACK_MS, again);
    });
    options.send(window);
  }

  function again(): void {
    attempts++;
    doubled++;
    if (attempts > MAX_RETRANSMITS) {
      stop();
      options.onBroken();
      return;
    }
    retransmits++;
    postAnyway(false);
  }

  function stop(): void {
    clear();
    running = false;
    inFlight = undefined;
    attempts = 0;
  }

  function changed(): void {
    if (!running || cancel !== undefined) return; // a window is under way, or waits for its time
    cancel = clock.after(untilNext(), postChanges);
  }

  /** How long the next window has to wait, in milliseconds. */
  function untilNext(): number {
    return Math.max(0, lastSent + (options.batch ?? BATCH_MS) - clock.now());
  }

  function ack(received: number): void {
    if (!running || received > replica.index) return;
    acked = Math.max(acked, received);
    if (inFlight === undefined || acked < inFlight.upTo) return;
    clear();
    if (isMeasured) {
      roundTrip.measured(clock.now() - lastSent);
      doubled = 0;
    }
    inFlight = undefined;
    attempts = 0;
    if (replica.index > acked) changed();
  }

  function resync(received: number): void {
    if (!running || received > replica.index || inFlight?.since === received) return;
    acked = received;
    clean = received;
    inFlight = undefined;
    clear();
    isAsked = true;
    cancel = clock.after(untilNext(), () => postAnyway(false));
  }

  return {
    get acked() {
      return acked;
    },
    get retransmits() {
      return retransmits;
    },
    get waiting() {
      return inFlight !== undefined || isAsked;
    },
    start(from) {
      stop();
      running = true;
      acked = from > replica.index ? 0 : from;
      clean = acked;
      doubled = 0;
      postAnyway(true);
    },
    changed,
    ack,
    resync,
    has(received) {
      if (received < acked && inFlight === undefined && !isAsked) resync(received);
      else ack(received);
    },
    stop,
  };
}
