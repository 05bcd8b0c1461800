import type { Invariant, Limit } from "../policy.ts";
import type { Step } from "../../plan/mod.ts";
import type { Bucket } from "./bucket.ts";
import type { Matcher } from "./match.ts";

/** A rule that counts: a limit, or an invariant with a bound. */
export type CountingRule = Limit | Extract<Invariant, { kind: "away" | "transition" }>;

/** A counting rule, ready to be asked. */
export interface Rule {
  readonly rule: CountingRule;
  readonly matchesNode: Matcher;
  readonly matchesMutation: Matcher;
  /** How many known nodes it is about. */
  members: number;
}

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
  /** True when it was asked for in the look at its node that is under way. */
  asked: boolean;
}

/** The places of one rule for one group of nodes. */
export interface Counter {
  readonly rule: Rule;
  readonly group: string;
  readonly bucket: Bucket | undefined;
  /** Who holds a place, a node and mutation for a limit, a node for an invariant; with the name of the node. */
  readonly holders: Map<string, string>;
  /** In the order in which they came. */
  readonly queue: Set<Waiter>;
  /** Places in the queue, worked out when somebody asks. */
  ranks: ReadonlyMap<Waiter, { readonly place: number; readonly behind: string | undefined }> | undefined;
}

/** What one mutation or node is called among the holders of a counter. */
export function holderOf(counter: Counter, id: string, key: string): string {
  return counter.rule.rule.kind === "limit" ? `${id} ${key}` : id;
}

/** The most holders that are named. */
const MAX_NAMED = 5;

/** Names of nodes that have places: the first few. */
export function namedHolders({ holders }: Counter): string[] {
  const names: string[] = [];
  for (const name of holders.values()) {
    if (names.length === MAX_NAMED) break;
    names.push(name);
  }
  return names;
}

/** The most holders of a counter. */
export function capacityOf({ rule: { rule, members } }: Counter): number {
  if (rule.kind === "limit") return rule.atMost ?? Infinity;
  return rule.atMost.kind === "count" ? rule.atMost.count : shareOf(rule.atMost.percent, members);
}

/** How many nodes a share of some is, counted down to whole ones. */
export function shareOf(percent: number, members: number): number {
  return Math.floor((percent * members) / 100);
}

/** Tells whether more hold a place than may: nodes of its group are gone. */
export function isOverfull(counter: Counter): boolean {
  return counter.holders.size > capacityOf(counter);
}

/** Tells whether somebody may take a place now. */
export function hasRoom(counter: Counter, now: number): boolean {
  return counter.holders.size < capacityOf(counter) && counter.bucket?.has(now) !== false;
}

/** Where a waiter is in the queue of a counter, counted from 1, and the node before it. */
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
