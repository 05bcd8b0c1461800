import type { Clock } from "../../clock.ts";
import {
  acquirePlace,
  type Bucket,
  type Counter,
  counterKey,
  createBucket,
  createCounter,
  hasRoom,
  joinQueues,
  leaveQueues,
  rejoinQueues,
  releasePlace,
  type Waiter,
} from "./counter.ts";
import type { Need, Rule } from "./needs.ts";

/** A read-only view of the counters of a policy and their queues. */
export interface PlacesView {
  readonly rules: readonly Rule[];
  counters(): Iterable<Counter>;
  /** Finds the counter of a need; undefined while it has neither holders nor waiters. */
  find(need: Need): Counter | undefined;
  waiterOf(id: string, key: string): Waiter | undefined;
}

/** The counters of a policy and their queues. */
export interface Places extends PlacesView {
  waitersOf(id: string): Waiter[];
  /** Returns the counter of a need, and creates it if necessary. */
  counterOf(need: Need): Counter;
  /** Joins the queue of each of its counters. */
  enqueue(waiter: Omit<Waiter, "granted" | "turn">): Waiter;
  /** Leaves the queues and keeps the places that were granted. */
  consume(waiter: Waiter): void;
  /** Leaves the queues. Its places become free and are not granted yet. */
  detach(waiter: Waiter): void;
  /** Leaves the queues. Its places go to the next. */
  drop(waiter: Waiter): void;
  /** Withdraws places that were granted and are not used yet: the waiter keeps its turn. */
  revoke(waiter: Waiter): void;
  /** Takes a place. */
  take(counter: Counter, id: string, key: string, name: string): void;
  /** Grants free places to waiters, and schedules looks at their nodes. */
  dispatch(counter: Counter): void;
  /** Starts again with other rules; rates do not start again. @returns The waiters, in the order of their turns. */
  reset(rules: readonly Rule[]): Waiter[];
  stop(): void;
}

/**
 * Creates places without rules.
 *
 * @param clock Times rates.
 * @param wake Schedules a look at a node.
 * @param holds Tells whether a node has a place at an invariant by what was done to it.
 */
export function createPlaces(
  clock: Clock,
  wake: (id: string) => void,
  holds: (id: string, counter: Counter) => boolean,
): Places {
  let rules: readonly Rule[] = [];
  let counters = new Map<string, Counter>();
  /** Counts the waiters so far. */
  let turns = 0;
  const waiters = createWaiters();
  const refills = new Map<Counter, () => void>();

  /** @param before The bucket of the same counter under the earlier rules. */
  function counterOf(need: Need, before?: Bucket): Counter {
    const { rule: { rule }, group } = need;
    const key = counterKey(rule, group);
    const known = counters.get(key);
    if (known !== undefined) return known;
    const perSecond = rule.kind === "limit" ? rule.perSecond : undefined;
    const isSame = before !== undefined && before.perSecond === perSecond;
    const fresh = perSecond === undefined ? undefined : createBucket(perSecond, clock.now());
    const counter = createCounter(need, isSame ? before : fresh);
    counters.set(key, counter);
    return counter;
  }

  function hasAllRoom(waiter: Waiter): boolean {
    return waiter.counters.every((counter) => hasRoom(counter, clock.now()));
  }
  function giveBack({ counters, id, key }: Waiter): void {
    for (const counter of counters) {
      if (holds(id, counter)) continue;
      releasePlace(counter, id, key);
      counter.bucket?.giveBack(clock.now());
    }
  }

  function grant(waiter: Waiter): void {
    const { id, name, key } = waiter;
    leaveQueues(waiter);
    for (const counter of waiter.counters) self.take(counter, id, key, name);
    waiter.granted = true;
    wake(id);
  }

  /** Schedules the next grant of a rate. */
  function awaitRefill(counter: Counter): void {
    const { bucket, queue } = counter;
    if (bucket === undefined || queue.size === 0 || refills.has(counter) || bucket.has(clock.now())) return;
    const refill = clock.after(bucket.wait(clock.now()), () => {
      refills.delete(counter);
      self.dispatch(counter);
    });
    refills.set(counter, refill);
  }

  /** Removes a counter without holders and waiters. */
  function tidy(counter: Counter): void {
    const { rule: { rule }, group, holders, queue, bucket } = counter;
    if (holders.size > 0 || queue.size > 0 || bucket !== undefined) return;
    counters.delete(counterKey(rule, group));
  }

  const self: Places = {
    get rules() {
      return rules;
    },
    counters: () => counters.values(),
    find: ({ rule: { rule }, group }) => counters.get(counterKey(rule, group)),
    waiterOf: waiters.get,
    waitersOf: waiters.of,
    counterOf: (need) => counterOf(need),
    enqueue(asked) {
      const waiter: Waiter = { ...asked, turn: turns++, granted: false };
      joinQueues(waiter);
      waiters.add(waiter);
      for (const counter of waiter.counters) awaitRefill(counter);
      return waiter;
    },
    consume(waiter) {
      waiters.remove(waiter);
      leaveQueues(waiter);
    },
    detach(waiter) {
      self.consume(waiter);
      if (waiter.granted) giveBack(waiter);
    },
    drop(waiter) {
      self.detach(waiter);
      for (const counter of waiter.counters) self.dispatch(counter);
    },
    revoke(waiter) {
      waiter.granted = false;
      rejoinQueues(waiter);
      giveBack(waiter);
      for (const counter of waiter.counters) self.dispatch(counter);
    },
    take(counter, id, key, name) {
      acquirePlace(counter, id, key, name, clock.now());
      awaitRefill(counter); // others may wait there for something else, and would find the rate used up
    },
    dispatch(counter) {
      for (const waiter of counter.queue) {
        if (!hasRoom(counter, clock.now())) break;
        if (hasAllRoom(waiter)) grant(waiter);
      }
      awaitRefill(counter);
      tidy(counter);
    },
    reset(next) {
      const waited = waiters.clear();
      for (const { granted, counters } of waited) {
        if (granted) { for (const { bucket } of counters) bucket?.giveBack(clock.now()); }
      }
      self.stop();
      const before = counters;
      counters = new Map();
      rules = next;
      for (const { rule: { rule }, group, bucket } of before.values()) {
        const same = rules.find((each) => counterKey(each.rule, group) === counterKey(rule, group));
        if (bucket !== undefined && same !== undefined) counterOf({ rule: same, group }, bucket);
      }
      return waited;
    },
    stop() {
      for (const cancel of refills.values()) cancel();
      refills.clear();
    },
  };
  return self;
}

/** What waits, by node and mutation. */
function createWaiters() {
  const waiters = new Map<string, Map<string, Waiter>>();
  return {
    get: (id: string, key: string): Waiter | undefined => waiters.get(id)?.get(key),
    of: (id: string): Waiter[] => [...(waiters.get(id)?.values() ?? [])],
    add(waiter: Waiter): void {
      const own = waiters.get(waiter.id);
      if (own === undefined) waiters.set(waiter.id, new Map([[waiter.key, waiter]]));
      else own.set(waiter.key, waiter);
    },
    remove(waiter: Waiter): void {
      const own = waiters.get(waiter.id);
      own?.delete(waiter.key);
      if (own?.size === 0) waiters.delete(waiter.id);
    },
    /** @returns All of them, in the order of their turns. */
    clear(): Waiter[] {
      const all = [...waiters.values()].flatMap((own) => [...own.values()]).sort((a, b) => a.turn - b.turn);
      waiters.clear();
      return all;
    },
  };
}
