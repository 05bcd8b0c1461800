import type { Clock } from "../../clock.ts";
import { isDisruptive, isInSync } from "../disruption.ts";
import type { Invariant, Policy } from "../policy.ts";
import type { Step } from "../../plan/mod.ts";
import type { EngineNode, InvariantStatus, LimitStatus, Obstacle, Out } from "../types.ts";
import { type Bucket, createBucket } from "./bucket.ts";
import {
  capacityOf,
  type Counter,
  type CountingRule,
  hasRoom,
  holderOf,
  isOverfull,
  namedHolders,
  rankOf,
  type Rule,
  type Waiter,
} from "./counter.ts";
import { matchMutations, matchNodes } from "./match.ts";

/** A node of the engine, as far as it matters to the rules. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly out: Out;
  /** Our mutations in flight. */
  readonly flying: readonly Step[];
  /** Undefined when it is gone. */
  readonly node: EngineNode | undefined;
}

/**
 * Lets mutations start as limits and counting invariants allow, first come first served.
 *
 * Whoever can't have all its places at once queues for each of them, and takes none. When a place comes free it goes to the
 * first in its queue that can have all of its places: who waits for something else as well holds nobody up. Nobody who comes
 * later gets a place that somebody in the queue could have.
 */
export interface Admission {
  /** Replaces the rules. Who waits keeps its turn. */
  setPolicy(policy: Policy, subjects: Iterable<Subject>): void;
  /** A node is there, and this was done to it: a share of its group may allow more than before. */
  join(id: string, node: EngineNode, out: Out): void;
  /** A node is gone. */
  leave(id: string, name: string): void;
  /** Takes the places that a step needs. @returns False when it has to wait; it waits from now on. */
  ask(id: string, node: EngineNode, step: Step): boolean;
  /** The look at a node is over: what it did not ask for again gives up its place in the queue. */
  settle(id: string): void;
  /** A mutation of ours is over. */
  ended(id: string, key: string): void;
  /** What was done to a node: it holds its places of invariants for as long. */
  stand(id: string, node: EngineNode, out: Out): void;
  /** What a mutation waits for. */
  obstacle(id: string, key: string): Obstacle | undefined;
  limits(): LimitStatus[];
  invariants(): InvariantStatus[];
  stop(): void;
}

/** Makes an admission without rules. `wake` has a node looked at soon. */
export function createAdmission(clock: Clock, wake: (id: string) => void): Admission {
  let rules: Rule[] = [];
  let counters = new Map<string, Counter>();
  /** Counts up with each that comes to wait. */
  let turns = 0;
  /** By node, then mutation. */
  const waiters = new Map<string, Map<string, Waiter>>();
  /** The counters that a mutation in flight has places of, by node and mutation. */
  const flying = new Map<string, readonly Counter[]>();
  /** The counters of invariants that a node has places of. */
  const standing = new Map<string, Set<Counter>>();
  const refills = new Map<Counter, () => void>();

  function groupOf(rule: CountingRule, node: EngineNode): string {
    if (rule.kind === "away" || rule.by === undefined) return "";
    return String(node.view.get(rule.by) ?? node.cfg.get(rule.by) ?? "");
  }

  /** @param before The bucket of the same counter under the rules before these. */
  function counterOf(rule: Rule, group: string, before?: Bucket): Counter {
    const key = keyOf(rule.rule, group);
    const known = counters.get(key);
    if (known !== undefined) return known;
    const perSecond = rule.rule.kind === "limit" ? rule.rule.perSecond : undefined;
    const bucket = perSecond === undefined
      ? undefined
      : before?.perSecond === perSecond
      ? before
      : createBucket(perSecond, clock.now());
    const counter: Counter = { rule, group, bucket, holders: new Map(), queue: new Set(), ranks: undefined };
    counters.set(key, counter);
    return counter;
  }

  /** Counters of invariants in which a node counts while this has been done to it. */
  function countersFor(node: EngineNode, out: Out): Counter[] {
    return rules.filter(({ rule, matchesNode }) =>
      ((rule.kind === "away" && (out === "TAKEN" || out === "AWAY")) ||
        (rule.kind === "transition" && (out === "TAKEN" || out === "CUT"))) && matchesNode(node.name)
    ).map((rule) => counterOf(rule, groupOf(rule.rule, node)));
  }

  function limitsFor(node: EngineNode, step: Step): Counter[] {
    const name = `${step.module}/${step.mutation}`;
    return rules.filter(({ rule, matchesNode, matchesMutation }) =>
      rule.kind === "limit" && matchesMutation(name) && matchesNode(node.name)
    ).map((rule) => counterOf(rule, groupOf(rule.rule, node)));
  }

  /** Every counter of which a step needs a place that its node does not have yet. */
  function neededFor(id: string, node: EngineNode, step: Step): Counter[] {
    const limits = limitsFor(node, step);
    if (!isDisruptive(step, node)) return limits;
    const had = standing.get(id);
    const inSync = isInSync(node);
    // A node that is in SYNC still holds a place only for what was broken off: no claim when its group has shrunk meanwhile.
    const needed = countersFor(node, inSync ? "TAKEN" : "CUT").filter((counter) =>
      had?.has(counter) !== true || (inSync && isOverfull(counter))
    );
    return [...limits, ...needed];
  }

  function hasAllRoom({ counters }: Waiter): boolean {
    return counters.every((counter) => hasRoom(counter, clock.now()));
  }

  /** Gives places of a mutation that did not start back. */
  function giveBack(waiter: Waiter): void {
    for (const counter of waiter.counters) {
      if (standing.get(waiter.id)?.has(counter) === true) continue;
      counter.holders.delete(holderOf(counter, waiter.id, waiter.key));
      counter.bucket?.giveBack(clock.now());
    }
    for (const counter of waiter.counters) dispatch(counter);
  }

  function enqueue(waiter: Waiter): void {
    for (const counter of waiter.counters) {
      counter.queue.add(waiter);
      counter.ranks = undefined;
    }
    const own = waiters.get(waiter.id);
    if (own === undefined) waiters.set(waiter.id, new Map([[waiter.key, waiter]]));
    else own.set(waiter.key, waiter);
    for (const counter of waiter.counters) awaitRefill(counter);
  }

  function leaveQueues(waiter: Waiter): void {
    for (const counter of waiter.counters) {
      if (counter.queue.delete(waiter)) counter.ranks = undefined;
    }
  }

  function forget({ id, key }: Waiter): void {
    const own = waiters.get(id);
    own?.delete(key);
    if (own?.size === 0) waiters.delete(id);
  }

  function drop(waiter: Waiter): void {
    forget(waiter);
    leaveQueues(waiter);
    if (waiter.granted) giveBack(waiter);
    else for (const counter of waiter.counters) tidy(counter);
  }

  function grant(waiter: Waiter): void {
    const { id, name, key } = waiter;
    leaveQueues(waiter);
    for (const counter of waiter.counters) {
      counter.holders.set(holderOf(counter, id, key), name);
      counter.bucket?.take(clock.now());
      awaitRefill(counter); // others may stand there for something else, and find the rate used up when they get that
    }
    waiter.granted = true;
  }

  /** Takes back what was granted and not used yet: it waits on in its turn. */
  function revoke(waiter: Waiter): void {
    waiter.granted = false;
    for (const counter of waiter.counters) {
      const inTurn = [...counter.queue, waiter].sort((a, b) => a.turn - b.turn);
      counter.queue.clear();
      for (const each of inTurn) counter.queue.add(each);
      counter.ranks = undefined;
    }
    giveBack(waiter);
  }

  /** Gives free places to those that wait. @param asking Who asks right now: it need not be woken. */
  function dispatch(counter: Counter, asking?: Waiter): void {
    for (const waiter of counter.queue) {
      if (!hasRoom(counter, clock.now())) break;
      if (!hasAllRoom(waiter)) continue;
      grant(waiter);
      if (waiter !== asking) wake(waiter.id);
    }
    awaitRefill(counter);
    tidy(counter);
  }

  /** A rate lets the next one go when its time has come. */
  function awaitRefill(counter: Counter): void {
    const { bucket, queue } = counter;
    if (bucket === undefined || queue.size === 0 || refills.has(counter) || bucket.has(clock.now())) return;
    refills.set(
      counter,
      clock.after(bucket.wait(clock.now()), () => {
        refills.delete(counter);
        dispatch(counter);
      }),
    );
  }

  /** Forgets a counter that says nothing any more. */
  function tidy(counter: Counter): void {
    const { rule: { rule }, group, holders, queue, bucket } = counter;
    if (holders.size > 0 || queue.size > 0 || bucket !== undefined) return;
    const key = keyOf(rule, group);
    if (counters.get(key) === counter) counters.delete(key);
  }

  function obstacleOf(waiter: Waiter): Obstacle {
    const now = clock.now();
    const counter = waiter.counters.find((each) => !hasRoom(each, now)) ?? waiter.counters[0];
    if (counter === undefined || waiter.granted) return { kind: "turn" };
    const { rule: { rule }, group, holders } = counter;
    const by = rule.kind === "away" ? undefined : rule.by;
    const { place, behind } = rankOf(counter, waiter);
    const line = { since: waiter.since, place, ...(behind !== undefined && { behind }) };
    const counted = { group, ...(by !== undefined && { by }), inFlight: holders.size, holders: namedHolders(counter) };
    if (rule.kind !== "limit") {
      return {
        kind: "count",
        invariant: rule.name,
        counts: rule.kind,
        ...counted,
        atMost: capacityOf(counter),
        ...line,
      };
    }
    const bounds = {
      ...(rule.atMost !== undefined && { atMost: rule.atMost }),
      ...(rule.perSecond !== undefined && { perSecond: rule.perSecond }),
    };
    return { kind: "limit", limit: rule.name, ...counted, ...bounds, ...line };
  }

  function queueOf(counter: Counter): { node: string; mutation: string; since: number }[] {
    return [...counter.queue].map(({ name, key, since }) => ({ node: name, mutation: key, since }));
  }

  /** The counters of a rule; one without a group where nothing has asked yet. */
  function countersOf(rule: Rule): Counter[] {
    const own = [...counters.values()].filter((counter) => counter.rule === rule);
    if (own.length > 0) return own.sort((a, b) => a.group < b.group ? -1 : 1);
    return [{ rule, group: "", bucket: undefined, holders: new Map(), queue: new Set(), ranks: undefined }];
  }

  /** Counts who is in flight, and what was done to nodes, by new rules. */
  function countSubject({ id, name, out, flying: steps, node }: Subject): void {
    for (const rule of rules) if (rule.matchesNode(name)) rule.members++;
    if (node === undefined) return;
    stand(id, node, out);
    for (const step of steps) {
      const limits = limitsFor(node, step);
      for (const counter of limits) counter.holders.set(holderOf(counter, id, step.key), name);
      if (limits.length > 0) flying.set(`${id} ${step.key}`, limits);
    }
  }

  function stand(id: string, node: EngineNode, out: Out): void {
    const before = standing.get(id);
    if (out === "NO" && before === undefined) return;
    const after = new Set(countersFor(node, out));
    if (after.size > 0) standing.set(id, after);
    else standing.delete(id);
    for (const counter of after) counter.holders.set(id, node.name);
    for (const counter of before ?? []) {
      if (after.has(counter)) continue;
      counter.holders.delete(id);
      dispatch(counter);
    }
  }

  return {
    setPolicy(policy, subjects) {
      const all = [...subjects];
      const nodes = new Map(all.map(({ id, node }) => [id, node]));
      const waited = [...waiters.values()].flatMap((own) => [...own.values()]).sort((a, b) => a.turn - b.turn);
      for (const { granted, counters } of waited) {
        if (granted) { for (const { bucket } of counters) bucket?.giveBack(clock.now()); }
      }
      for (const cancel of refills.values()) cancel();
      refills.clear();
      waiters.clear();
      flying.clear();
      standing.clear();
      const before = counters;
      counters = new Map();
      rules = [...policy.limits, ...policy.invariants.filter(isCounting)].map((rule) => ({
        rule,
        matchesNode: matchNodes(rule.nodes),
        matchesMutation: rule.kind === "limit" ? matchMutations(rule.mutations) : () => true,
        members: 0,
      }));
      for (const { rule: { rule }, group, bucket } of before.values()) {
        const same = rules.find((each) => keyOf(each.rule, group) === keyOf(rule, group));
        if (bucket !== undefined && same !== undefined) counterOf(same, group, bucket); // a rate is not granted anew
      }
      for (const subject of all) countSubject(subject);
      // Whoever waited is in the queues before the first place is given away.
      const again = waited.flatMap((waiter) => {
        const node = nodes.get(waiter.id);
        if (node === undefined) return [];
        return { ...waiter, counters: neededFor(waiter.id, node, waiter.step), granted: false };
      });
      for (const waiter of again) enqueue(waiter);
      for (const waiter of again) {
        if (!hasAllRoom(waiter)) continue;
        grant(waiter);
        wake(waiter.id);
      }
    },
    join(id, node, out) {
      const joined = rules.filter((rule) => rule.matchesNode(node.name));
      for (const rule of joined) rule.members++;
      stand(id, node, out);
      for (const { rule } of joined) {
        const counter = counters.get(keyOf(rule, "")); // a share has no groups by a variable
        if (counter !== undefined) dispatch(counter);
      }
    },
    leave(id, name) {
      for (const rule of rules) if (rule.matchesNode(name)) rule.members--;
      for (const waiter of [...(waiters.get(id)?.values() ?? [])]) drop(waiter);
      const held = standing.get(id) ?? [];
      standing.delete(id);
      for (const counter of held) {
        counter.holders.delete(id);
        dispatch(counter);
      }
    },
    ask(id, node, step) {
      let needed = neededFor(id, node, step);
      let waiter = waiters.get(id)?.get(step.key);
      if (waiter !== undefined && !sameCounters(waiter, needed)) {
        drop(waiter);
        waiter = undefined;
        needed = neededFor(id, node, step); // a counter that nobody used any more has been replaced
      }
      if (waiter === undefined && needed.length === 0) return true;
      if (waiter === undefined) {
        const about = { id, name: node.name, key: step.key, step, since: clock.now(), turn: turns++ };
        waiter = { ...about, counters: needed, granted: false, asked: true };
        enqueue(waiter);
      }
      waiter.asked = true;
      if (waiter.granted && waiter.counters.some(isOverfull)) revoke(waiter); // its group has shrunk
      if (!waiter.granted && hasAllRoom(waiter)) { for (const counter of needed) dispatch(counter, waiter); }
      if (!waiter.granted) return false;
      forget(waiter);
      const limits = needed.filter(({ rule }) => rule.rule.kind === "limit");
      if (limits.length > 0) flying.set(`${id} ${step.key}`, limits);
      return true;
    },
    settle(id) {
      for (const waiter of [...(waiters.get(id)?.values() ?? [])]) {
        if (!waiter.asked) drop(waiter);
        waiter.asked = false;
      }
    },
    ended(id, key) {
      const held = flying.get(`${id} ${key}`);
      if (held === undefined) return;
      flying.delete(`${id} ${key}`);
      for (const counter of held) {
        counter.holders.delete(holderOf(counter, id, key));
        dispatch(counter);
      }
    },
    stand,
    obstacle(id, key) {
      const waiter = waiters.get(id)?.get(key);
      return waiter === undefined ? undefined : obstacleOf(waiter);
    },
    limits: () =>
      rules.flatMap((rule) => {
        const { rule: limit } = rule;
        if (limit.kind !== "limit") return [];
        return countersOf(rule).map((counter) => ({
          name: limit.name,
          group: counter.group,
          inFlight: counter.holders.size,
          holders: namedHolders(counter),
          ...(limit.atMost !== undefined && { atMost: limit.atMost }),
          ...(limit.perSecond !== undefined && { perSecond: limit.perSecond }),
          queue: queueOf(counter),
        }));
      }),
    invariants: () =>
      rules.flatMap((rule) => {
        const { kind, name } = rule.rule;
        if (kind === "limit") return [];
        return countersOf(rule).map((counter) => ({
          name,
          kind,
          group: counter.group,
          count: counter.holders.size,
          holders: namedHolders(counter),
          atMost: capacityOf(counter),
          queue: queueOf(counter),
        }));
      }),
    stop() {
      for (const cancel of refills.values()) cancel();
      refills.clear();
    },
  };
}

function keyOf(rule: CountingRule, group: string): string {
  return `${rule.kind} ${rule.name} ${group}`;
}

function isCounting(invariant: Invariant): invariant is Extract<Invariant, { kind: "away" | "transition" }> {
  return invariant.kind === "away" || invariant.kind === "transition";
}

function sameCounters(waiter: Waiter, needed: readonly Counter[]): boolean {
  // What a granted waiter holds by an invariant is not needed again only once it stands there, which it does not yet.
  return waiter.counters.length === needed.length && needed.every((counter) => waiter.counters.includes(counter));
}
