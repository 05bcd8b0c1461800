import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { pause, within } from "../../src/pause.ts";
import type { Ask, Limit } from "../power/mod.ts";
import type { Exchange } from "./exchange.ts";
import { parseResource, readError, type Resource } from "./resources.ts";

/** The largest answer that is read, in bytes. */
const MAX_ANSWER = 256 * 1024;
/** How often something is asked that the controller is too busy for, and the shortest and longest pause, in milliseconds. */
const BUSY_ATTEMPTS = 4;
const BUSY_PAUSE = 1_000;
const MAX_BUSY_PAUSE = 30_000;

/** One request. */
export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly body?: Resource;
  readonly headers?: { readonly [name: string]: string };
}

/** What came of it. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where it was no JSON object. */
  readonly resource: Resource | undefined;
}

/** Does requests, no more at a time than it may, each within a time; what a controller is too busy for is asked again. */
export interface Requests {
  /** @throws {UnavailableError} When there was no answer, or the controller stayed too busy. */
  send(exchange: Exchange, request: Request, ask: Ask): Promise<Answer>;
}

/** Makes it. @param parts `patience` is how long one exchange may take, in milliseconds. */
export function createRequests(
  parts: { readonly clock: Clock; readonly limit: Limit; readonly patience: number },
): Requests {
  const { clock, limit, patience } = parts;

  async function once(exchange: Exchange, request: Request, ask: Ask): Promise<Answer> {
    const { method, url, body, headers } = request;
    const late = `no answer in ${patience} ms`;
    try {
      return await within(clock, patience, late, ask.signal, async (signal) => {
        const response = await exchange(url, {
          method,
          redirect: "error",
          signal,
          headers: { accept: "application/json", "content-type": "application/json", ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const { ok, status } = response;
        return { ok, status, headers: response.headers, resource: parseResource(await boundedText(response)) };
      });
    } catch (error) {
      ask.signal.throwIfAborted();
      throw new UnavailableError(`${method} ${url.href} failed: ${causeOf(error)}`);
    }
  }
  return {
    async send(exchange, request, ask) {
      for (let attempt = 1;; attempt++) {
        const answer = await limit.run(() => once(exchange, request, ask), ask);
        if (answer.status !== 503 && answer.status !== 429) return answer;
        if (attempt === BUSY_ATTEMPTS) throw new UnavailableError(failure(request, answer));
        await pause(clock, busyPause(answer.headers.get("retry-after"), attempt, clock.wall()), ask.signal);
      }
    },
  };
}

/** That a request failed, in words. */
export function failure({ method, url }: Request, { status, resource }: Answer): string {
  const message = readError(resource);
  return `${method} ${url.href} failed: status ${status}${message === undefined ? "" : ` (${message})`}`;
}

/** How long to wait before asking again: as the controller says (seconds or a date, RFC 9110), within limits. */
export function busyPause(retryAfter: string | null, attempt: number, now: number): number {
  const text = retryAfter?.trim() ?? "";
  const asked = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  const usual = BUSY_PAUSE * 2 ** (attempt - 1);
  return Math.min(Math.max(Number.isNaN(asked) ? usual : asked, BUSY_PAUSE), MAX_BUSY_PAUSE);
}

/** Reads an answer, up to a limit. */
async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER) throw new Error(`the answer is larger than ${MAX_ANSWER} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Why an exchange failed: `fetch` hides it in the cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
