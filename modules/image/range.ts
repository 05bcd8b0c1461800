/** What an answer to a request for the rest of a file means. */
export type RangeAnswer =
  /** The rest of the file follows, `length` bytes. */
  | { readonly kind: "rest"; readonly length: number }
  /** All of it follows: what is there already is of no use. */
  | { readonly kind: "whole"; readonly length: number; readonly etag: string | undefined }
  /** What is there already does not fit what the server has: ask for all of it. */
  | { readonly kind: "stale" }
  /** Worth another try later. */
  | { readonly kind: "later"; readonly why: string }
  /** The server won't give it. */
  | { readonly kind: "refused"; readonly why: string };

/** What was asked for. */
export interface RangeAsked {
  /** Bytes that are there already: the rest was asked for, or all where there are none. */
  readonly size: number;
  /** The strong entity tag of those; undefined when it is not known. */
  readonly etag: string | undefined;
}

/** The headers that ask for a file from byte `size` on, as long as it is still the same (RFC 9110, sections 13.1.5 and 14.2). */
export function rangeHeaders({ size, etag }: RangeAsked): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (size === 0) return headers;
  headers["range"] = `bytes=${size}-`;
  if (etag !== undefined) headers["if-range"] = etag;
  return headers;
}

/**
 * Reads status and headers of the answer. Where the rest was asked for, whatever is not that rest has all of the file asked for: what
 * a server, or something on the way to it, makes of a range is no word about the file.
 */
export function readAnswer(status: number, headers: Pick<Headers, "get">, asked: RangeAsked): RangeAnswer {
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

/** Whether a part is the rest that was asked for, of the file that was asked for, and nothing else. */
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

/** What Content-Range says, as numbers; NaN where it says something else. */
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

/** Only a strong validator says that bytes are the same. */
function strongEtag(text: string | null): string | undefined {
  return text !== null && /^"[\x21\x23-\x7e]{1,256}"$/.test(text) ? text : undefined;
}
