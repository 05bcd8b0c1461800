import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.ts";
import { UnavailableError } from "../../src/module/mod.ts";
import { within } from "../../src/toolkit/mod.ts";
import { type Ask, type Credentials, CredentialsError } from "../power/mod.ts";
import { isCredentialRefusal, isSessionLimit, type RedfishAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { OwnNames } from "./own_names.ts";
import { failure, type Requests } from "./requests.ts";
import { readServiceRoot } from "./resources.ts";

/** Refused credentials are not sent again to their BMC for this long, in milliseconds: many BMCs lock accounts. */
const REFUSED_REST = 60_000;
/** How long user and password are sent with each request after a BMC had no free session, in milliseconds. */
const CROWDED_REST = 300_000;
/** How long all logouts together may take, in milliseconds: less than a module may take to stop. */
const LOGOUT_LIMIT = 4_500;

/** The service, and how to authenticate with it. */
export interface Access {
  /** The service's root. */
  readonly root: URL;
  readonly exchange: Exchange;
  /** Returns the credentials; undefined if none are needed. */
  readonly credentials: () => Credentials | undefined;
  readonly auth: "session" | "basic";
  /** Changes with the trust or the credentials, without containing them. It throws as `credentials` does. */
  readonly identity: () => string;
}

/** How a request authenticates. */
export interface Presented {
  readonly headers: { readonly [name: string]: string };
  /** Names BMC and credentials; undefined if none are needed. */
  readonly key?: string;
}

/** Authenticates with each controller: by a session that begins when it is first needed, or with each request. */
export interface Sessions {
  /** @throws {UnavailableError} If the controller refuses or does not answer. */
  present(access: Access, ask: Ask): Promise<Presented>;
  /**
   * Reports that the controller did not accept what was presented (status 401).
   *
   * @returns Whether to try once more, with new headers.
   * @throws {CredentialsError} If the user or password must be wrong.
   */
  refused(access: Access, presented: Presented): boolean;
  /** Ends the sessions with a controller that no node uses any more, if it answers in time. */
  leave(origin: string): void;
  /** Ends all sessions, including those that are just beginning, if the controllers answer in time. */
  close(): Promise<void>;
}

interface Session {
  readonly kind: "session";
  readonly token: string;
  readonly location: URL | undefined;
  readonly access: Access;
}
/** The BMC has no sessions, or none free, so each request authenticates. */
interface EachRequest {
  readonly kind: "basic";
  /** Until when, in clock milliseconds. */
  readonly until: number;
}
type Begun = Session | EachRequest;

const TOKEN = "x-auth-token";

/** Creates the sessions of a module. @param parts `farewells` sends logouts, which wait for no other requests. */
export function createSessions(
  parts: {
    readonly requests: Requests;
    readonly farewells: Requests;
    readonly clock: Clock;
    readonly names: OwnNames;
  },
): Sessions {
  const { requests, clock, names } = parts;
  /** By BMC and credentials: see {@link keyOf}. */
  const begun = new Map<string, Promise<Begun>>();
  const ending = new Set<Promise<void>>();
  const tokens = new Map<string, string>();
  const refusals = createRefusedCredentials(clock);
  /** Why there is no session with a BMC that supports them. */
  const sessionless = new Map<string, string>();
  const closed = new AbortController();

  async function begin(access: Access, credentials: Credentials, key: string): Promise<Begun> {
    const answered = await logIn(access, credentials, { requests, names, signal: closed.signal });
    sessionless.delete(key);
    switch (answered.kind) {
      case "session":
        tokens.set(key, answered.token);
        return answered;
      case "none":
        return { kind: "basic", until: Infinity };
      case "wrong":
        return refusals.refuse(key, wrongCredentials(access));
      case "crowded":
        sessionless.set(key, answered.why);
        return { kind: "basic", until: clock.now() + answered.rest };
      default:
        return answered satisfies never;
    }
  }
  async function session(access: Access, credentials: Credentials, key: string, ask: Ask): Promise<Begun> {
    const known = begun.get(key);
    if (known !== undefined) {
      const own = await untilAborted(known, ask.signal);
      if (own.kind === "session" || own.until > clock.now() || begun.get(key) !== known) return own;
    }
    const fresh = begin(access, credentials, key);
    begun.set(key, fresh);
    fresh.catch(() => {
      if (begun.get(key) === fresh) begun.delete(key);
    });
    return await untilAborted(fresh, ask.signal);
  }
  /** Ends the sessions whose keys begin like this. */
  async function end(prefix: string): Promise<void> {
    const ended = [...begun].filter(([key]) => key.startsWith(prefix));
    // What is known about credentials outlives their session, which may have ended before.
    for (const known of [begun, tokens, sessionless]) {
      for (const key of [...known.keys()]) if (key.startsWith(prefix)) known.delete(key);
    }
    refusals.forgetOld();
    await within(
      { clock, ms: LOGOUT_LIMIT, late: "It takes too long" },
      (signal) => Promise.all(ended.map(([, session]) => logOut(session, parts.farewells, signal))),
    ).catch(() => {}); // those that are left end by themselves one day
  }
  return {
    async present(access, ask) {
      const credentials = access.credentials();
      if (credentials === undefined) return { headers: {} };
      const key = keyOf(access, credentials);
      refusals.check(key);
      const own = access.auth === "basic" ? undefined : await session(access, credentials, key, ask);
      const headers = own?.kind === "session" ? { [TOKEN]: own.token } : { authorization: basic(credentials) };
      return { headers, key };
    },
    refused(access, { headers, key }) {
      if (key === undefined) return false;
      const token = headers[TOKEN];
      if (token !== undefined) {
        // Another request may have begun a new one already.
        if (tokens.get(key) === token) begun.delete(key);
        return true;
      }
      const why = sessionless.get(key);
      if (why === undefined) return refusals.refuse(key, wrongCredentials(access));
      begun.delete(key); // a session may be free by then
      return refusals.refuse(key, `${why}; it takes no user and password with each request either`);
    },
    leave(origin) {
      names.forget(origin);
      const mine = end(`${origin} `).finally(() => ending.delete(mine));
      ending.add(mine);
    },
    async close() {
      await Promise.all([end(""), ...ending]);
      closed.abort(new Error("The module stops"));
    },
  };
}

/** Remembers which credentials were not taken, by BMC and credentials. */
function createRefusedCredentials(clock: Clock) {
  const refused = new Map<string, { readonly until: number; readonly why: string }>();

  /** Removes expired refusals. A valid one outlives its nodes, which may come back at once. */
  function forgetOld(): void {
    const now = clock.now();
    for (const [key, { until }] of refused) if (until <= now) refused.delete(key);
  }
  return {
    forgetOld,
    /** @throws {CredentialsError} While these must not be tried. */
    check(key: string): void {
      const refusal = refused.get(key);
      if (refusal !== undefined && refusal.until > clock.now()) throw new CredentialsError(refusal.why);
    },
    /** @throws {CredentialsError} Always. */
    refuse(key: string, why: string): never {
      forgetOld();
      refused.set(key, { until: clock.now() + REFUSED_REST, why });
      throw new CredentialsError(why);
    },
  };
}

/** What became of a login. `none`: the BMC has no sessions. `crowded`: all are in use, or it fails to begin one. */
type LoginOutcome =
  | Session
  | { readonly kind: "none" }
  | { readonly kind: "wrong" }
  /** It may accept user and password with each request, for `rest` milliseconds from now. */
  | { readonly kind: "crowded"; readonly why: string; readonly rest: number };

async function logIn(
  access: Access,
  { username, password }: Credentials,
  { requests, names, signal }: {
    readonly requests: Requests;
    readonly names: OwnNames;
    readonly signal: AbortSignal;
  },
): Promise<LoginOutcome> {
  const ask: Ask = { signal, urgent: true };
  const root = await requests.send(access.exchange, { method: "GET", url: access.root }, ask);
  if (root.resource !== undefined) names.learn(access.root, root.resource);
  const named = root.resource === undefined ? undefined : readServiceRoot(root.resource).sessions;
  const url = names.resolve(access.root, named ?? "SessionService/Sessions");
  if (url === undefined) throw new UnavailableError(`${access.root.href} has its sessions elsewhere`);
  const request = { method: "POST", url, body: { UserName: username, Password: password } } as const;
  const answer = await requests.send(access.exchange, request, ask);
  const token = answer.headers.get(TOKEN);
  if (answer.ok && token !== null) return { kind: "session", token, location: locationOf(answer, access), access };
  const { status } = answer;
  if (status === 404 || status === 405 || status === 501) return { kind: "none" };
  if (isCredentialRefusal(answer)) return { kind: "wrong" };
  const rest = isSessionLimit(answer) ? CROWDED_REST : REFUSED_REST;
  return { kind: "crowded", why: failure(request, answer), rest };
}

/** Ends a session, where one was begun. */
async function logOut(begun: Promise<Begun>, farewells: Requests, signal: AbortSignal): Promise<void> {
  const own = await untilAborted(begun, signal).catch(() => undefined);
  if (own?.kind !== "session" || own.location === undefined) return;
  const request = { method: "DELETE", url: own.location, headers: { [TOKEN]: own.token } } as const;
  await farewells.send(own.access.exchange, request, { signal, urgent: true }).catch(() => {}); // it ends by itself one day
}

function wrongCredentials(access: Access): string {
  return `${access.root.origin} does not take the user and password that it is given`;
}

/** Names a session: other credentials begin another one. */
function keyOf(access: Access, { username, password }: Credentials): string {
  return `${access.root.origin} ${createHash("sha256").update(JSON.stringify([username, password])).digest("hex")}`;
}

/** Returns the URL of a session that was begun: its path at this controller, whatever host name the answer has. */
function locationOf(answer: RedfishAnswer, access: Access): URL | undefined {
  const text = answer.headers.get("location") ?? answer.resource?.["@odata.id"];
  if (typeof text !== "string" || !URL.canParse(text, access.root)) return undefined;
  const url = new URL(text, access.root);
  return new URL(`${url.pathname}${url.search}`, access.root);
}

/** Returns the Authorization header (RFC 7617). */
function basic({ username, password }: Credentials): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Waits for a shared promise: it must not end with the first waiter, but each may stop waiting. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => reject(signal.reason);
    if (signal.aborted) return over();
    signal.addEventListener("abort", over, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", over));
  });
}
