import type { Blocker } from "../blocker.ts";
import type { NeededPlace, PlaceRequest } from "../rules.ts";
import type { InvariantStatus, LimitStatus } from "../types.ts";
import {
  capacityOf,
  type Counter,
  createCounter,
  hasRoom,
  holderOf,
  isOverfull,
  namedHolders,
  rankOf,
  type Waiter,
} from "./counter.ts";
import { createBucket } from "./counter.ts";
import { limitNeeds, type Need, needsOf, type Rule } from "./needs.ts";
import type { PlacesView } from "./places.ts";

/**
 * Lists every place that a step needs to start and that its node does not have yet.
 *
 * @param places The counters.
 */
export function needsIn(places: PlacesView, { node, step, out }: Pick<PlaceRequest, "node" | "step" | "out">): Need[] {
  return needsOf(places.rules, node, step, out, (need) => {
    const counter = places.find(need);
    return counter !== undefined && isOverfull(counter);
  });
}

/** Tells whether `waiter` waits for exactly the places of `needs`. */
export function waitsFor(waiter: Waiter, needs: readonly Need[]): boolean {
  return waiter.counters.length === needs.length &&
    needs.every((need) => waiter.counters.some(({ rule, group }) => rule === need.rule && group === need.group));
}

/**
 * Tells whether a step must wait for a place. No step takes a place that an earlier one could use, and places that the
 * same decision gives back are free only after it.
 *
 * @param places The counters.
 * @param request The step.
 * @param now Clock milliseconds.
 */
export function hasToWait(places: PlacesView, request: PlaceRequest, now: number): boolean {
  const needs = needsIn(places, request);
  const waiter = places.waiterOf(request.id, request.step.key);
  if (waiter?.granted === true && waitsFor(waiter, needs)) return waiter.counters.some(isOverfull);
  return needs.some((need) => !isFree(places, need, request, waiter, now));
}

function isFree(
  places: PlacesView,
  need: Need,
  request: PlaceRequest,
  waiter: Waiter | undefined,
  now: number,
): boolean {
  const more =
    request.taken.filter((step) => limitNeeds(places.rules, request.node, step).some(({ rule }) => rule === need.rule))
      .length;
  const counter = places.find(need) ?? emptyCounter(need, now);
  return hasRoom(counter, now, more) && !isClaimed(counter, waiter, now);
}

/** Tells whether an earlier waiter could start now. */
function isClaimed(counter: Counter, waiter: Waiter | undefined, now: number): boolean {
  for (const earlier of counter.queue) {
    if (earlier === waiter) return false;
    if (earlier.counters.every((each) => hasRoom(each, now))) return true;
  }
  return false;
}

/**
 * Describes what a waiting step waits for, with its position in the queue, or the position that it would have.
 *
 * @param places The counters.
 * @param request The step.
 * @param now Clock milliseconds.
 */
export function blockerOf(places: PlacesView, request: PlaceRequest, now: number): Blocker {
  const needs = needsIn(places, request);
  const waiter = places.waiterOf(request.id, request.step.key);
  if (waiter !== undefined && waitsFor(waiter, needs)) return blockerAt(waiter, now);
  const need = needs.find((each) => !isFree(places, each, request, waiter, now));
  if (need === undefined) return { kind: "turn" };
  const counter = places.find(need) ?? emptyCounter(need, now);
  return describePlace(counter, now, counter.queue.size + 1, [...counter.queue].at(-1)?.name);
}

function blockerAt(waiter: Waiter, now: number): Blocker {
  const counter = waiter.counters.find((each) => !hasRoom(each, now)) ?? waiter.counters[0];
  if (counter === undefined || waiter.granted) return { kind: "turn" };
  const { place, behind } = rankOf(counter, waiter);
  return describePlace(counter, waiter.since, place, behind);
}

function describePlace(counter: Counter, since: number, place: number, behind: string | undefined): Blocker {
  const { rule: { rule }, group, holders } = counter;
  const by = rule.kind === "away" ? undefined : rule.by;
  const line = { since, place, ...(behind !== undefined && { behind }) };
  const counted = { group, ...(by !== undefined && { by }), inFlight: holders.size, holders: namedHolders(counter) };
  if (rule.kind !== "limit") {
    const atMost = capacityOf(counter);
    return { kind: "count", invariant: rule.name, counts: rule.kind, ...counted, atMost, ...line };
  }
  const bounds = {
    ...(rule.atMost !== undefined && { atMost: rule.atMost }),
    ...(rule.perSecond !== undefined && { perSecond: rule.perSecond }),
  };
  return { kind: "limit", limit: rule.name, ...counted, ...bounds, ...line };
}

/**
 * Lists the places that a step needs, and how many others have them or wait for them.
 *
 * @param places The counters.
 */
export function placesFor(
  places: PlacesView,
  { id, node, step, out }: Pick<PlaceRequest, "id" | "node" | "step" | "out">,
): NeededPlace[] {
  return needsIn(places, { node, step, out }).map((need) => {
    const { rule: { rule }, group } = need;
    const counter = places.find(need);
    const waiting = [...counter?.queue ?? []].filter((waiter) => waiter.id !== id).length;
    const holding = counter === undefined
      ? 0
      : counter.holders.size - Number(counter.holders.has(holderOf(counter, id, step.key)));
    const capacity = capacityOf(need);
    return { rule, group, atMost: capacity === Infinity ? undefined : capacity, taken: holding + waiting };
  });
}

/**
 * Lists limits, with the nodes that wait at them.
 *
 * @param places The counters.
 * @param now Clock milliseconds.
 */
export function limitStatuses(places: PlacesView, now: number): LimitStatus[] {
  return places.rules.flatMap((rule) => {
    const { rule: limit } = rule;
    if (limit.kind !== "limit") return [];
    return countersOf(places, rule, now).map((counter) => ({
      name: limit.name,
      group: counter.group,
      inFlight: counter.holders.size,
      holders: namedHolders(counter),
      ...(limit.atMost !== undefined && { atMost: limit.atMost }),
      ...(limit.perSecond !== undefined && { perSecond: limit.perSecond }),
      queue: queueOf(counter),
    }));
  });
}

/**
 * Lists invariants with a bound, with the nodes that wait for them.
 *
 * @param places The counters.
 * @param now Clock milliseconds.
 */
export function invariantStatuses(places: PlacesView, now: number): InvariantStatus[] {
  return places.rules.flatMap((rule) => {
    const { kind, name } = rule.rule;
    if (kind === "limit") return [];
    return countersOf(places, rule, now).map((counter) => ({
      name,
      kind,
      group: counter.group,
      count: counter.holders.size,
      holders: namedHolders(counter),
      atMost: capacityOf(counter),
      queue: queueOf(counter),
    }));
  });
}

function queueOf(counter: Counter): { node: string; mutation: string; since: number }[] {
  return [...counter.queue].map(({ name, key, since }) => ({ node: name, mutation: key, since }));
}

/** Lists the counters of a rule; one without a group if nothing has asked yet. */
function countersOf(places: PlacesView, rule: Rule, now: number): Counter[] {
  const own = [...places.counters()].filter((counter) => counter.rule === rule);
  if (own.length > 0) return own.sort((a, b) => a.group < b.group ? -1 : 1);
  return [emptyCounter({ rule, group: "" }, now)];
}

function emptyCounter(need: Need, now: number): Counter {
  const { rule } = need.rule;
  const perSecond = rule.kind === "limit" ? rule.perSecond : undefined;
  return createCounter(need, perSecond === undefined ? undefined : createBucket(perSecond, now));
}
