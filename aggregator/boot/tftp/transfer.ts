import { doubling } from "../../../src/toolkit/mod.ts";

/** How often something is sent before the client is taken for gone. */
const MAX_ATTEMPTS = 6;
/** Pauses grow no further than to so many milliseconds, but for a client that has asked for longer ones. */
const MAX_PAUSE = 8_000;

/** What is fixed for a transfer. */
export interface TransferPlan {
  /** Bytes of the file. */
  readonly size: number;
  readonly blockSize: number;
  readonly window: number;
  /** Milliseconds before something is sent again, the first time. */
  readonly timeout: number;
  /** Options were agreed on: the client acknowledges them first, as block 0. */
  readonly negotiated: boolean;
}

/** How far a transfer is. Blocks are counted from 1 without end; on the wire, they begin again at 0 after 65,535. */
export interface TransferState {
  /** The last block that the client has, in order; -1 before it has acknowledged the options. */
  readonly acked: number;
  /** The last block that was sent. */
  readonly sent: number;
  /** How often what is awaited was sent. */
  readonly attempts: number;
}

/** What comes in. */
export type TransferInput = { readonly kind: "ack"; readonly block: number } | { readonly kind: "timeout" };

/** What to do now. */
export type TransferStep =
  /** Send what {@link inFlight} says, and wait for at most {@link pauseOf}. */
  | { readonly do: "send"; readonly state: TransferState }
  /** Go on waiting, as long as was left. */
  | { readonly do: "wait"; readonly state: TransferState }
  | { readonly do: "done" }
  | { readonly do: "give-up" };

/** The last block: it is the one that is not full, if need be an empty one. */
export function lastBlock(plan: TransferPlan): number {
  return Math.floor(plan.size / plan.blockSize) + 1;
}

/** The beginning: options, or the first window, are to be sent. */
export function startTransfer(plan: TransferPlan): TransferState {
  return plan.negotiated ? { acked: -1, sent: 0, attempts: 1 } : windowAfter(plan, 0);
}

/** What is in flight: the options, or blocks from..to. */
export function inFlight(state: TransferState): "options" | { readonly from: number; readonly to: number } {
  return state.acked === -1 ? "options" : { from: state.acked + 1, to: state.sent };
}

/** Milliseconds to wait after sending: twice as long each time, up to 8 s or what the client has asked for. */
export function pauseOf(plan: TransferPlan, state: TransferState): number {
  return doubling(plan.timeout, Math.max(plan.timeout, MAX_PAUSE), state.attempts - 1);
}

/**
 * Takes an input. Nothing is sent in answer to an acknowledgement that was there before, or else a single doubled packet
 * would double all that follow it (the "Sorcerer's Apprentice" of RFC 1123, section 4.2.3.1): it is repeated after
 * a timeout only. An acknowledgement of a part of a window says that the rest was lost (RFC 7440, section 4).
 */
export function stepTransfer(plan: TransferPlan, state: TransferState, input: TransferInput): TransferStep {
  if (input.kind === "timeout") {
    if (state.attempts >= MAX_ATTEMPTS) return { do: "give-up" };
    return { do: "send", state: { ...state, attempts: state.attempts + 1 } };
  }
  for (let block = state.acked + 1; block <= state.sent; block++) {
    if ((block & 0xffff) !== input.block) continue;
    return block === lastBlock(plan) ? { do: "done" } : { do: "send", state: windowAfter(plan, block) };
  }
  return { do: "wait", state };
}

function windowAfter(plan: TransferPlan, acked: number): TransferState {
  return { acked, sent: Math.min(acked + plan.window, lastBlock(plan)), attempts: 1 };
}

/** Bytes that the client has. */
export function bytesAcked(plan: TransferPlan, state: TransferState): number {
  return Math.min(Math.max(state.acked, 0) * plan.blockSize, plan.size);
}
