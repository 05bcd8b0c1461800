import { type MutationKey, scheduleOf, type Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import type { Blocker } from "./blocker.ts";
import { explainNext } from "./explain.ts";
import type { ExplainedStep, Explanation } from "./explanation.ts";
import { describeBlocker } from "./messages.ts";
import type { CountingRule } from "./limits/needs.ts";
import type { EngineNode } from "./node.ts";
import { defaultEngineOptions } from "./options.ts";
import type { Policy } from "./policy.ts";
import { createRecord, type NodeRecord, type Wait } from "./record.ts";
import type { Moment, Outlook, Rules } from "./rules.ts";
import { outAfter } from "./starting.ts";
import { staticRules } from "./static_rules.ts";

/** A forecast for a node: the state of each step, and what lies further ahead. */
export interface Preview {
  readonly explanation: Explanation;
  /** The invariant that forbids a step at present. */
  readonly refused?: RefusedPreview;
  /** Places of limits and invariants that the plan needs, whether they are free or not. */
  readonly places: readonly PlannedPlace[];
  /** Whether the plan cuts a machine's power or takes a node out of SYNC. */
  readonly disruptive: boolean;
}

/** An invariant that forbids a step of a plan. */
export interface RefusedPreview {
  /** The step's place in the plan. */
  readonly step: number;
  readonly mutation: MutationKey;
  readonly invariant: string;
  readonly because: string;
}

/** A place of a limit or an invariant that a step of a plan needs. */
export interface PlannedPlace {
  /** The step's place in the plan. */
  readonly step: number;
  readonly kind: CountingRule["kind"];
  readonly rule: string;
  /** The value of the variable `by`; empty without `by`. */
  readonly group: string;
  readonly by?: string;
  readonly atMost?: number;
  readonly perSecond?: number;
  /** Number of other nodes that have a place or wait for one. */
  readonly taken: number;
  /** Expected time that the place is kept, in milliseconds; Infinity if the plan does not end in giving it back. */
  readonly keeps: number;
}

/**
 * Forecasts what the engine would do if a node were like `node`: first the decision, then what lies further along the
 * plan. Later steps are judged by the present values and the changes of the steps before them. Brakes are applied to
 * the first steps only, because other nodes may have recovered later.
 *
 * @param before The present record of the node.
 * @param node The imagined node.
 * @param rules The rules, with a view of the queues.
 * @param now The present time.
 */
export function preview(before: NodeRecord, node: EngineNode, rules: Rules & Outlook, now: Moment): Preview {
  const { explanation, waits } = explainNext(before, node, rules, now);
  const { plan } = explanation;
  const steps = plan.ok ? plan.steps : [];
  const { starts } = scheduleOf(steps);
  const places: PlannedPlace[] = [];
  let refused = refusedAmong(waits, steps, rules.forbids(node)?.invariant);
  let { out } = before;
  const view = new Map(node.view);
  for (const [place, step] of steps.entries()) {
    if (step.context === "parent") { // agents have no rules
      const disrupts = isDisruptive(step, node);
      const objection = disrupts ? rules.forbids({ ...node, view }) : undefined;
      if (objection !== undefined) refused ??= { step: place, mutation: step.key, ...objection };
      for (const { rule, ...needed } of rules.placesOf({ id: before.id, node, step, out })) {
        if (places.some(({ kind, rule: name }) => kind === rule.kind && name === rule.name)) continue;
        const rest = plan.ok ? plan.duration - (starts[place] ?? 0) : 0;
        places.push({
          step: place,
          ...describeRule(rule),
          ...withBound(needed),
          keeps: keptFor(rule, step, steps, rest),
        });
      }
      if (disrupts) out = outAfter(out, node);
    }
    for (const [url, [, to]] of Object.entries(step.changes)) view.set(url, to);
  }
  const disruptive = steps.some((step) => isDisruptive(step, node));
  const told = {
    ...explanation,
    steps: explanation.steps.map((each, place) => foretell(each, place, refused, places)),
  };
  return { explanation: told, places, disruptive, ...(refused !== undefined && { refused }) };
}

/**
 * Finds the brake that forbids a step that could start.
 *
 * @param other Another invariant that forbids one at present: the first steps may change that.
 */
function refusedAmong(
  waits: readonly Wait[],
  steps: readonly Step[],
  other: string | undefined,
): RefusedPreview | undefined {
  for (const { step: { key: mutation }, refusal } of waits) {
    if (refusal.kind !== "invariant" || refusal.invariant === other) continue;
    const { invariant, because } = refusal;
    return { step: steps.findIndex(({ key }) => key === mutation), mutation, invariant, because };
  }
  return undefined;
}

/** Adds to a later step that a rule will never let it start. */
function foretell(
  each: ExplainedStep,
  place: number,
  refused: RefusedPreview | undefined,
  places: readonly PlannedPlace[],
): ExplainedStep {
  if (each.state.kind !== "after") return each;
  const blocker = refused?.step === place
    ? { kind: "invariant" as const, invariant: refused.invariant, because: refused.because }
    : closedAt(places, place);
  if (blocker === undefined) return each;
  return { step: each.step, state: { kind: "waiting", blocker, words: describeBlocker(blocker, 0) } };
}

/** Finds an invariant that has no place at all for a step. */
function closedAt(places: readonly PlannedPlace[], step: number): Blocker | undefined {
  const closed = places.find((place) => place.step === step && place.atMost === 0 && place.kind !== "limit");
  if (closed === undefined || closed.kind === "limit") return undefined;
  const { kind: counts, rule: invariant, group, by } = closed;
  const line = { since: 0, place: 1 };
  return {
    kind: "count",
    ...{ invariant, counts, group, inFlight: 0, holders: [], atMost: 0 },
    ...(by !== undefined && { by }),
    ...line,
  };
}

function describeRule(rule: CountingRule): Pick<PlannedPlace, "kind" | "rule" | "by" | "perSecond"> {
  const by = rule.kind === "away" ? undefined : rule.by;
  const perSecond = rule.kind === "limit" ? rule.perSecond : undefined;
  return {
    kind: rule.kind,
    rule: rule.name,
    ...(by !== undefined && { by }),
    ...(perSecond !== undefined && { perSecond }),
  };
}

function withBound({ group, atMost, taken }: { group: string; atMost: number | undefined; taken: number }) {
  return { group, ...(atMost !== undefined && { atMost }), taken };
}

function keptFor(rule: CountingRule, step: Step, steps: readonly Step[], rest: number): number {
  if (rule.kind === "limit") return step.duration;
  return rule.kind === "away" && !endsInSync(steps) ? Infinity : rest;
}

function endsInSync(steps: readonly Step[]): boolean {
  return steps.findLast(({ changes }) => changes["/runState"] !== undefined)?.changes["/runState"]?.[1] === "SYNC";
}

/**
 * Forecasts the same for a node that another aggregator serves, only from the `policy` of that aggregator.
 *
 * @param id The node's id.
 * @param node The imagined node.
 * @param now Clock milliseconds.
 */
export function previewElsewhere(id: string, node: EngineNode, policy: Policy, now: number): Preview {
  const rules = staticRules(policy, defaultEngineOptions);
  const moment = { now, wall: now, chance: 0.5, begun: 0, isWritable: true, isDeaf: false };
  return preview(createRecord(id, node, undefined), node, rules, moment);
}
