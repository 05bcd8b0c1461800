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

/** The headers that ask for a file from byte `size` on, as long as it is still the same (RFC 9110, sections 13.1.5 and 14.2). */
export function rangeHeaders(size: number, etag: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (size === 0) return headers;
  headers["range"] = `bytes=${size}-`;
  if (etag !== undefined) headers["if-range"] = etag;
  return headers;
}

/** Reads status and headers of the answer. */
export function readAnswer(status: number, headers: Pick<Headers, "get">, size: number): RangeAnswer {
  switch (status) {
    case 200: {
      const length = lengthOf(headers.get("content-length"));
      if (length === undefined) return { kind: "refused", why: "the server does not state its size (Content-Length)" };
      return { kind: "whole", length, etag: strongEtag(headers.get("etag")) };
    }
    case 206: {
      const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
      const whole = Number(from) === size && Number(to) + 1 === Number(total) && Number.isSafeInteger(Number(total));
      return whole ? { kind: "rest", length: Number(total) - size } : { kind: "stale" };
    }
    case 416:
      return { kind: "stale" };
    case 408:
    case 429:
      return { kind: "later", why: `status ${status}` };
    default:
      return { kind: status >= 500 ? "later" : "refused", why: `status ${status}` };
  }
}

function lengthOf(text: string | null): number | undefined {
  const length = text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Only a strong validator says that bytes are the same. */
function strongEtag(text: string | null): string | undefined {
  return text !== null && /^"[\x21\x23-\x7e]{1,256}"$/.test(text) ? text : undefined;
}
