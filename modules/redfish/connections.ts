import { Agent } from "node:https";
import type { Socket } from "node:net";
import type { Clock } from "../../src/clock.ts";
import { type Exchange, type ExchangeInit, exchangeTrusting, NotSentError, type Trust } from "./exchange.ts";

/** The most connections with one BMC at a time; one of them is kept. */
const MAX_SOCKETS = 4;
/** The most BMCs whose connection is kept, and for how long one is that is not used, in milliseconds. */
const MAX_KEPT = 512;
const KEEP_IDLE = 60_000;
/** A connection that was quiet for longer, in milliseconds, may have been closed: no order is risked on it. */
const FRESH = 5_000;

/** How BMCs are reached: over a connection to each that is kept while it is used. */
export interface Connections {
  /** The way to a BMC. Connections that were made for one trust are not used for another. */
  exchange(origin: string, trust: Trust): Exchange;
  close(): void;
}

interface Kept {
  readonly agent: Agent;
  readonly judged: WeakSet<Socket>;
  active: number;
  lastUsed: number;
}

/** Makes the connections of a module. */
export function createConnections(clock: Clock): Connections {
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
  async function secure(url: URL, init: ExchangeInit, trust: Trust, key: string): Promise<Response> {
    const own = use(key);
    const { judged } = own;
    const alone = { trust, judged, options: {}, agent: false } as const;
    // Streams take a connection for good; an order that is lost on one that was closed can't be done again.
    const streams = init.headers["accept"] === "text/event-stream";
    const risky = init.method !== "GET" && clock.now() - own.lastUsed > FRESH;
    if (streams || risky) return await exchangeTrusting(url, init, alone);
    own.active++;
    try {
      return await exchangeTrusting(url, init, { ...alone, agent: own.agent });
    } catch (error) {
      if (init.signal.aborted || init.method !== "GET" || error instanceof NotSentError) throw error;
      return await exchangeTrusting(url, init, alone); // the connection had been closed meanwhile
    } finally {
      own.active--;
      own.lastUsed = clock.now();
      sweep();
    }
  }
  return {
    exchange(origin, trust) {
      const key = `${origin} ${JSON.stringify(trust)}`;
      return (url, init) => url.protocol === "https:" ? secure(url, init, trust, key) : fetch(url, init);
    },
    close() {
      cancelSweep?.();
      for (const [key, own] of kept) drop(key, own);
    },
  };
}
