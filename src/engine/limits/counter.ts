import type { Step } from "../../plan/mod.ts";
import type { Bucket } from "./bucket.ts";
import type { CountingRule, Need } from "./needs.ts";

/** A mutation that waits for its turn. */
export interface Waiter {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly step: Step;
  /** Counters of which it needs a place each. */
  readonly counters: readonly Counter[];
  /** Clock milliseconds. */
  readonly since: number;
  /** Who came earlier has a smaller one. */
  readonly turn: number;
  /** True when it has its places, and only has to start. */
  granted: boolean;
}

/** The places of one rule for one group of nodes. */
export interface Counter extends Need {
  readonly bucket: Bucket | undefined;
  /** Who holds a place, a node and mutation for a limit, a node for an invariant; with the name of the node. */
  readonly holders: Map<string, string>;
  /** In the order in which they came. */
  readonly queue: Set<Waiter>;
  /** Places in the queue, worked out when somebody asks. */
  ranks: ReadonlyMap<Waiter, { readonly place: number; readonly behind: string | undefined }> | undefined;
}

/** Makes a counter that nobody has a place of. */
export function createCounter({ rule, group }: Need, bucket: Bucket | undefined): Counter {
  return { rule, group, bucket, holders: new Map(), queue: new Set(), ranks: undefined };
}

/** Names one mutation or node among the holders of a counter. */
export function holderOf(counter: Counter, id: string, key: string): string {
  return counter.rule.rule.kind === "limit" ? `${id} ${key}` : id;
}

/** Takes a place. */
export function acquire(counter: Counter, id: string, key: string, name: string, now: number): void {
  counter.holders.set(holderOf(counter, id, key), name);
  counter.bucket?.take(now);
}

/** Gives a place back. */
export function release(counter: Counter, id: string, key: string): void {
  counter.holders.delete(holderOf(counter, id, key));
}

/** The most holders that are named. */
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

/** The most holders of a counter. */
export function capacityOf({ rule: { rule, members } }: Need): number {
  if (rule.kind === "limit") return rule.atMost ?? Infinity;
  return rule.atMost.kind === "count" ? rule.atMost.count : shareOf(rule.atMost.percent, members);
}

/** Computes how many nodes a share of some is, counted down to whole ones. */
export function shareOf(percent: number, members: number): number {
  return Math.floor((percent * members) / 100);
}

/** Tells whether more hold a place than may: nodes of its group are gone. */
export function isOverfull(counter: Counter): boolean {
  return counter.holders.size > capacityOf(counter);
}

/**
 * Tells whether somebody may take a place now.
 *
 * @param more How many places are taken beside those that are counted.
 */
export function hasRoom(counter: Counter, now: number, more = 0): boolean {
  return counter.holders.size + more < capacityOf(counter) && counter.bucket?.has(now, 1 + more) !== false;
}

/** Finds where a waiter is in the queue of a counter, counted from 1, and the node before it. */
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

/** Names a counter among all of them. */
export function counterKey(rule: CountingRule, group: string): string {
  return `${rule.kind} ${rule.name} ${group}`;
}
