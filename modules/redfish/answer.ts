import { gunzipSync, inflateSync } from "node:zlib";
import { UnavailableError } from "../../src/module/mod.ts";
import { parseResource, readError, readMessageIds, type Resource } from "./resources.ts";
import { errorText, readUpTo } from "../../src/toolkit/mod.ts";

/** The largest answer to read, in bytes, also after decompression. */
const MAX_ANSWER = 256 * 1024;

/** Thrown for an answer that is too large: less must be requested at a time. */
export class TooLargeError extends UnavailableError {}

/** The answer of a BMC. */
export interface RedfishAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  /** Undefined if the body is not a JSON object. */
  readonly resource: Resource | undefined;
  /** Whether it is a web page. Some servers send one where they have no Redfish, whatever the status is. */
  readonly page: boolean;
}

/**
 * Reads the body of `response`: compressed or not, whatever was requested, and with NULs after the JSON, as some C
 * programs leave them.
 *
 * @throws {TooLargeError} If it is larger than 256 KiB.
 * @throws {Error} If its compression is broken.
 */
export async function readRedfishAnswer(response: Response): Promise<RedfishAnswer> {
  const { ok, status, headers } = response;
  const bytes = await readUpTo(response.body, MAX_ANSWER);
  if (bytes === undefined) throw tooLarge();
  const text = withoutNuls(new TextDecoder().decode(decompress(bytes)));
  const resource = parseResource(text);
  const page = resource === undefined && /^\s*<(?:!doctype|html|head|body|\?xml)/i.test(text);
  return { ok, status, headers, resource, page };
}

/** Tells whether a session was refused because the BMC has no free one (DSP0266; iDRAC's own messages). */
export function isSessionLimit({ ok, resource }: RedfishAnswer): boolean {
  if (ok || resource === undefined) return false;
  return readMessageIds(resource).some((id) =>
    /SessionLimitExceeded|\bRAC0218|MaxSession|SessionsExceeded/i.test(id)
  ) ||
    /(maximum|limit|too many)[^.]*session|session[^.]*(maximum|limit|exceeded)/i.test(readError(resource) ?? "");
}

/** Tells whether `answer` refuses the user or password. Not every BMC uses status 401 for that. */
export function isCredentialRefusal(answer: RedfishAnswer): boolean {
  if (answer.status === 401) return true;
  if (answer.ok || answer.status >= 500 || isSessionLimit(answer)) return false;
  if (answer.status === 403) return true;
  return readMessageIds(answer.resource).some((id) =>
    /Unauthorized|InvalidCredential|LoginFail|AccessDenied/i.test(id)
  ) ||
    /unauthori[sz]ed|credential|password|login fail/i.test(readError(answer.resource) ?? "");
}

/**
 * Tells whether an order was refused because the BMC does not know this kind of order, not because of the machine's
 * state.
 */
export function isUnsupported({ status, resource }: Pick<RedfishAnswer, "status" | "resource">): boolean {
  if (status === 501) return true;
  if (status < 400 || status >= 500) return false;
  return readMessageIds(resource).some((id) =>
    /\.(?:ActionParameter(?:NotSupported|ValueNotInList|ValueFormatError|ValueError|ValueTypeError|Unknown)|PropertyValueNotInList|ActionNotSupported)$/
      .test(id)
  );
}

/**
 * Removes NULs and white space at the end. A regular expression would try each run of spaces again, and block on a long
 * answer.
 */
function withoutNuls(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(0, end);
}

/** The second byte of zlib data without a dictionary. */
const ZLIB_LEVELS = [0x01, 0x5e, 0x9c, 0xda];

/** Undoes gzip (RFC 1952) and deflate (RFC 1950), recognized by their first bytes: no JSON begins like that. */
function decompress(bytes: Uint8Array): Uint8Array {
  const [first, second = 0] = bytes;
  const inflate = first === 0x1f && second === 0x8b
    ? gunzipSync
    : first === 0x78 && ZLIB_LEVELS.includes(second)
    ? inflateSync
    : undefined;
  if (inflate === undefined) return bytes;
  try {
    return inflate(bytes, { maxOutputLength: MAX_ANSWER });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge();
    throw new Error(`the answer's compression is broken: ${errorText(error)}`);
  }
}

function tooLarge(): TooLargeError {
  return new TooLargeError(`the answer is larger than ${MAX_ANSWER} bytes`);
}
