import type { Clock, Random } from "../clock.ts";
import { backoff } from "../toolkit/mod.ts";
import { BATCH_MS, MAX_RETRANSMITS, RETRANSMIT_CAP_MS, RETRANSMIT_MS } from "./limits.ts";
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
  /** Whether a window is on its way that is not acknowledged. */
  readonly waiting: boolean;
  /** Begins after an index that the other side has. Sends a window at once, even an empty one. */
  start(acked: number): void;
  /** Something may have changed. The first change after quiet goes as soon as the caller is done, others in batches. */
  changed(): void;
  /** The other side has everything up to `received`. */
  ack(received: number): void;
  /** The other side has no more than `received`: goes on from there. */
  resync(received: number): void;
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
  let attempts = 0;
  let lastSent = -Infinity;
  let cancel: (() => void) | undefined;

  function clear(): void {
    cancel?.();
    cancel = undefined;
  }

  function postChanges(): void {
    clear();
    const window = collect();
    if (window === undefined) clean = replica.index;
    else post(window);
  }

  function collect(): Window | undefined {
    const window = collectWindow(options, Math.max(acked, clean));
    return window === undefined ? undefined : { ...window, since: acked };
  }

  /** Sends what there is: without changes an empty window, which tells the other side that it has everything. */
  function postAnyway(): void {
    clear();
    const newest = replica.index;
    post(collect() ?? { since: acked, upTo: newest, newest, documents: [] });
  }

  function post(window: Window): void {
    inFlight = window;
    lastSent = clock.now();
    // The timer comes first: whatever sending leads to may stop it or send again.
    cancel = clock.after(backoff(2 * RETRANSMIT_MS, RETRANSMIT_CAP_MS, attempts, random), again);
    options.send(window);
  }

  function again(): void {
    attempts++;
    if (attempts > MAX_RETRANSMITS) {
      stop();
      options.onBroken();
      return;
    }
    retransmits++;
    postAnyway();
  }

  function stop(): void {
    clear();
    running = false;
    inFlight = undefined;
    attempts = 0;
  }

  function changed(): void {
    if (!running || cancel !== undefined) return; // a window is under way, or waits for its time
    cancel = clock.after(Math.max(0, lastSent + (options.batch ?? BATCH_MS) - clock.now()), postChanges);
  }

  return {
    get acked() {
      return acked;
    },
    get retransmits() {
      return retransmits;
    },
    get waiting() {
      return inFlight !== undefined;
    },
    start(from) {
      stop();
      running = true;
      acked = from > replica.index ? 0 : from;
      clean = acked;
      postAnyway();
    },
    changed,
    ack(received) {
      if (!running || received > replica.index) return;
      acked = Math.max(acked, received);
      if (inFlight === undefined || acked < inFlight.upTo) return;
      clear();
      inFlight = undefined;
      attempts = 0;
      if (replica.index > acked) changed();
    },
    resync(received) {
      if (!running || received > replica.index || inFlight?.since === received) return;
      acked = received;
      clean = received;
      postAnyway();
    },
    stop,
  };
}
