import { doubling } from "../../../src/toolkit/mod.ts";

/** How often something is sent before the client counts as gone. */
const MAX_ATTEMPTS = 6;
/** The longest pause in milliseconds, unless a client has requested a longer one. */
const MAX_PAUSE = 8_000;

/** The fixed parameters of a transfer. */
export interface TransferPlan {
  /** Bytes of the file. */
  readonly size: number;
  readonly blockSize: number;
  readonly window: number;
  /** Milliseconds before something is sent again, the first time. */
  readonly timeout: number;
  /** Whether options were negotiated: the client acknowledges them first, as block 0. */
  readonly negotiated: boolean;
}

/** The progress of a transfer. Blocks are counted from 1 without limit; on the wire they wrap from 65,535 to 0. */
export interface TransferState {
  /** The last block that the client has without gaps; -1 before it has acknowledged the options. */
  readonly acked: number;
  /** The last block that was sent. */
  readonly sent: number;
  /** How often the awaited block was sent. */
  readonly attempts: number;
}

/** An input. */
export type TransferInput = { readonly kind: "ack"; readonly block: number } | { readonly kind: "timeout" };

/** What to do now. */
export type TransferStep =
  /** Send what {@link inFlight} returns, and wait for at most {@link pauseOf}. */
  | { readonly do: "send"; readonly state: TransferState }
  /** Continue waiting for the remaining time. */
  | { readonly do: "wait"; readonly state: TransferState }
  | { readonly do: "done" }
  | { readonly do: "give-up" };

/** Returns the last block of `plan`: the one that is not full, possibly an empty one. */
export function lastBlock(plan: TransferPlan): number {
  return Math.floor(plan.size / plan.blockSize) + 1;
}

/** Returns the initial state of `plan`: options, or the first window, must be sent. */
export function startTransfer(plan: TransferPlan): TransferState {
  return plan.negotiated ? { acked: -1, sent: 0, attempts: 1 } : windowAfter(plan, 0);
}

/** Returns what is in flight in `state`: the options, or blocks from..to. */
export function inFlight(state: TransferState): "options" | { readonly from: number; readonly to: number } {
  return state.acked === -1 ? "options" : { from: state.acked + 1, to: state.sent };
}

/**
 * Returns the time to wait after sending in `state`, in milliseconds: doubled each time, up to 8 s or what the client
 * has requested in `plan`.
 */
export function pauseOf(plan: TransferPlan, state: TransferState): number {
  return doubling(plan.timeout, Math.max(plan.timeout, MAX_PAUSE), state.attempts - 1);
}

/**
 * Handles `input` in `state` of `plan`. A duplicate acknowledgement is not answered, because otherwise a single
 * duplicated packet would double all that follow (the "Sorcerer's Apprentice" of RFC 1123, section 4.2.3.1): blocks are
 * repeated only after a timeout. An acknowledgement of a part of a window means that the rest was lost (RFC 7440,
 * section 4).
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

/** Returns the number of bytes that the client has in `state` of `plan`. */
export function bytesAcked(plan: TransferPlan, state: TransferState): number {
  return Math.min(Math.max(state.acked, 0) * plan.blockSize, plan.size);
}
