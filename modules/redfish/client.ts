import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { within } from "../../src/toolkit/mod.ts";
import type { Ask } from "../power/mod.ts";
import { isUnsupported, type RedfishAnswer } from "./answer.ts";
import { otherSlash, type OwnNames } from "./own_names.ts";
import { failure, type RedfishRequest, type Requests } from "./requests.ts";
import type { Resource } from "./resources.ts";
import type { Access, Presented, Sessions } from "./sessions.ts";

/** Thrown for an answer that reports a failure. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  /** Whether the BMC does not know this kind of order, whatever state the machine is in. */
  readonly unsupported: boolean;
  constructor(message: string, answer: Pick<RedfishAnswer, "status" | "resource">) {
    super(message);
    this.status = answer.status;
    this.unsupported = isUnsupported(answer);
  }
}

/** Sends authenticated requests to controllers. Every method throws an error that names the request and the problem. */
export interface RedfishClient {
  /**
   * Reads a resource. The URI may be relative to the service; a URI on another host is refused.
   *
   * @throws {UnavailableError} If there is no usable answer: none, a server error, a web page, or no JSON.
   * @throws {RefusedError} If the resource does not exist or access is denied.
   */
  get(access: Access, uri: string | URL, ask: Ask): Promise<Resource>;
  /**
   * Sends a request. If the BMC requires the version of the resource, the request names it.
   *
   * @param about The resource whose entity tag is meant.
   */
  send(access: Access, request: RedfishRequest, ask: Ask, about?: URL): Promise<RedfishAnswer>;
  /** Resolves a link on the BMC. @throws {Error} If it leads to another host. */
  resolve(access: Access, uri: string | URL): URL;
  /** Opens a stream of events, which ends with the signal. Once opened, it has no time limit. */
  stream(access: Access, uri: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** How long it may take to open a stream, in milliseconds. */
const STREAM_LIMIT = 30_000;

/** Creates a client. */
export function createRedfishClient(
  { requests, sessions, clock, names }: {
    readonly requests: Requests;
    readonly sessions: Sessions;
    readonly clock: Clock;
    readonly names: OwnNames;
  },
): RedfishClient {
  /** Sends an authenticated request; if the session has ended, once more with a new one. */
  async function authorised<T extends { readonly status: number }>(
    access: Access,
    ask: Ask,
    work: (headers: Presented["headers"]) => Promise<T>,
  ): Promise<T> {
    const presented = await sessions.present(access, ask);
    const answer = await work(presented.headers);
    if (answer.status !== 401 || !sessions.refused(access, presented)) return answer;
    return await work((await sessions.present(access, ask)).headers);
  }
  function resolve(access: Access, uri: string | URL): URL {
    const url = names.resolve(access.root, String(uri));
    if (url !== undefined) return url;
    throw new Error(`${access.root.href} leads to '${String(uri).slice(0, 200)}', which is not on it`);
  }
  function ask(access: Access, request: RedfishRequest, ask: Ask): Promise<RedfishAnswer> {
    return authorised(
      access,
      ask,
      (headers) => requests.send(access.exchange, { ...request, headers: { ...request.headers, ...headers } }, ask),
    );
  }
  /**
   * Some BMCs know their URIs only with a slash at the end, or only without. Status 404 shows that nothing was done.
   */
  async function eitherSlash(access: Access, request: RedfishRequest, how: Ask): Promise<RedfishAnswer> {
    const answer = await ask(access, request, how);
    if (answer.status !== 404) return answer;
    const other = await ask(access, { ...request, url: otherSlash(request.url) }, how);
    return other.ok ? other : answer;
  }
  /** Repeats a request with the entity tags that the BMC may expect: as given, as a strong one, and any. */
  async function withTag(access: Access, request: RedfishRequest, how: Ask, about: URL): Promise<RedfishAnswer> {
    const found = await eitherSlash(access, { method: "GET", url: about }, how);
    let answer = found;
    for (const each of tagsOf(found)) {
      answer = await eitherSlash(access, { ...request, headers: { ...request.headers, "if-match": each } }, how);
      if (answer.status !== 412 && answer.status !== 428) break;
    }
    return answer;
  }
  async function send(access: Access, request: RedfishRequest, how: Ask, about?: URL): Promise<RedfishAnswer> {
    let answer = await eitherSlash(access, request, how);
    if ((answer.status === 428 || answer.status === 412) && about !== undefined) {
      answer = await withTag(access, request, how, about);
    }
    if (answer.ok && answer.page) {
      throw new UnavailableError(`${failure(request, answer)}: expected Redfish`);
    }
    if (!answer.ok) throw new RefusedError(failure(request, answer), answer);
    return answer;
  }
  return {
    send,
    resolve,
    async get(access, uri, how) {
      const request = { method: "GET", url: resolve(access, uri) } as const;
      const answer = await eitherSlash(access, request, how);
      if (answer.status >= 500) throw new UnavailableError(failure(request, answer));
      if (!answer.ok) throw new RefusedError(failure(request, answer), answer);
      if (answer.resource === undefined) {
        throw new UnavailableError(
          `GET ${request.url.href} failed: the answer is ${answer.page ? "a web page" : "no JSON object"}`,
        );
      }
      names.learn(request.url, answer.resource);
      return answer.resource;
    },
    async stream(access, uri, signal) {
      const url = resolve(access, uri);
      // The signal of `within` outlives it: afterwards it fires with `signal`, and not for the time.
      const response = await within(
        { clock, ms: STREAM_LIMIT, late: `no answer in ${STREAM_LIMIT} ms`, signal },
        (beginning) =>
          authorised(access, { signal: beginning, urgent: false }, (headers) =>
            access.exchange(url, {
              method: "GET",
              redirect: "manual",
              signal: beginning,
              headers: { accept: "text/event-stream", ...headers },
            })),
      );
      if (response.ok && response.body !== null) return response.body;
      await response.body?.cancel();
      throw new RefusedError(`GET ${url.href} failed: status ${response.status}`, {
        status: response.status,
        resource: undefined,
      });
    },
  };
}

/** The entity tags that a BMC may mean for a resource: as it says, without weakness, and any. */
function tagsOf({ headers, resource }: RedfishAnswer): string[] {
  const said = headers.get("etag") ?? resource?.["@odata.etag"];
  return typeof said === "string" ? [...new Set([said, said.replace(/^W\//, ""), "*"])] : ["*"];
}
