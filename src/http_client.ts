import { type IncomingMessage, request as requestHttp } from "node:http";
import { createRequire } from "node:module";
import { readUpTo } from "./toolkit/mod.ts";

/** The answer of a server: a part of a `Response`. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
  /** Its bytes as they arrive. Reading fails if the connection breaks, or with the signal's reason. */
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
}

/** A text answer of a server. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

const MAX_REDIRECTS = 5;

/**
 * Sends a GET request, and follows up to five redirects. Node's `fetch` would take 11 MB more memory, and as much time
 * as everything else that an agent does until it has joined.
 *
 * @param url `http:` or `https:`.
 * @param options `signal` ends it at any time, even while the body is read.
 * @throws {Error} If there is no answer; with the signal's reason if that fires.
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
 * Sends `value` as JSON with POST to `url`, follows no redirect, and reads the whole answer as UTF-8.
 *
 * @param options `maxBytes` limits the answer. `signal` ends it at any time.
 * @throws {Error} If there is no complete answer, or it is too long; with the signal's reason if that fires.
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

/** Sends a request over its own connection, which ends with the answer. */
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
    // Also after the answer has begun: the reader of the answer gets it.
    sent.on("error", (error) => reject(reasonOf(error)));
    sent.on("response", (begun) => {
      response = begun;
      begun.on("error", () => {}); // when nothing reads it any more
      resolve(begun);
    });
    sent.on("close", () => signal.removeEventListener("abort", stop));
    sent.end(body);
  });
}

/** If a host has several addresses, each attempt has its own reason. */
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

/** Loads TLS only when it is needed, because that takes time. */
function loadHttps(): typeof requestHttp {
  const { request }: typeof import("node:https") = createRequire(import.meta.url)("node:https");
  return request;
}
