import { Agent } from "node:https";
import type { Socket } from "node:net";
import type { Clock } from "../../src/clock.ts";
import {
  type Exchange,
  type ExchangeInit,
  exchangeTrusting,
  FingerprintError,
  NotSentError,
  type TlsPeer,
} from "./exchange.ts";
import { createTlsHelper, type TlsHelper } from "./tls_helper.ts";
import type { ServerFirst } from "./tls_hello.ts";
import { runtimeOf, tlsOptionsOf, type TlsRuntime } from "./tls_options.ts";
import { probeTls } from "./tls_probe.ts";
import { isLegacy } from "./tls_settings.ts";
import { explainTls, needsOtherRuntime } from "./tls_words.ts";

/** The largest number of connections to one BMC at a time; one of them is kept. */
const MAX_SOCKETS = 4;
/** The largest number of BMCs with a kept connection, and how long an unused one is kept, in milliseconds. */
const MAX_KEPT = 512;
const KEEP_IDLE = 60_000;
/** A connection that was quiet for longer, in milliseconds, may have been closed: no order is risked on it. */
const FRESH = 5_000;

/** How long the first answer of a server is remembered, in milliseconds. */
const FIRST_KNOWN = 60_000;

/** Reaches BMCs, over one connection to each that is kept while it is used. */
export interface Connections {
  /** Returns the way to a BMC. Connections made for one trust are not used for another. */
  exchange(origin: string, peer: TlsPeer): Exchange;
  close(): void;
}

interface Kept {
  readonly agent: Agent;
  readonly judged: WeakSet<Socket>;
  active: number;
  lastUsed: number;
}

/**
 * Creates the connections of a module.
 *
 * @param clock Times connections.
 * @param helper Speaks TLS for servers that this runtime cannot speak to.
 * @param runtime The runtime of this program.
 */
export function createConnections(
  clock: Clock,
  helper: TlsHelper = createTlsHelper(),
  runtime: TlsRuntime = runtimeOf(),
): Connections {
  const firsts = new Map<string, { readonly first: ServerFirst | undefined; readonly until: number }>();
  /** The BMCs, with trust and settings, that only the helper can reach. */
  const helped = new Set<string>();
  /** In the order of their last use. */
  const kept = new Map<string, Kept>();
  let cancelSweep: (() => void) | undefined;

  function drop(key: string, own: Kept): void {
    kept.delete(key);
    own.agent.destroy();
  }
  function sweep(): void {
    const oldest = clock.now() - KEEP_IDLE;
    for (const [key, own] of kept) {
      if (own.active > 0) continue;
      if (own.lastUsed >= oldest && kept.size <= MAX_KEPT) break;
      drop(key, own);
    }
    cancelSweep ??= clock.after(KEEP_IDLE, () => {
      cancelSweep = undefined;
      if (kept.size > 0) sweep();
    });
  }
  function use(key: string): Kept {
    const agent = () => new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 1 });
    const own = kept.get(key) ??
      { agent: agent(), judged: new WeakSet<Socket>(), active: 0, lastUsed: -Infinity };
    kept.delete(key);
    kept.set(key, own);
    return own;
  }
  /** Sends a request with this runtime's own TLS. */
  async function native(url: URL, init: ExchangeInit, peer: TlsPeer, key: string): Promise<Response> {
    const own = use(key);
    const alone = { ...peer, judged: own.judged, options: tlsOptionsOf(peer.oldest, runtime), agent: false } as const;
    if (!mayKeep(init, clock.now() - own.lastUsed)) return await exchangeTrusting(url, init, alone);
    own.active++;
    try {
      return await exchangeTrusting(url, init, { ...alone, agent: own.agent });
    } catch (error) {
      const done = error instanceof NotSentError || error instanceof FingerprintError;
      if (init.signal.aborted || init.method !== "GET" || done) throw error;
      return await exchangeTrusting(url, init, alone); // the connection had been closed meanwhile
    } finally {
      own.active--;
      own.lastUsed = clock.now();
      sweep();
    }
  }
  /** Returns the first answer of a server, which is read at most once a minute. */
  async function firstOf(url: URL, signal: AbortSignal): Promise<ServerFirst | undefined> {
    const known = firsts.get(url.origin);
    if (known !== undefined && known.until > clock.now()) return known.first;
    const first = await probeTls(url, signal);
    if (firsts.size >= MAX_KEPT) firsts.clear();
    firsts.set(url.origin, { first, until: clock.now() + FIRST_KNOWN });
    return first;
  }
  async function secure(url: URL, init: ExchangeInit, peer: TlsPeer, key: string): Promise<Response> {
    const viaHelper = () => helper.exchange(url, init, peer, mayKeep(init, 0));
    if (helped.has(key) || (runtime === "deno" && isLegacy(peer.oldest) && helper.isThere())) return await viaHelper();
    try {
      return await native(url, init, peer, key);
    } catch (error) {
      if (!(error instanceof NotSentError) || init.signal.aborted || isOfNetwork(error)) throw error;
      const first = await firstOf(url, init.signal);
      const failure = { url, first, said: error.message, now: clock.wall(), ...peer };
      if (runtime !== "deno" || !needsOtherRuntime(failure) || !helper.isThere()) {
        throw new NotSentError(explainTls(failure));
      }
      if (helped.size >= MAX_KEPT) helped.clear();
      helped.add(key);
      return await viaHelper();
    }
  }
  return {
    exchange(origin, peer) {
      const key = `${origin} ${JSON.stringify([peer.trust, peer.oldest])}`;
      return (url, init) => url.protocol === "https:" ? secure(url, init, peer, key) : fetch(url, init);
    },
    close() {
      cancelSweep?.();
      for (const [key, own] of kept) drop(key, own);
      helper.close();
    },
  };
}

/** Streams occupy a connection for good, and an order that was lost on a closed connection must not be sent again. */
function mayKeep({ headers, method }: ExchangeInit, idle: number): boolean {
  return headers["accept"] !== "text/event-stream" && (method === "GET" || idle <= FRESH);
}

/** Tells whether the other end was not reached at all. */
function isOfNetwork({ cause }: Error): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"].some((each) =>
    each === code
  );
}
