import { createForesight, type Engine, readPolicy, type Refused } from "../../src/engine/mod.ts";
import type { Plan } from "../../src/plan/mod.ts";
import type { Value, Values } from "../../src/state/mod.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** A limit or an invariant with a bound, of which a step of a plan needs a place. */
export interface Queued {
  /** The place of the step in the plan. */
  readonly step: number;
  readonly kind: "limit" | "away" | "transition";
  readonly rule: string;
  /** The name of the aggregator whose rule it is, where that is another one. */
  readonly aggregator?: string;
  /** The value of `by`; empty without one. */
  readonly group: string;
  readonly by?: string;
  readonly atMost?: number;
  readonly perSecond?: number;
  /** How many others have a place or wait for one. */
  readonly taken: number;
  /** Milliseconds that a place is expected to be kept; Infinity where the plan does not end in giving it back. */
  readonly keeps: number;
}

/** What foreseeing needs of an aggregator. */
export interface ForeseeingParts {
  readonly ownId: string;
  readonly nodes: Nodes;
  readonly engine: Engine;
}

/** What the rules will say to a plan. */
export interface Foreseen {
  readonly refused?: Refused;
  readonly queued: readonly Queued[];
}

/** Places of a rule: how many have one or wait for one, and how many there are. */
interface Count {
  readonly taken: number;
  readonly atMost: number | undefined;
}

/** The rules, and the places of each. */
interface RulesNow {
  readonly foresee: ReturnType<typeof createForesight>;
  readonly counts: ReadonlyMap<string, Count>;
}

/** Read once for all nodes that are asked about in one go, by the aggregator whose rules they are. */
const current = new WeakMap<Engine, Map<string, RulesNow>>();

function rulesNow(parts: ForeseeingParts, aggregator: string): RulesNow {
  const { ownId, nodes, engine } = parts;
  let known = current.get(engine);
  if (known === undefined) {
    current.set(engine, known = new Map());
    queueMicrotask(() => current.delete(engine));
  }
  const before = known.get(aggregator);
  if (before !== undefined) return before;
  const foresee = createForesight(readPolicy(nodes.read(aggregator)?.cfg ?? new Map()));
  const rules = { foresee, counts: aggregator === ownId ? countsNow(engine) : new Map<string, Count>() };
  known.set(aggregator, rules);
  return rules;
}

function countsNow(engine: Engine): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const { name, group, inFlight, queue, atMost } of engine.limits()) {
    counts.set(keyOf("limit", name, group), { taken: inFlight + queue.length, atMost });
  }
  for (const { kind, name, group, count, queue, atMost } of engine.invariants()) {
    counts.set(keyOf(kind, name, group), { taken: count + queue.length, atMost });
  }
  return counts;
}

function keyOf(kind: string, name: string, group: string): string {
  return JSON.stringify([kind, name, group]);
}

/**
 * What the rules of the aggregator that serves a node will say to a plan for it. They are cfg, so that those of another aggregator
 * are known here too, but not how many places of them are taken now.
 *
 * @param cfg What the plan is for.
 * @param isNews Whether this is another cfg than it has: what a person asks for is no repair, and no brake stops it.
 */
export function foresee(parts: ForeseeingParts, node: ReadNode, cfg: Values, plan: Plan, isNews: boolean): Foreseen {
  const serving = servedBy(parts, cfg.get("/parent"));
  if (!plan.ok || plan.steps.length === 0 || serving === undefined) return { queued: [] };
  const { foresee, counts } = rulesNow(parts, serving);
  const { refused, bounded } = foresee({ ...node, cfg, target: "", frozen: "no" }, plan);
  const queued = bounded.map(({ step, rule, group, keeps }): Queued => {
    const now = counts.get(keyOf(rule.kind, rule.name, group));
    const bound = rule.kind === "limit" ? rule.atMost : rule.atMost.kind === "count" ? rule.atMost.count : now?.atMost;
    return {
      step,
      kind: rule.kind,
      rule: rule.name,
      ...(serving !== parts.ownId && { aggregator: String(cfg.get("/parent")) }),
      group,
      ...(rule.kind !== "away" && rule.by !== undefined && { by: rule.by }),
      ...(bound !== undefined && { atMost: bound }),
      ...(rule.kind === "limit" && rule.perSecond !== undefined && { perSecond: rule.perSecond }),
      taken: now?.taken ?? 0,
      keeps,
    };
  });
  const stopped = refused ?? (isNews ? undefined : refusedNow(parts, node, plan));
  return { queued, ...(stopped !== undefined && { refused: stopped }) };
}

function servedBy({ ownId, nodes }: ForeseeingParts, parent: Value | undefined): string | undefined {
  if (typeof parent !== "string") return undefined;
  return parent === nodes.read(ownId)?.name ? ownId : nodes.placement.aggregator(parent);
}

/** The invariant that says no to what is being done about a node: a brake as well. */
function refusedNow({ nodes, engine }: ForeseeingParts, { id }: ReadNode, plan: Plan): Refused | undefined {
  if (!plan.ok || !nodes.isChild(id) || engine.status(id).phase !== "waiting") return undefined;
  for (const { step, state } of engine.explain(id)?.steps ?? []) {
    if (state.kind !== "waiting" || state.blocker.kind !== "invariant") continue;
    const { invariant, because } = state.blocker;
    const place = plan.steps.findIndex(({ key }) => key === step.key);
    if (place >= 0) return { step: place, mutation: step.key, invariant, because };
  }
  return undefined;
}

/** Tells whether so many more nodes than have places, or wait for them, can't go on at once. */
export function isCrowded({ atMost, perSecond, taken }: Queued, count: number): boolean {
  return (atMost !== undefined && taken + count > atMost) || (perSecond !== undefined && count > perSecond);
}
