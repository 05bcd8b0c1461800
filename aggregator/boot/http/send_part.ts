import type { Clock } from "../../../src/clock.ts";
import { durationText, errorText } from "../../../src/toolkit/mod.ts";
import { type OpenFile, versionOf } from "../open_file.ts";

/** A part of a file: bytes `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a Range field requests: the whole file, one part, or a part that does not exist. */
export type RangeRequest =
  | { readonly kind: "whole" }
  | ({ readonly kind: "part" } & ByteRange)
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeRequest = { kind: "whole" };

/**
 * Parses the Range `field` of a request for `size` bytes (RFC 9110, section 14.2). One range of bytes is supported.
 * Several ranges, other units and malformed values are ignored, as the RFC allows, and the whole file is sent.
 */
export function readRange(field: string | undefined, size: number): RangeRequest {
  const [, from = "", to = ""] = /^bytes=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*$/i.exec(field ?? "") ?? [];
  if (from === "" && to === "") return WHOLE;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return WHOLE; // not a range
  if (first >= size) return { kind: "unsatisfiable" };
  return { kind: "part", first, last: to === "" ? size - 1 : Math.min(Number(to), size - 1) };
}

/** Bytes to read and send at a time; fewer if many files are being sent, because each client may be slow. */
const CHUNK = 256 * 1024;
const SMALL_CHUNK = 32 * 1024;
const MANY = 256;
/** How long a client may take nothing, in milliseconds. */
const STALL_LIMIT = 60_000;

/** The number of files being sent. */
export interface Sending {
  now: number;
}

/** The result of sending a part of a file. */
export interface SendEnd {
  /** Why not everything was sent, in words; undefined: everything was. */
  readonly why: string | undefined;
  /** Bytes of the part that were sent, and its size. */
  readonly taken: number;
  readonly length: number;
}

/** What sending depends on. */
export interface SendParts {
  readonly clock: Clock;
  readonly sending: Sending;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  /**
   * Closes the connection, so that the client notices that the answer is incomplete.
   *
   * @returns False if there is none to close.
   */
  cut(): boolean;
  /** Called for bytes that were sent: from `first` up to, but not including, `end`; the file has `size`. */
  sent?(first: number, end: number, size: number): void;
  /** Called once with the result. */
  end?(end: SendEnd): void;
}

/**
 * Streams a part of `file`, and closes the file at the end in any case. A chunk is read when the client has taken the
 * previous one, so a slow client costs a chunk or two; a client that takes nothing for a minute is dropped. A file that
 * changes meanwhile is not sent to its end, so what arrives completely is never a mixture of two versions.
 *
 * @param parts What sending depends on.
 */
export function sendPart(file: OpenFile, { first, last }: ByteRange, parts: SendParts): ReadableStream<Uint8Array> {
  const { sending, signal } = parts;
  let at = first;
  let taken = first;
  let isClosed = false;
  let cancelStall = () => {};
  sending.now++;
  async function close(why?: string): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    cancelStall();
    sending.now--;
    signal.removeEventListener("abort", onGone);
    const isWhole = taken > last;
    parts.end?.({
      why: isWhole ? undefined : why ?? "the client closed the connection",
      taken: taken - first,
      length: last - first + 1,
    });
    await file.handle.close();
  }
  /** Ends it early: the client sees a connection that is closed too soon. */
  async function drop(why: string): Promise<boolean> {
    const isCut = parts.cut();
    await close(why);
    return isCut;
  }
  function watch(): void {
    cancelStall();
    cancelStall = parts.clock.after(STALL_LIMIT, () => {
      drop(`it took nothing for ${durationText(STALL_LIMIT)}`).catch(() => {});
    });
  }
  const onGone = () => void close().catch(() => {});
  signal.addEventListener("abort", onGone, { once: true });
  watch();
  if (signal.aborted) onGone(); // it left while the file was being checked
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A request for more shows that the previous chunk was taken.
      if (at > first && !isClosed) parts.sent?.(first, at, file.size);
      taken = at;
      if (isClosed || at > last) {
        await close();
        return controller.close();
      }
      watch();
      const chunk = await nextChunk(file, at, Math.min(sending.now > MANY ? SMALL_CHUNK : CHUNK, last - at + 1), last);
      if (typeof chunk === "string") {
        const isCut = await drop(chunk);
        return isCut ? controller.close() : controller.error(new Error(`Cannot send "${file.path}": ${chunk}`));
      }
      at += chunk.length;
      controller.enqueue(chunk);
    },
    cancel: () => close(),
  }, { highWaterMark: 0 });
}

/**
 * Returns the next bytes, or why there are none. The last ones are returned only if the file has not changed since it
 * was opened.
 */
async function nextChunk(file: OpenFile, at: number, length: number, last: number): Promise<Uint8Array | string> {
  try {
    const chunk = new Uint8Array(length);
    const { bytesRead } = await file.handle.read(chunk, 0, length, at);
    if (bytesRead === 0) return "the file became shorter while it was sent";
    if (at + bytesRead > last && await versionOf(file.handle) !== file.version) {
      return "the file was changed while it was sent";
    }
    return chunk.subarray(0, bytesRead);
  } catch (error) {
    return `the file can't be read: ${errorText(error)}`;
  }
}
