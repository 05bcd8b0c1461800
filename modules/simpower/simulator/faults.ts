import { gzipSync } from "node:zlib";
import type { Clock } from "../../../src/clock.ts";
import { isRecord } from "../../../src/state/mod.ts";

/** What a fault affects: reading a machine's resource, ordering a Reset, beginning a session, or everything. */
export type FaultTarget = "read" | "order" | "login" | "any";

/** A fault of a BMC or of the network, as data. */
export interface InjectedFault {
  readonly on: FaultTarget;
  /** How often it happens: the first so many times. */
  readonly times: number;
  /** Delay of the answer, in milliseconds. */
  readonly delay?: number;
  /** Whether the request is carried out, whatever the answer is. */
  readonly done?: boolean;
  /** The answer; `lost`: none, the connection breaks. Absent: the BMC's own answer. */
  readonly answer?: FaultAnswer | "lost";
  /** How the BMC's own answer is changed. */
  readonly spoils?: "gzip" | "nul" | "no-power-state" | "null-power-state";
  /** The status with which each URI without a query redirects to itself with one. */
  readonly redirects?: number;
}

/** An answer. */
export interface FaultAnswer {
  readonly status: number;
  readonly body?: string;
  readonly retryAfter?: number;
  readonly type?: string;
}

const PAGE = "<!DOCTYPE html><html><body>Please log in</body></html>";

function error(status: number, id: string, message: string): FaultAnswer {
  const info = [{ MessageId: `Base.1.8.${id}`, Message: message }];
  return {
    status,
    body: JSON.stringify({ error: { code: `Base.1.8.${id}`, message, "@Message.ExtendedInfo": info } }),
  };
}

/** Faults by name. */
export const FAULTS: { readonly [name: string]: readonly InjectedFault[] } = {
  none: [],
  "read-500": [{ on: "read", times: 3, answer: error(500, "InternalError", "An internal error") }],
  "read-502-page": [{ on: "read", times: 3, answer: { status: 502, body: PAGE, type: "text/html" } }],
  "read-404": [{ on: "read", times: 2, answer: error(404, "ResourceMissingAtURI", "There is none") }],
  "read-empty": [{ on: "read", times: 3, answer: { status: 200, body: "" } }],
  "read-page": [{ on: "read", times: 3, answer: { status: 200, body: PAGE, type: "text/html" } }],
  "no-power-state": [{ on: "read", times: 3, spoils: "no-power-state" }],
  "null-power-state": [{ on: "read", times: 3, spoils: "null-power-state" }],
  "read-lost": [{ on: "read", times: 3, answer: "lost" }],
  busy: [{ on: "any", times: 3, answer: { ...error(503, "ServiceTemporarilyUnavailable", "Busy"), retryAfter: 2 } }],
  slow: [{ on: "any", times: Infinity, delay: 8_000 }],
  "order-500": [{ on: "order", times: 1, answer: error(500, "InternalError", "An internal error") }],
  "order-500-done": [{ on: "order", times: 1, done: true, answer: error(500, "InternalError", "An internal error") }],
  "order-503": [{ on: "order", times: 2, answer: { ...error(503, "ServiceInUnknownState", "Busy"), retryAfter: 1 } }],
  "order-409-busy": [{ on: "order", times: 2, answer: error(409, "ResourceInUse", "The resource is in use") }],
  "order-400-not-ready": [{ on: "order", times: 2, answer: error(400, "GeneralError", "Initialization in progress") }],
  "order-lost": [{ on: "order", times: 1, answer: "lost" }],
  "order-lost-done": [{ on: "order", times: 1, done: true, answer: "lost" }],
  "order-page": [{ on: "order", times: 1, answer: { status: 200, body: PAGE, type: "text/html" } }],
  "order-task-fails": [{
    on: "order",
    times: 1,
    answer: {
      status: 202,
      body: JSON.stringify({ TaskState: "Exception", Messages: [{ Message: "It did not work" }] }),
    },
  }],
  "session-limit": [{ on: "login", times: Infinity, answer: error(503, "SessionLimitExceeded", "Too many sessions") }],
  "session-limit-400": [{
    on: "login",
    times: Infinity,
    answer: error(400, "GeneralError", "The maximum number of user sessions is reached"),
  }],
  "session-ended": [{ on: "read", times: 1, answer: error(401, "NoValidSession", "There is no valid session") }],
  "redirect-301": [{ on: "any", times: Infinity, redirects: 301 }],
  "redirect-307": [{ on: "any", times: Infinity, redirects: 307 }],
  "redirect-308": [{ on: "any", times: Infinity, redirects: 308 }],
  gzip: [{ on: "any", times: Infinity, spoils: "gzip" }],
  nul: [{ on: "any", times: Infinity, spoils: "nul" }],
};

/** Serves a request. */
export type ServeRequest = (request: Request) => Promise<Response>;

/** Thrown if the connection breaks before an answer. */
export class LostAnswerError extends Error {
  override readonly name = "LostAnswerError";
}

/**
 * Puts `faults` in front of a service.
 *
 * @param serve The service.
 * @param clock Delays answers.
 */
export function withFaults(serve: ServeRequest, faults: readonly InjectedFault[], clock: Clock): ServeRequest {
  const left = new Map(faults.map((fault) => [fault, fault.times]));
  return async (request) => {
    const fault = faults.find((each) => (left.get(each) ?? 0) > 0 && isOn(each.on, request));
    if (fault === undefined) return await serve(request);
    left.set(fault, (left.get(fault) ?? 0) - 1);
    if (fault.delay !== undefined) await pause(clock, fault.delay);
    if (fault.redirects !== undefined) return await redirect(request, fault.redirects, serve);
    const own = fault.answer === undefined || fault.done === true ? await serve(request) : undefined;
    if (fault.answer === "lost") throw new LostAnswerError("The connection was reset");
    if (fault.answer !== undefined) return responseOf(fault.answer);
    return await spoiled(own ?? new Response(null), fault.spoils);
  };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

function isOn(target: FaultTarget, { method, url }: Request): boolean {
  const path = new URL(url).pathname.replace(/\/$/, "");
  switch (target) {
    case "any":
      return true;
    case "read":
      return method === "GET" && /\/(?:Systems|Chassis)\/[^/]+$/.test(path);
    case "order":
      return method === "POST" && /\/Actions\/\w+\.Reset$/.test(path);
    case "login":
      return method === "POST" && path.endsWith("/Sessions");
    default:
      return target satisfies never;
  }
}

async function redirect(request: Request, status: number, serve: ServeRequest): Promise<Response> {
  const url = new URL(request.url);
  if (url.search !== "") return await serve(request);
  return new Response(null, { status, headers: { location: `${url.pathname}?again=1` } });
}

function responseOf({ status, body = "", retryAfter, type = "application/json" }: FaultAnswer): Response {
  const headers = { "content-type": type, ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }) };
  return new Response(body, { status, headers });
}

async function spoiled(response: Response, how: InjectedFault["spoils"]): Promise<Response> {
  if (how === undefined || response.body === null || response.headers.has("content-encoding")) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const again = (body: Uint8Array<ArrayBuffer>) => new Response(body, { status: response.status, headers });
  switch (how) {
    case "gzip":
      headers.set("content-encoding", "gzip");
      return again(new Uint8Array(gzipSync(bytes)));
    case "nul":
      return again(new Uint8Array([...bytes, 0, 0, 0]));
    default: {
      const value: unknown = JSON.parse(new TextDecoder().decode(bytes).replace(/\0+$/, ""));
      const { PowerState: _, ...rest } = isRecord(value) ? value : {};
      const shown = how === "null-power-state" ? { ...rest, PowerState: null } : rest;
      return again(new TextEncoder().encode(JSON.stringify(shown)));
    }
  }
}
