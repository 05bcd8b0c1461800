import type { Step } from "../../plan/mod.ts";
import { borrowToken, fullBucket, giveTokenBack, hasTokens, type Rate, waitForToken } from "../../toolkit/mod.ts";
import type { CountingRule, Need } from "./needs.ts";

/** A token bucket: it allows `perSecond` starts in a second, and as many at once after a pause. */
export interface Bucket {
  readonly perSecond: number;
  /** Tells whether `count` starts are allowed at `now`, in clock milliseconds. @param count @default 1 */
  has(now: number, count?: number): boolean;
  /** Counts a start. */
  take(now: number): void;
  /** Cancels a start. */
  giveBack(now: number): void;
  /** Returns the time until the next start is allowed, in milliseconds. */
  wait(now: number): number;
}

/**
 * Creates a full bucket.
 *
 * @param perSecond Starts in a second, more than 0.
 * @param now Clock milliseconds.
 */
export function createBucket(perSecond: number, now: number): Bucket {
  const rate: Rate = { burst: Math.max(1, perSecond), perSecond };
  const bucket = fullBucket(rate, now);
  return {
    perSecond,
    has: (now, count) => hasTokens(bucket, rate, now, count),
    take: (now) => borrowToken(bucket, rate, now),
    giveBack: (now) => giveTokenBack(bucket, rate, now),
    wait: (now) => waitForToken(bucket, rate, now),
  };
}

/** A mutation that waits for its turn. */
export interface Waiter {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly step: Step;
  /** The counters at which it needs a place. */
  readonly counters: readonly Counter[];
  /** Clock milliseconds. */
  readonly since: number;
  /** The lower turn came first. */
  readonly turn: number;
  /** True when it has its places and only has to start. */
  granted: boolean;
}

/** The places of one rule for one group of nodes. */
export interface Counter extends Need {
  readonly bucket: Bucket | undefined;
  /** The holders of places, with the names of their nodes: a node and mutation for a limit, a node for an invariant. */
  readonly holders: Map<string, string>;
  /** In the order in which they came. */
  readonly queue: Set<Waiter>;
  /** Positions in the queue, computed on demand. */
  ranks: ReadonlyMap<Waiter, { readonly place: number; readonly behind: string | undefined }> | undefined;
}

/**
 * Creates a counter without holders.
 *
 * @param bucket The rate of a limit, if it has one.
 */
export function createCounter({ rule, group }: Need, bucket: Bucket | undefined): Counter {
  return { rule, group, bucket, holders: new Map(), queue: new Set(), ranks: undefined };
}

/**
 * Names a holder of `counter`.
 *
 * @param id The node's id.
 * @param key The mutation.
 */
export function holderOf(counter: Counter, id: string, key: string): string {
  return counter.rule.rule.kind === "limit" ? `${id} ${key}` : id;
}

/**
 * Takes a place at `counter`.
 *
 * @param id The node's id.
 * @param key The mutation.
 * @param name The node's name.
 * @param now Clock milliseconds.
 */
export function acquirePlace(counter: Counter, id: string, key: string, name: string, now: number): void {
  counter.holders.set(holderOf(counter, id, key), name);
  counter.bucket?.take(now);
}

/**
 * Gives back a place at `counter`.
 *
 * @param id The node's id.
 * @param key The mutation.
 */
export function releasePlace(counter: Counter, id: string, key: string): void {
  counter.holders.delete(holderOf(counter, id, key));
}

/** The largest number of holders to name. */
const MAX_NAMED = 5;

/** Names the first few nodes that have places. */
export function namedHolders({ holders }: Counter): string[] {
  const names: string[] = [];
  for (const name of holders.values()) {
    if (names.length === MAX_NAMED) break;
    names.push(name);
  }
  return names;
}

/** Returns the number of places. */
export function capacityOf({ rule: { rule, members } }: Need): number {
  if (rule.kind === "limit") return rule.atMost ?? Infinity;
  return rule.atMost.kind === "count" ? rule.atMost.count : shareOf(rule.atMost.percent, members);
}

/** Returns how many of `members` nodes a share of `percent` is, rounded down. */
export function shareOf(percent: number, members: number): number {
  return Math.floor((percent * members) / 100);
}

/** Tells whether `counter` has more holders than places, because its group has become smaller. */
export function isOverfull(counter: Counter): boolean {
  return counter.holders.size > capacityOf(counter);
}

/**
 * Tells whether a place at `counter` is free.
 *
 * @param now Clock milliseconds.
 * @param more Places taken in addition to those that are counted.
 */
export function hasRoom(counter: Counter, now: number, more = 0): boolean {
  return counter.holders.size + more < capacityOf(counter) && counter.bucket?.has(now, 1 + more) !== false;
}

/** Finds the position of `waiter` in the queue of `counter`, counted from 1, and the node before it. */
export function rankOf(
  counter: Counter,
  waiter: Waiter,
): { readonly place: number; readonly behind: string | undefined } {
  if (counter.ranks === undefined) {
    const ranks = new Map<Waiter, { place: number; behind: string | undefined }>();
    let behind: string | undefined;
    for (const each of counter.queue) {
      ranks.set(each, { place: ranks.size + 1, behind });
      behind = each.name;
    }
    counter.ranks = ranks;
  }
  return counter.ranks.get(waiter) ?? { place: 0, behind: undefined };
}

/** Names the counter of `rule` for `group`. */
export function counterKey(rule: CountingRule, group: string): string {
  return `${rule.kind} ${rule.name} ${group}`;
}

/** Puts `waiter` at the end of the queues of its counters. */
export function joinQueues(waiter: Waiter): void {
  for (const counter of waiter.counters) {
    counter.queue.add(waiter);
    counter.ranks = undefined;
  }
}

/** Puts `waiter` into the queues of its counters again, where its turn is. */
export function rejoinQueues(waiter: Waiter): void {
  for (const counter of waiter.counters) {
    const inTurn = [...counter.queue, waiter].sort((a, b) => a.turn - b.turn);
    counter.queue.clear();
    for (const each of inTurn) counter.queue.add(each);
    counter.ranks = undefined;
  }
}

/** Takes `waiter` out of the queues of its counters. */
export function leaveQueues(waiter: Waiter): void {
  for (const counter of waiter.counters) if (counter.queue.delete(waiter)) counter.ranks = undefined;
}
