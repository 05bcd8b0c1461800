import type { Clock } from "../../../src/clock.ts";
import type { Mailbox } from "./mailbox.ts";
import { encodeTftp, TFTP_ERROR, type TftpOptions, type TftpPacket } from "./packet.ts";
import {
  bytesAcked,
  inFlight,
  lastBlock,
  pauseOf,
  startTransfer,
  stepTransfer,
  type TransferPlan,
  type TransferState,
} from "./transfer.ts";
import type { TftpSource } from "./types.ts";

/** The longest duration of a transfer, in milliseconds, even with a client that answers. */
const MAX_DURATION = 15 * 60_000;

/**
 * How long a client may take for its first answer, in milliseconds: anyone can send requests with any source address.
 */
const HALF_OPEN = 10_000;

/** The reason for a transfer that ended without any acknowledgement. */
export const UNANSWERED = "The client has not answered";

/** The result of a transfer. */
export interface SessionEnd {
  readonly kind: "done" | "probed" | "failed";
  /** Bytes that were acknowledged. */
  readonly sent: number;
  readonly reason?: string;
}

/**
 * Sends one file to one client, to the end or until the client is gone.
 *
 * @param parts `send` passes a packet to the network; `answered` is called when the client has answered, and tells
 *   whether there is room to continue; `progress` is called with the bytes that the client has.
 * @throws Errors of the source.
 */
export async function runSession(parts: {
  readonly plan: TransferPlan;
  readonly options: TftpOptions | undefined;
  readonly source: TftpSource;
  readonly mailbox: Mailbox<TftpPacket>;
  readonly send: (bytes: Uint8Array) => Promise<void>;
  readonly answered: () => boolean;
  readonly progress: (sent: number) => void;
  readonly clock: Clock;
}): Promise<SessionEnd> {
  const { plan, mailbox, clock } = parts;
  const sendWindow = createSender(parts);
  const begun = clock.now();
  let isHalfOpen = true;
  let end = begun + HALF_OPEN;
  let state = startTransfer(plan);
  for (;;) {
    await sendWindow(state);
    const step = await afterSending(state);
    if ("kind" in step) return step;
    state = step;
    parts.progress(bytesAcked(plan, state));
  }

  /**
   * Tells whether a client that has answered was sent the end of the file: after that it may leave without a last
   * acknowledgement.
   */
  function hasLast({ acked, sent }: TransferState): boolean {
    return !isHalfOpen && acked >= 0 && sent === lastBlock(plan);
  }
  function lastLost(got: number): SessionEnd {
    return { kind: "done", sent: got, reason: "Its last acknowledgement is missing" };
  }

  /** Returns what to send next, or the result. */
  async function afterSending(sent: TransferState): Promise<TransferState | SessionEnd> {
    const deadline = Math.min(clock.now() + pauseOf(plan, sent), end);
    for (;;) {
      const packet = await mailbox.next(deadline - clock.now());
      const got = bytesAcked(plan, sent);
      const closed = mailbox.closed();
      if (closed !== undefined) return { kind: "failed", sent: got, reason: closed };
      if (clock.now() >= end) {
        return { kind: "failed", sent: got, reason: isHalfOpen ? UNANSWERED : "It took too long" };
      }
      if (packet?.op === "error") {
        if (packet.code === TFTP_ERROR.unknownId && hasLast(sent)) return lastLost(got);
        const reason = `The client ended it: ${packet.message.slice(0, 80) || `error ${packet.code}`}`;
        return { kind: sent.acked === -1 ? "probed" : "failed", sent: got, reason };
      }
      if (packet?.op === "read" && isHalfOpen) return sent; // it has repeated its request before it answered: nothing has reached it
      if (packet !== undefined && packet.op !== "ack") continue;
      const input = packet === undefined ? { kind: "timeout" } as const : { kind: "ack", block: packet.block } as const;
      const step = stepTransfer(plan, sent, input);
      if (isHalfOpen && input.kind === "ack" && step.do !== "wait") {
        if (!parts.answered()) {
          await parts.send(errorPacketOf("undefined", "Too many transfers, ask again"));
          return { kind: "failed", sent: got, reason: "There are too many transfers" };
        }
        isHalfOpen = false;
        end = begun + MAX_DURATION;
      }
      switch (step.do) {
        case "send":
          return step.state;
        case "wait":
          continue;
        case "done":
          return { kind: "done", sent: plan.size };
        case "give-up":
          return hasLast(sent) ? lastLost(got) : { kind: "failed", sent: got, reason: "The client does not answer" };
        default:
          return step satisfies never;
      }
    }
  }
}

/** Sends what is in flight. Data read for a window is kept in case it is lost. */
function createSender(parts: {
  readonly plan: TransferPlan;
  readonly options: TftpOptions | undefined;
  readonly source: TftpSource;
  readonly send: (bytes: Uint8Array) => Promise<void>;
}): (state: TransferState) => Promise<void> {
  const { plan, source, send } = parts;
  let kept: { readonly from: number; readonly bytes: Uint8Array } | undefined;
  return async (state) => {
    const flight = inFlight(state);
    if (flight === "options") return send(encodeTftp({ op: "oack", options: parts.options ?? new Map() }));
    const { from, to } = flight;
    if (kept?.from !== from) {
      const offset = (from - 1) * plan.blockSize;
      const length = Math.min((to - from + 1) * plan.blockSize, plan.size - offset);
      const bytes = length === 0 ? new Uint8Array() : await source.read(offset, length);
      if (bytes.length !== length) {
        throw new Error(`Cannot read ${length} bytes from ${offset}: there were ${bytes.length}`);
      }
      kept = { from, bytes };
    }
    for (let block = from; block <= to; block++) {
      const at = (block - from) * plan.blockSize;
      const data = kept.bytes.subarray(at, block === lastBlock(plan) ? undefined : at + plan.blockSize);
      await send(encodeTftp({ op: "data", block: block & 0xffff, data }));
    }
  };
}

/**
 * Encodes the error that ends a transfer.
 *
 * @param code The error code.
 * @param message The message.
 */
export function errorPacketOf(code: keyof typeof TFTP_ERROR, message: string): Uint8Array {
  return encodeTftp({ op: "error", code: TFTP_ERROR[code], message });
}
