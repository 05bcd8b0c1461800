import { type IncomingMessage, request as requestHttp } from "node:http";
import { createRequire } from "node:module";
import { readUpTo } from "./toolkit/mod.ts";

/** What a server answers: a part of what a `Response` is. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
  /** Its bytes as they come. Reading it fails when the connection is cut, or with the signal's reason. */
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
}

/** A text that a server answered. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

const MAX_REDIRECTS = 5;

/**
 * Gets something from a server, with up to five redirects. Node's `fetch` would do the same, with 11 MB more of memory and as
 * much time as all else that an agent does until it has joined.
 *
 * @param url `http:` or `https:`.
 * @param options `signal` ends it at any time, also while the body is read.
 * @throws {Error} When there is no answer; with the signal's reason when that fires.
 */
export async function getHttp(
  url: string,
  { headers, signal }: { readonly headers: { readonly [name: string]: string }; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  for (let left = MAX_REDIRECTS, at = url;; left--) {
    const response = await send(at, { method: "GET", headers, signal });
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) {
      return answerOf(response);
    }
    response.destroy();
    if (left === 0) throw new Error(`The server redirects more than ${MAX_REDIRECTS} times`);
    at = new URL(location, at).href;
  }
}

/**
 * Sends JSON to a server with POST, follows no redirect, and reads the whole answer as UTF-8.
 *
 * @param options `maxBytes`: of the answer. `signal` ends it at any time.
 * @throws {Error} When there is no whole answer, or it is too long; with the signal's reason when that fires.
 */
export async function postJson(
  url: string,
  body: unknown,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<TextAnswer> {
  const headers = { "content-type": "application/json" };
  const response = await send(url, { method: "POST", headers, signal }, JSON.stringify(body));
  const bytes = await readUpTo(bytesOf(response), maxBytes);
  if (bytes === undefined) throw new Error(`The answer has more than ${maxBytes} bytes`);
  signal.throwIfAborted();
  if (!response.complete) throw new Error("The connection was closed in the middle of the answer");
  return { status: response.statusCode ?? 0, text: new TextDecoder().decode(bytes) };
}

interface Request {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
}

/** Sends a request over a connection of its own, which ends with the answer. */
async function send(url: string, { method, headers, signal }: Request, body?: string): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const { protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") throw new Error(`Cannot ask "${url}": expected http: or https:`);
  const request = protocol === "https:" ? loadHttps() : requestHttp;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers });
    let response: IncomingMessage | undefined;
    const stop = (): void => {
      const reason = signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
      reject(reason);
      response?.destroy(reason);
      sent.destroy(reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    // Also after the answer has begun: it is heard where the answer is read.
    sent.on("error", (error) => reject(reasonOf(error)));
    sent.on("response", (begun) => {
      response = begun;
      begun.on("error", () => {}); // when nobody reads it any more
      resolve(begun);
    });
    sent.on("close", () => signal.removeEventListener("abort", stop));
    sent.end(body);
  });
}

/** Of a host with several addresses, each that was tried has a reason of its own. */
function reasonOf(error: Error): Error {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? first : error;
}

function answerOf(response: IncomingMessage): HttpAnswer {
  const get = (name: string): string | null => {
    const value = response.headers[name.toLowerCase()];
    return typeof value === "string" ? value : null;
  };
  const cancel = (): Promise<void> => {
    response.destroy();
    return Promise.resolve();
  };
  const body = { [Symbol.asyncIterator]: () => bytesOf(response)[Symbol.asyncIterator](), cancel };
  return { status: response.statusCode ?? 0, headers: { get }, body };
}

async function* bytesOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of response) if (chunk instanceof Uint8Array) yield chunk;
}

/** Loading TLS takes time: only who needs it does. */
function loadHttps(): typeof requestHttp {
  const { request }: typeof import("node:https") = createRequire(import.meta.url)("node:https");
  return request;
}
