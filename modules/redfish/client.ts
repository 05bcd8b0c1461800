import type { Clock } from "../../src/clock.ts";
import { within } from "../../src/pause.ts";
import type { Ask } from "../power/mod.ts";
import { type Answer, failure, type Request, type Requests } from "./requests.ts";
import type { Resource } from "./resources.ts";
import type { Access, Sessions } from "./sessions.ts";

/** A controller's answer that says that something went wrong. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Talks to controllers as somebody. Every method throws an Error that says which request failed and how. */
export interface RedfishClient {
  /** Reads a resource. The URI may be relative to the service; one that leads to another host is refused. */
  get(access: Access, uri: string | URL, ask: Ask): Promise<Resource>;
  /** Asks for something. */
  send(access: Access, request: Request, ask: Ask): Promise<Answer>;
  /** Opens a stream of events, which ends with the signal. It has no limit in time of its own once it has begun. */
  stream(access: Access, uri: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** How long a stream may take to begin, in milliseconds. */
const STREAM_LIMIT = 30_000;

/** Makes a client. */
export function createRedfishClient(
  { requests, sessions, clock }: { readonly requests: Requests; readonly sessions: Sessions; readonly clock: Clock },
): RedfishClient {
  /** Does something as who we are; when the session has ended meanwhile, once more with a new one. */
  async function authorised<T extends { readonly status: number }>(
    access: Access,
    ask: Ask,
    work: (headers: { readonly [name: string]: string }) => Promise<T>,
  ): Promise<T> {
    const headers = await sessions.headers(access, ask);
    const answer = await work(headers);
    if (answer.status !== 401 || !sessions.refused(access, headers)) return answer;
    return await work(await sessions.headers(access, ask));
  }
  function urlOf(access: Access, uri: string | URL): URL {
    const url = URL.canParse(String(uri), access.root) ? new URL(uri, access.root) : undefined;
    if (url?.origin === access.root.origin) return url;
    throw new Error(`${access.root.href} leads to '${String(uri).slice(0, 200)}', which is not on it`);
  }
  async function send(access: Access, request: Request, ask: Ask): Promise<Answer> {
    const answer = await authorised(
      access,
      ask,
      (headers) => requests.send(access.exchange, { ...request, headers: { ...request.headers, ...headers } }, ask),
    );
    if (!answer.ok) throw new RefusedError(failure(request, answer), answer.status);
    return answer;
  }
  return {
    send,
    async get(access, uri, ask) {
      const url = urlOf(access, uri);
      const { resource } = await send(access, { method: "GET", url }, ask);
      if (resource === undefined) throw new Error(`GET ${url.href} failed: the answer is no JSON object`);
      return resource;
    },
    async stream(access, uri, signal) {
      const url = urlOf(access, uri);
      const late = `no answer in ${STREAM_LIMIT} ms`;
      // What `within` hands in outlives it: it fires with `signal` then, and not for the time.
      const response = await within(
        clock,
        STREAM_LIMIT,
        late,
        signal,
        (beginning) =>
          authorised(access, { signal: beginning, urgent: false }, (headers) =>
            access.exchange(url, {
              method: "GET",
              redirect: "error",
              signal: beginning,
              headers: { accept: "text/event-stream", ...headers },
            })),
      );
      if (response.ok && response.body !== null) return response.body;
      await response.body?.cancel();
      throw new RefusedError(`GET ${url.href} failed: status ${response.status}`, response.status);
    },
  };
}
