import type { Clock } from "../../clock.ts";
import type { Step } from "../../plan/mod.ts";
import type { EngineNode, Out } from "../node.ts";
import type { Policy } from "../policy.ts";
import { type Counter, hasRoom, holderOf, isOverfull, releasePlace } from "./counter.ts";
import { countingRules, limitNeeds, needsWhile } from "./needs.ts";
import { createPlaces, type Places, type PlacesView } from "./places.ts";
import { needsIn, waitsFor } from "./reading.ts";

/** A node of the engine, as far as limits and invariants need it. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly out: Out;
  /** Mutations of this program that run or are about to. */
  readonly running: readonly Step[];
  /** Undefined if it no longer exists. */
  readonly node: EngineNode | undefined;
}

/**
 * Lets mutations start as limits and counting invariants allow, first come, first served.
 *
 * A mutation that cannot have all its places at once queues for each of them and takes none. A free place goes to the
 * first in its queue that can have all of its places, so a mutation that also waits for something else holds up no
 * other. A later one never gets a place that one in the queue could use.
 */
export interface LimitAdmission {
  readonly places: PlacesView;
  /** Replaces the rules. Waiting mutations keep their turns. */
  setPolicy(policy: Policy, subjects: Iterable<Subject>): void;
  /** Adds a node, with what was done to it: a share of its group may now allow more. */
  join(id: string, node: EngineNode, out: Out): void;
  /** Removes a node. */
  leave(id: string, name: string): void;
  /** Takes the places that a step needs, which must be free: see `hasToWait`. */
  acquire(id: string, node: EngineNode, step: Step, out: Out): void;
  /** Gives back the places that a mutation has at limits. */
  release(id: string, key: string): void;
  /** Waits in the queues of these steps, and of no other step of this node. */
  wait(id: string, node: EngineNode, steps: readonly Step[], out: Out): void;
  /** Records what was done to a node, which holds its places at invariants meanwhile. */
  hold(id: string, node: EngineNode, out: Out): void;
  stop(): void;
}

/**
 * Creates an admission without rules.
 *
 * @param clock Times rates and queues.
 * @param wake Schedules a look at a node.
 */
export function createLimitAdmission(clock: Clock, wake: (id: string) => void): LimitAdmission {
  const places: Places = createPlaces(clock, wake, (id, counter) => held.has(id, counter));
  const held = createHeldPlaces(places);
  const running = createRunningPlaces(places);

  /** Counts, by new rules, what runs and what was done to a node. */
  function countSubject({ id, name, out, running: steps, node }: Subject): void {
    for (const rule of places.rules) if (rule.matchesNode(name)) rule.members++;
    if (node === undefined) return;
    held.hold(id, node, out);
    for (const step of steps) {
      const limits = limitNeeds(places.rules, node, step).map(places.counterOf);
      for (const counter of limits) counter.holders.set(holderOf(counter, id, step.key), name);
      running.note(id, step.key, limits);
    }
  }

  const self: LimitAdmission = {
    places,
    setPolicy(policy, subjects) {
      const all = [...subjects];
      const known = new Map(all.map((subject) => [subject.id, subject]));
      running.clear();
      held.clear();
      const waited = places.reset(countingRules(policy));
      for (const subject of all) countSubject(subject);
      // Waiting mutations rejoin the queues before the first place is given away.
      const again = waited.flatMap(({ id, name, key, step, since }) => {
        const { node, out = "NO" } = known.get(id) ?? {};
        if (node === undefined) return [];
        const counters = needsIn(places, { node, step, out }).map(places.counterOf);
        if (counters.length > 0) return places.enqueue({ id, name, key, step, since, counters });
        wake(id);
        return [];
      });
      for (const { counters } of again) for (const counter of counters) places.dispatch(counter);
    },
    join(id, node, out) {
      const joined = places.rules.filter((rule) => rule.matchesNode(node.name));
      for (const rule of joined) rule.members++;
      held.hold(id, node, out);
      for (const rule of joined) {
        const counter = places.find({ rule, group: "" }); // a share has no groups by a variable
        if (counter !== undefined) places.dispatch(counter);
      }
    },
    leave(id, name) {
      for (const rule of places.rules) if (rule.matchesNode(name)) rule.members--;
      for (const waiter of places.waitersOf(id)) places.drop(waiter);
      held.leave(id);
    },
    acquire(id, node, step, out) {
      const needs = needsIn(places, { node, step, out });
      const counters = needs.map(places.counterOf);
      const waiter = places.waiterOf(id, step.key);
      if (waiter?.granted === true && waitsFor(waiter, needs)) places.consume(waiter);
      else {
        if (waiter !== undefined) places.detach(waiter);
        for (const counter of counters) places.take(counter, id, step.key, node.name);
        for (const counter of waiter?.counters ?? []) places.dispatch(counter);
      }
      running.note(id, step.key, counters);
    },
    release: running.release,
    wait(id, node, steps, out) {
      for (const waiter of places.waitersOf(id)) {
        if (!steps.some(({ key }) => key === waiter.key)) places.drop(waiter);
      }
      for (const step of steps) {
        const { key } = step;
        const needs = needsIn(places, { node, step, out });
        const before = places.waiterOf(id, key);
        if (before !== undefined && !waitsFor(before, needs)) places.drop(before);
        if (needs.length === 0) {
          wake(id);
          continue;
        }
        const waiter = places.waiterOf(id, key) ??
          places.enqueue({ id, name: node.name, key, step, since: clock.now(), counters: needs.map(places.counterOf) });
        if (waiter.granted && waiter.counters.some(isOverfull)) places.revoke(waiter); // its group has become smaller
        if (!waiter.counters.every((counter) => hasRoom(counter, clock.now()))) continue;
        for (const counter of waiter.counters) places.dispatch(counter);
      }
    },
    hold: held.hold,
    stop: places.stop,
  };
  return self;
}

/** The places at limits that running mutations have. */
function createRunningPlaces(places: Places) {
  /** The counters, by node and mutation. */
  const running = new Map<string, readonly Counter[]>();
  return {
    note(id: string, key: string, counters: readonly Counter[]): void {
      const limits = counters.filter(({ rule }) => rule.rule.kind === "limit");
      if (limits.length > 0) running.set(`${id} ${key}`, limits);
    },
    release(id: string, key: string): void {
      const counters = running.get(`${id} ${key}`) ?? [];
      running.delete(`${id} ${key}`);
      for (const counter of counters) {
        releasePlace(counter, id, key);
        places.dispatch(counter);
      }
    },
    clear: (): void => running.clear(),
  };
}

/** The places at invariants that nodes have by what was done to them. */
function createHeldPlaces(places: Places) {
  /** The counters, by node. */
  const held = new Map<string, ReadonlySet<Counter>>();

  function move(id: string, before: ReadonlySet<Counter> | undefined, after: ReadonlySet<Counter>): void {
    if (after.size > 0) held.set(id, after);
    else held.delete(id);
    for (const counter of before ?? []) {
      if (after.has(counter)) continue;
      counter.holders.delete(id);
      places.dispatch(counter);
    }
  }
  return {
    has: (id: string, counter: Counter): boolean => held.get(id)?.has(counter) === true,
    hold(id: string, node: EngineNode, out: Out): void {
      const before = held.get(id);
      if (out === "NO" && before === undefined) return;
      const after = new Set(needsWhile(places.rules, node, out).map(places.counterOf));
      for (const counter of after) counter.holders.set(id, node.name);
      move(id, before, after);
    },
    leave: (id: string): void => move(id, held.get(id), new Set()),
    clear: (): void => held.clear(),
  };
}
