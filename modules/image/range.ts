/** The meaning of an answer to a request for the rest of a file. */
export type RangeAnswer =
  /** The rest of the file follows, `length` bytes. */
  | { readonly kind: "rest"; readonly length: number }
  /** The whole file follows: what is present is of no use. */
  | { readonly kind: "whole"; readonly length: number; readonly etag: string | undefined }
  /** What is present does not match the server's file: request all of it. */
  | { readonly kind: "stale" }
  /** Worth another attempt later. */
  | { readonly kind: "later"; readonly why: string }
  /** The server refuses it. */
  | { readonly kind: "refused"; readonly why: string };

/** What was requested. */
export interface RangeAsked {
  /** Number of bytes present: the rest was requested, or everything if it is 0. */
  readonly size: number;
  /** The strong entity tag of these bytes; undefined if unknown. */
  readonly etag: string | undefined;
}

/**
 * Returns the headers that request a file from byte `size` on, if it has not changed (RFC 9110, sections 13.1.5 and
 * 14.2).
 */
export function rangeHeaders({ size, etag }: RangeAsked): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (size === 0) return headers;
  headers["range"] = `bytes=${size}-`;
  if (etag !== undefined) headers["if-range"] = etag;
  return headers;
}

/**
 * Interprets an answer. If the rest was requested and the answer is not exactly that rest, the whole file is requested
 * next: a server or proxy that mishandles ranges says nothing about the file.
 *
 * @param status The HTTP status.
 * @param headers The headers.
 * @param asked What was requested.
 */
export function readRangeAnswer(status: number, headers: Pick<Headers, "get">, asked: RangeAsked): RangeAnswer {
  switch (status) {
    case 200:
      return readWhole(headers);
    case 206:
      return isRest(headers, asked) ? { kind: "rest", length: restLength(headers) } : { kind: "stale" };
    case 416:
      return { kind: "stale" };
    case 401:
    case 403:
    case 404:
    case 410:
      return { kind: "refused", why: `status ${status}` };
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return { kind: "later", why: `status ${status}` };
    default:
      if (asked.size > 0) return { kind: "stale" };
      return { kind: status >= 500 ? "later" : "refused", why: `status ${status}` };
  }
}

function readWhole(headers: Pick<Headers, "get">): RangeAnswer {
  const length = lengthOf(headers.get("content-length"));
  if (length === undefined) return { kind: "refused", why: "the server does not state its size (Content-Length)" };
  if (isEncoded(headers)) {
    const encoding = JSON.stringify(headers.get("content-encoding")?.slice(0, 40));
    return { kind: "refused", why: `the server sends it in the encoding ${encoding}, which was not asked for` };
  }
  return { kind: "whole", length, etag: strongEtag(headers.get("etag")) };
}

/** Tells whether a part is exactly the rest of the requested file. */
function isRest(headers: Pick<Headers, "get">, { size, etag }: RangeAsked): boolean {
  const { from, to, total } = rangeOf(headers);
  if (from !== size || to + 1 !== total || !Number.isSafeInteger(total) || isEncoded(headers)) return false;
  const length = headers.get("content-length");
  if (length !== null && lengthOf(length) !== total - size) return false;
  const given = strongEtag(headers.get("etag"));
  return etag === undefined || given === undefined || given === etag;
}

function restLength(headers: Pick<Headers, "get">): number {
  const { from, total } = rangeOf(headers);
  return total - from;
}

/** Parses Content-Range as numbers; NaN for anything else. */
function rangeOf(
  headers: Pick<Headers, "get">,
): { readonly from: number; readonly to: number; readonly total: number } {
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  return { from: Number(from), to: Number(to), total: Number(total) };
}

function isEncoded(headers: Pick<Headers, "get">): boolean {
  const encoding = headers.get("content-encoding");
  return encoding !== null && encoding.toLowerCase() !== "identity";
}

function lengthOf(text: string | null): number | undefined {
  const length = text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Only a strong validator proves that bytes are equal. */
function strongEtag(text: string | null): string | undefined {
  return text !== null && /^"[\x21\x23-\x7e]{1,256}"$/.test(text) ? text : undefined;
}
