import { type OpenFile, openFile } from "../open_file.ts";
import type { Hashes } from "./hashes.ts";
import { type ByteRange, readRange } from "./range.ts";

/** Bytes that are read and handed on at a time; fewer where many files are sent, as each of their clients may be slow. */
const CHUNK = 256 * 1024;
const SMALL_CHUNK = 32 * 1024;
const MANY = 256;

/** The fields of a request for a file that matter. */
export interface FileRequest {
  readonly isHead: boolean;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** Told of the bytes of a file that were taken: from `first` up to, and without, `end`; the file has `size`. */
export type OnSent = (first: number, end: number, size: number) => void;

/** Told once that a file, or the part that was asked for, was taken, or that it was not. */
export type OnEnd = (isTaken: boolean) => void;

/** How many files are being sent. */
export interface Sending {
  now: number;
}

/**
 * Answers a request for a file below a root, as RFC 9110 has it: one range (section 14), its entity tag (section 8.8.3) is the
 * SHA-256 of its bytes. What is sent is read when the client has taken what came before, so that a slow client costs a chunk
 * or two.
 *
 * @returns Undefined when there is no such file.
 */
export async function answerFile(
  root: string,
  path: string,
  request: FileRequest,
  hashes: Hashes,
  sending: Sending,
  on: { readonly sent?: OnSent; readonly end?: OnEnd } = {},
): Promise<Response | undefined> {
  const file = await openFile(root, path);
  if (file === undefined) return undefined;
  let isHandedOn = false;
  try {
    const etag = `"${await hashes.of(file)}"`;
    const headers = new Headers({ "accept-ranges": "bytes", etag, "content-type": "application/octet-stream" });
    if (isListed(request.ifNoneMatch, etag)) return new Response(null, { status: 304, headers });
    const wanted = request.ifRange === undefined || request.ifRange === etag ? request.range : undefined;
    const asked = readRange(request.isHead ? undefined : wanted, file.size);
    if (asked.kind === "unsatisfiable") {
      headers.set("content-range", `bytes */${file.size}`);
      return new Response(null, { status: 416, headers });
    }
    const part = asked.kind === "part" ? asked : { first: 0, last: file.size - 1 };
    headers.set("content-length", String(part.last - part.first + 1));
    if (asked.kind === "part") headers.set("content-range", `bytes ${part.first}-${part.last}/${file.size}`);
    const status = asked.kind === "part" ? 206 : 200;
    if (request.isHead) return new Response(null, { status, headers });
    isHandedOn = true;
    return new Response(streamPart(file, part, request.signal, sending, on), { status, headers });
  } finally {
    if (!isHandedOn) await file.handle.close();
  }
}

/** Tells whether a list of entity tags has this one, by the weak comparison (RFC 9110, section 13.1.2). */
function isListed(list: string | undefined, etag: string): boolean {
  if (list === undefined) return false;
  return list.split(",").map((tag) => tag.trim().replace(/^W\//, "")).some((tag) => tag === "*" || tag === etag);
}

/** Streams a part of a file, and closes the file at the end, however it ends. */
function streamPart(
  file: OpenFile,
  { first, last }: ByteRange,
  signal: AbortSignal,
  sending: Sending,
  on: { readonly sent?: OnSent; readonly end?: OnEnd },
): ReadableStream<Uint8Array> {
  let at = first;
  let taken = first;
  let isClosed = false;
  sending.now++;
  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    sending.now--;
    on.end?.(taken > last);
    signal.removeEventListener("abort", onAbort);
    await file.handle.close();
  }
  const onAbort = () => void close().catch(() => {});
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort(); // it went while the file was hashed
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // That more is wanted says that what came before was taken.
      if (at > first) on.sent?.(first, at, file.size);
      taken = at;
      if (isClosed || at > last) {
        await close();
        return controller.close();
      }
      const chunk = new Uint8Array(Math.min(sending.now > MANY ? SMALL_CHUNK : CHUNK, last - at + 1));
      try {
        const { bytesRead } = await file.handle.read(chunk, 0, chunk.length, at);
        if (bytesRead === 0) throw new Error(`"${file.path}" became shorter while it was sent`);
        at += bytesRead;
        controller.enqueue(chunk.subarray(0, bytesRead));
      } catch (error) {
        await close();
        throw error;
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
