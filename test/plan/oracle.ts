import type { Domain, DomainMutation, Step } from "../../src/plan/mod.ts";
import type { Value, Values } from "../../src/state/mod.ts";

/** A node's whole state in the oracle: URL to value; enumerations that are unknown have their first value. */
export type World = ReadonlyMap<string, Value>;

/** A goal as the oracle sees it. */
export interface OracleGoal {
  readonly url: string;
  readonly value: Value;
}

/**
 * The semantics of plans, written a second time and as plainly as can be: no numbers, no relevance, no heuristic, every
 * reachable state enumerated. For domains without patterns.
 */
export class Oracle {
  readonly domain: Domain;
  readonly start: World;

  constructor(domain: Domain, view: Values) {
    this.domain = domain;
    const world = new Map(view);
    for (const extension of domain.schema.extensions) {
      for (const [url, { type, writer }] of Object.entries(extension.variables)) {
        if (type.kind === "enum" && writer !== "cfg" && !world.has(url)) world.set(url, type.values[0]);
      }
    }
    this.start = this.forget(world);
  }

  /** Forgets, one value at a time, until all that is left can be known. */
  forget(world: World): World {
    for (const [url, condition] of this.domain.conditions) {
      const unknown = this.domain.schema.unknownOf(url);
      const isKnown = world.has(url) && world.get(url) !== unknown;
      if (!isKnown || Object.entries(condition).every(([other, value]) => world.get(other) === value)) continue;
      const next = new Map(world);
      if (unknown === undefined) next.delete(url);
      else next.set(url, unknown);
      return this.forget(next);
    }
    return world;
  }

  /** The world after a mutation; undefined when it can't run. */
  run(world: World, { declaration }: Pick<DomainMutation, "declaration">): World | undefined {
    const next = new Map(world);
    for (const [url, [from, to]] of Object.entries(declaration.changes)) {
      if (world.get(url) !== from) return undefined;
      next.set(url, to);
    }
    for (const [url, value] of Object.entries(declaration.requires ?? {})) {
      if (world.get(url) !== value) return undefined;
    }
    for (const [url, value] of Object.entries(declaration.excludes ?? {})) {
      if ([value].flat().some((excluded) => world.get(url) === excluded)) return undefined;
    }
    return this.forget(next);
  }

  /** The world after steps of a plan; throws when one of them can't run. */
  follow(steps: readonly Step[]): World {
    return steps.reduce((world, step) => {
      const mutation = this.domain.mutations.find(({ module, id }) => module === step.module && id === step.mutation);
      const next = mutation && this.run(world, mutation);
      if (next === undefined) throw new Error(`Cannot run ${step.key} in ${JSON.stringify([...world])}`);
      return next;
    }, this.start);
  }

  /** Every world that can be reached, in the order of least disruption, then of least duration (Dijkstra). */
  worlds(): Visit[] {
    const first = { world: this.start, disruption: 0, duration: 0 };
    const least = new Map<string, Visit>([[textOf(this.start), first]]);
    const open: Visit[] = [first];
    const done: Visit[] = [];
    while (open.length > 0) {
      open.sort((a, b) => -compare(a, b));
      const here = open.pop();
      if (here === undefined || least.get(textOf(here.world)) !== here) continue;
      done.push(here);
      for (const mutation of this.domain.mutations) {
        const world = this.run(here.world, mutation);
        if (world === undefined) continue;
        const { disruption = 1, timeout, duration = Math.ceil(timeout / 4) } = mutation.declaration;
        const next = { world, disruption: here.disruption + disruption, duration: here.duration + duration };
        const known = least.get(textOf(world));
        if (known !== undefined && compare(next, known) >= 0) continue;
        least.set(textOf(world), next);
        open.push(next);
      }
    }
    return done;
  }

  /** The goals that must give way: those whose condition, at any depth, another goal contradicts. */
  givesWay(goal: OracleGoal, goals: readonly OracleGoal[]): boolean {
    if (goal.value === this.domain.schema.unknownOf(goal.url)) return false;
    const contradicted = (url: string): boolean =>
      Object.entries(this.domain.conditions.get(url) ?? {}).some(([other, value]) =>
        goals.some((candidate) => candidate.url === other && candidate.value !== value) || contradicted(other)
      );
    return contradicted(goal.url);
  }
}

/** A world with what it costs to come to it. */
export interface Visit {
  readonly world: World;
  readonly disruption: number;
  readonly duration: number;
}

function compare(a: Visit, b: Visit): number {
  return a.disruption - b.disruption || a.duration - b.duration;
}

/** Tells whether goals hold in a world. */
export function holds(world: World, goals: readonly OracleGoal[]): boolean {
  return goals.every(({ url, value }) => world.get(url) === value);
}

function textOf(world: World): string {
  return JSON.stringify([...world].sort());
}
