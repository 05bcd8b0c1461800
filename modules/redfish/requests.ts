import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { pause, within } from "../../src/toolkit/mod.ts";
import type { Ask, Concurrency } from "../power/mod.ts";
import { isSessionLimit, readRedfishAnswer, type RedfishAnswer, TooLargeError } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { OwnNames } from "./own_names.ts";
import { readErrors, type Resource } from "./resources.ts";

/** How often a request is sent to a busy controller, and the shortest and longest pause between, in milliseconds. */
const BUSY_ATTEMPTS = 4;
const BUSY_PAUSE = 1_000;
const MAX_BUSY_PAUSE = 30_000;
/** The largest number of redirects to follow for one request. */
const MAX_REDIRECTS = 4;

/** One request. */
export interface RedfishRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly body?: Resource;
  readonly headers?: { readonly [name: string]: string };
}

/** Thrown if the BMC was too busy at every attempt: it has not done what was requested. */
export class BusyError extends UnavailableError {}

/**
 * Sends a limited number of requests at a time, each with a timeout, and repeats those for which a controller is too
 * busy.
 */
export interface Requests {
  /**
   * Sends a request. It follows redirects on the same BMC, with the same method, and no others.
   *
   * @throws {BusyError} If the controller stayed too busy.
   * @throws {TooLargeError} If the answer is too large.
   * @throws {UnavailableError} If there was no answer, or it redirects elsewhere.
   */
  send(exchange: Exchange, request: RedfishRequest, ask: Ask): Promise<RedfishAnswer>;
}

/** Creates the requests. @param parts `patience` is how long one exchange may take, in milliseconds. */
export function createRequests(
  parts: { readonly clock: Clock; readonly limit: Concurrency; readonly patience: number; readonly names: OwnNames },
): Requests {
  const { clock, limit, patience, names } = parts;

  async function once(exchange: Exchange, request: RedfishRequest, ask: Ask): Promise<RedfishAnswer> {
    const { method, url, body, headers } = request;
    const late = `no answer in ${patience} ms`;
    try {
      return await within({ clock, ms: patience, late, signal: ask.signal }, async (signal) => {
        const response = await exchange(url, {
          method,
          redirect: "manual",
          signal,
          headers: { accept: "application/json", "content-type": "application/json", ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        return await readRedfishAnswer(response);
      });
    } catch (error) {
      ask.signal.throwIfAborted();
      const words = `${method} ${url.href} failed: ${causeOf(error)}`;
      throw error instanceof TooLargeError ? new TooLargeError(words) : new UnavailableError(words);
    }
  }
  async function patiently(exchange: Exchange, request: RedfishRequest, ask: Ask): Promise<RedfishAnswer> {
    for (let attempt = 1;; attempt++) {
      const answer = await limit.run(() => once(exchange, request, ask), ask);
      if ((answer.status !== 503 && answer.status !== 429) || isSessionLimit(answer)) return answer;
      if (attempt === BUSY_ATTEMPTS) throw new BusyError(failure(request, answer));
      await pause(clock, busyPause(answer.headers.get("retry-after"), attempt, clock.wall()), ask.signal);
    }
  }
  /** Returns where an answer redirects to; undefined if it does not. */
  function redirected(request: RedfishRequest, answer: RedfishAnswer): URL | undefined {
    const location = answer.headers.get("location");
    if (location === null || !redirects(answer.status, request.method)) return undefined;
    const url = names.resolve(request.url, location);
    if (url !== undefined && url.href !== request.url.href) return url;
    throw new UnavailableError(
      `${request.method} ${request.url.href} failed: it redirects to '${
        location.slice(0, 200)
      }', which is not followed: ` +
        "where that is the same BMC, set the node's '/bmc/address' to it",
    );
  }
  return {
    async send(exchange, request, ask) {
      let asked = request;
      for (let hops = 0;; hops++) {
        const answer = await patiently(exchange, asked, ask);
        const url = redirected(asked, answer);
        if (url === undefined) return answer;
        if (hops === MAX_REDIRECTS) {
          throw new UnavailableError(`${request.method} ${request.url.href} failed: it redirects in a circle`);
        }
        asked = { ...request, url };
      }
    },
  };
}

/** Tells whether a status (RFC 9110, 15.4) redirects the same request. */
function redirects(status: number, method: string): boolean {
  return status === 301 || status === 302 || status === 307 || status === 308 || (status === 303 && method === "GET");
}

/** Describes a failed request. */
export function failure({ method, url }: RedfishRequest, { status, resource, page }: RedfishAnswer): string {
  const message = readErrors(resource);
  const said = message !== undefined ? ` (${message})` : page ? " (a web page, not Redfish)" : "";
  return `${method} ${url.href} failed: status ${status}${said}`;
}

/**
 * Returns the pause before the next attempt, in milliseconds, within limits.
 *
 * @param retryAfter The Retry-After header: seconds or a date (RFC 9110, 10.2.3); null if absent.
 * @param attempt Number of attempts so far.
 * @param now Milliseconds since 1970.
 */
export function busyPause(retryAfter: string | null, attempt: number, now: number): number {
  const text = retryAfter?.trim() ?? "";
  const asked = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  const usual = BUSY_PAUSE * 2 ** (attempt - 1);
  return Math.min(Math.max(Number.isNaN(asked) ? usual : asked, BUSY_PAUSE), MAX_BUSY_PAUSE);
}

/** Returns why an exchange failed: `fetch` hides it in the cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
