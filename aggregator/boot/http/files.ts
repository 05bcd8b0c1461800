import { answerProblem } from "../../../src/http/mod.ts";
import { type OpenFile, openFile } from "../open_file.ts";
import type { Hashes } from "./hashes.ts";
import { type ByteRange, readRange, sendPart, type SendParts } from "./send_part.ts";

/**
 * How long an answer waits for the hash of a file, in milliseconds: long enough for a kernel. A larger file is sent
 * without an entity tag until its hash is known.
 */
const TAG_WAIT = 250;
/** The same if the answer depends on it. A longer wait would seem like silence. */
const CONDITION_WAIT = 10_000;
/** Retry-After for a file that is being hashed, in seconds. */
const RETRY_AFTER = "5";

/** The relevant fields of a request for a file. */
export interface FileRequest {
  readonly isHead: boolean;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** What the answers to all requests share. */
export interface FileService extends Pick<SendParts, "clock" | "sending"> {
  /** The folder that is served. */
  readonly root: string;
  readonly hashes: Hashes;
}

/**
 * Answers a request for a file below a root (RFC 9110): one range (section 14), conditions (section 13); its entity tag
 * (section 8.8.3) is the SHA-256 of its bytes, and absent until that is known.
 *
 * @param path Path of the file.
 * @param request The relevant fields.
 * @param service The folder and shared state.
 * @param client The client.
 * @returns Undefined if there is no such file.
 */
export async function answerFile(
  path: string,
  request: FileRequest,
  service: FileService,
  client: Omit<SendParts, "clock" | "sending">,
): Promise<Response | undefined> {
  const file = await openFile(service.root, path);
  if (file === undefined) return undefined;
  let isHandedOn = false;
  try {
    const planned = await plan(file, request, service.hashes);
    if ("answer" in planned) return planned.answer;
    const { part, status, headers } = planned;
    if (request.isHead) return new Response(null, { status, headers });
    isHandedOn = true;
    const { clock, sending } = service;
    return new Response(sendPart(file, part, { ...client, clock, sending }), { status, headers });
  } finally {
    if (!isHandedOn) await file.handle.close();
  }
}

/** What a request comes to. */
type Plan = { readonly answer: Response } | {
  readonly part: ByteRange;
  readonly status: number;
  readonly headers: Headers;
};

/**
 * Determines what to send of a file, or the answer without a body. The order of conditions is that of RFC 9110, section
 * 13.2.2.
 */
async function plan(file: OpenFile, request: FileRequest, hashes: Hashes): Promise<Plan> {
  const { ifMatch, ifRange, ifNoneMatch } = request;
  const needsTag = isTagged(ifMatch) || (isTagged(ifRange) && request.range !== undefined);
  const hash = await hashes.within(file, needsTag ? CONDITION_WAIT : TAG_WAIT);
  if (hash === undefined && needsTag) {
    const detail = "Whether the file is still the same is not known yet: it is being hashed. Try again";
    return { answer: answerProblem({ kind: "unavailable", detail, headers: { "retry-after": RETRY_AFTER } }) };
  }
  const etag = hash === undefined ? undefined : `"${hash}"`;
  const headers = new Headers({ "accept-ranges": "bytes", "content-type": "application/octet-stream" });
  if (etag !== undefined) headers.set("etag", etag);
  if (ifMatch !== undefined && !listOf(ifMatch).some((tag) => tag === "*" || tag === etag)) {
    const detail = "The file has another entity tag than the request names: it was replaced";
    return { answer: answerProblem({ kind: "changed", detail, headers: Object.fromEntries(headers) }) };
  }
  if (etag !== undefined && isListedWeakly(ifNoneMatch, etag)) {
    return { answer: new Response(null, { status: 304, headers }) };
  }
  const wanted = ifRange === undefined || ifRange === etag ? request.range : undefined;
  const asked = readRange(request.isHead ? undefined : wanted, file.size);
  if (asked.kind === "unsatisfiable") {
    headers.set("content-range", `bytes */${file.size}`);
    return { answer: new Response(null, { status: 416, headers }) };
  }
  const part = asked.kind === "part" ? asked : { first: 0, last: file.size - 1 };
  headers.set("content-length", String(part.last - part.first + 1));
  if (asked.kind === "part") headers.set("content-range", `bytes ${part.first}-${part.last}/${file.size}`);
  return { part, status: asked.kind === "part" ? 206 : 200, headers };
}

/** Tells whether a condition names a strong entity tag: a date, a weak tag and `*` need no hash. */
function isTagged(condition: string | undefined): boolean {
  return condition !== undefined && listOf(condition).some((tag) => tag.startsWith('"'));
}

function listOf(tags: string): string[] {
  return tags.split(",").map((tag) => tag.trim());
}

/** Tells whether a list of entity tags contains this one, by weak comparison (RFC 9110, section 13.1.2). */
function isListedWeakly(list: string | undefined, etag: string): boolean {
  if (list === undefined) return false;
  return listOf(list).map((tag) => tag.replace(/^W\//, "")).some((tag) => tag === "*" || tag === etag);
}
