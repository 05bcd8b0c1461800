/** A part of a file: bytes `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a Range field asks for: all of it, one part, or a part that there is not. */
export type RangeRequest =
  | { readonly kind: "whole" }
  | ({ readonly kind: "part" } & ByteRange)
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeRequest = { kind: "whole" };

/**
 * Reads the Range field of a request for `size` bytes (RFC 9110, section 14.2). One range of bytes is understood: several, other
 * units and what is malformed are passed over, as the RFC allows, and the whole is sent.
 */
export function readRange(field: string | undefined, size: number): RangeRequest {
  const [, from = "", to = ""] = /^bytes=[ \t]*([0-9]{0,15})-([0-9]{0,15})[ \t]*$/i.exec(field ?? "") ?? [];
  if (from === "" && to === "") return WHOLE;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return WHOLE; // not a range at all
  if (first >= size) return { kind: "unsatisfiable" };
  return { kind: "part", first, last: to === "" ? size - 1 : Math.min(Number(to), size - 1) };
}
