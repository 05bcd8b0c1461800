import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import type { Ask, Credentials } from "../power/mod.ts";
import type { Exchange } from "./exchange.ts";
import { type Answer, failure, type Requests } from "./requests.ts";
import { readServiceRoot } from "./resources.ts";

/** A controller whose user or password was wrong is not asked again for so many milliseconds: many lock accounts. */
const REFUSED_REST = 60_000;
/** How long all logouts together may take, in milliseconds. */
const LOGOUT_LIMIT = 3_000;

/** Who asks what for whom. */
export interface Access {
  /** The service's root. */
  readonly root: URL;
  readonly exchange: Exchange;
  /** Reads the credentials; undefined where none are needed. */
  readonly credentials: () => Credentials | undefined;
  readonly auth: "session" | "basic";
  /** Differs where whom to trust, or who asks, does; it tells neither. It throws as `credentials` does. */
  readonly identity: () => string;
}

/** The headers that say who we are to each controller: of a session that is begun when it is first needed, or of each request. */
export interface Sessions {
  /** @throws {UnavailableError} When the controller refuses, or does not answer. */
  headers(access: Access, ask: Ask): Promise<{ readonly [name: string]: string }>;
  /**
   * The controller did not take these headers (status 401).
   *
   * @returns Whether to try once more, with new ones.
   * @throws {UnavailableError} When the user or password must be wrong.
   */
  refused(access: Access, headers: { readonly [name: string]: string }): boolean;
  /** Ends the sessions with a controller that nobody asks any more, as far as it answers in time. */
  leave(origin: string): void;
  /** Ends all sessions, as far as the controllers answer in time. */
  close(): Promise<void>;
}

interface Session {
  readonly token: string;
  readonly location: URL | undefined;
  readonly access: Access;
}
/** Undefined: the controller has no sessions, so each request says who we are. */
type Begun = Session | undefined;

const TOKEN = "x-auth-token";

/** Makes the sessions of a module. `signal` ends what is under way when the module stops. */
export function createSessions(
  parts: { readonly requests: Requests; readonly clock: Clock; readonly signal: AbortSignal },
): Sessions {
  const { requests, clock } = parts;
  /** By controller and user: see {@link keyOf}. */
  const begun = new Map<string, Promise<Begun>>();
  const ending = new Set<Promise<void>>();
  const tokens = new Map<string, string>();
  const refusals = new Map<string, { readonly until: number; readonly why: string }>();

  function refuse(access: Access): never {
    const why = `${access.root.origin} does not take the user and password that it is given`;
    refusals.set(access.root.origin, { until: clock.now() + REFUSED_REST, why });
    throw new UnavailableError(why);
  }
  async function begin(access: Access, { username, password }: Credentials, key: string): Promise<Begun> {
    const ask: Ask = { signal: parts.signal, urgent: true };
    const root = await requests.send(access.exchange, { method: "GET", url: access.root }, ask);
    const named = root.resource === undefined ? undefined : readServiceRoot(root.resource).sessions;
    const url = new URL(named ?? "SessionService/Sessions", access.root);
    if (url.origin !== access.root.origin) throw new Error(`${access.root.href} has its sessions elsewhere`);
    const body = { UserName: username, Password: password };
    const request = { method: "POST", url, body } as const;
    const answer = await requests.send(access.exchange, request, ask);
    if (answer.status === 404 || answer.status === 405 || answer.status === 501) return undefined;
    if (answer.status === 401 || answer.status === 403) refuse(access);
    const token = answer.headers.get(TOKEN);
    if (!answer.ok || token === null) throw new Error(failure(request, answer));
    tokens.set(key, token);
    return { token, location: locationOf(answer, access), access };
  }
  function session(access: Access, credentials: Credentials): Promise<Begun> {
    const key = keyOf(access, credentials);
    const known = begun.get(key);
    if (known !== undefined) return known;
    const fresh = begin(access, credentials, key);
    begun.set(key, fresh);
    fresh.catch(() => begun.delete(key));
    return fresh;
  }
  /** Ends the sessions whose keys begin like this. */
  async function end(prefix: string): Promise<void> {
    const ended = [...begun].filter(([key]) => key.startsWith(prefix));
    for (const [key] of ended) {
      begun.delete(key);
      tokens.delete(key);
    }
    const late = new AbortController();
    const cancel = clock.after(LOGOUT_LIMIT, () => late.abort(new Error("It takes too long")));
    const ask: Ask = { signal: late.signal, urgent: true };
    await Promise.all(ended.map(async ([, promise]) => {
      const own = await untilAborted(promise, late.signal).catch(() => undefined);
      if (own?.location === undefined) return;
      const request = { method: "DELETE", url: own.location, headers: { [TOKEN]: own.token } } as const;
      await requests.send(own.access.exchange, request, ask).catch(() => {}); // it ends by itself one day
    }));
    cancel();
  }
  return {
    async headers(access, ask) {
      const refusal = refusals.get(access.root.origin);
      if (refusal !== undefined && refusal.until > clock.now()) throw new UnavailableError(refusal.why);
      const credentials = access.credentials();
      if (credentials === undefined) return {};
      const own = access.auth === "basic" ? undefined : await untilAborted(session(access, credentials), ask.signal);
      return own === undefined ? { authorization: basic(credentials) } : { [TOKEN]: own.token };
    },
    refused(access, headers) {
      if (headers[TOKEN] === undefined) {
        if (headers["authorization"] !== undefined) refuse(access);
        return false;
      }
      // Another request may have begun a new one already.
      for (const [key, token] of tokens) {
        if (token === headers[TOKEN] && key.startsWith(`${access.root.origin} `)) begun.delete(key);
      }
      return true;
    },
    leave(origin) {
      const mine = end(`${origin} `).finally(() => ending.delete(mine));
      ending.add(mine);
    },
    async close() {
      await Promise.all([end(""), ...ending]);
    },
  };
}

/** Names a session: other credentials begin another one. */
function keyOf(access: Access, { username, password }: Credentials): string {
  return `${access.root.origin} ${createHash("sha256").update(JSON.stringify([username, password])).digest("hex")}`;
}

/** Where a session is that was begun, as far as it is at this controller. */
function locationOf(answer: Answer, access: Access): URL | undefined {
  const text = answer.headers.get("location") ?? answer.resource?.["@odata.id"];
  if (typeof text !== "string" || !URL.canParse(text, access.root)) return undefined;
  const url = new URL(text, access.root);
  return url.origin === access.root.origin ? url : undefined;
}

/** The Authorization header (RFC 7617). */
function basic({ username, password }: Credentials): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** What several wait for must not end with the first of them; but each may stop waiting. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => reject(signal.reason);
    if (signal.aborted) return over();
    signal.addEventListener("abort", over, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", over));
  });
}
