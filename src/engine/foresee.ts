import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Value } from "../state/mod.ts";
import { isDisruptive, isInSync } from "./disruption.ts";
import { objectionOf } from "./limits/brakes.ts";
import type { CountingRule } from "./limits/counter.ts";
import { type Matcher, matchMutations, matchNodes } from "./limits/match.ts";
import type { Policy } from "./policy.ts";
import type { EngineNode } from "./types.ts";

/** An invariant that says no to a step of a plan. */
export interface Refused {
  /** The place of the step in the plan. */
  readonly step: number;
  readonly mutation: MutationKey;
  readonly invariant: string;
  readonly because: string;
}

/** A rule that counts and that a step of a plan needs a place of. */
export interface Bounded {
  /** The place of the step in the plan. */
  readonly step: number;
  readonly rule: CountingRule;
  /** The value of the rule's `by`; empty without one. */
  readonly group: string;
  /** Milliseconds that the place is expected to be kept; Infinity where the plan does not end in giving it back. */
  readonly keeps: number;
}

/** What the rules will say to a plan, as far as that can be told before anything starts. */
export interface Foresight {
  readonly refused?: Refused;
  readonly bounded: readonly Bounded[];
}

/**
 * Makes what tells beforehand what rules say to plans. Brakes are left out: they depend on how all nodes are, and say nothing
 * to what a person's change of cfg asks for.
 */
export function createForesight(policy: Policy): (node: EngineNode, plan: Plan) => Foresight {
  const rules: { readonly rule: CountingRule; readonly isOn: Matcher; readonly isOf: Matcher }[] = [
    ...policy.limits.map((rule) => ({ rule, isOn: matchNodes(rule.nodes), isOf: matchMutations(rule.mutations) })),
    ...policy.invariants.flatMap((rule) =>
      rule.kind === "away" || rule.kind === "transition"
        ? [{ rule, isOn: matchNodes(rule.nodes), isOf: () => true }]
        : []
    ),
  ];
  const nevers = policy.invariants.flatMap((rule) =>
    rule.kind === "never" ? [{ rule, isOn: matchNodes(rule.nodes) }] : []
  );

  return (node, plan) => {
    if (!plan.ok) return { bounded: [] };
    const starts = startsOf(plan.steps);
    const own = rules.filter(({ isOn }) => isOn(node.name));
    const objectors = nevers.filter(({ isOn }) => isOn(node.name));
    const bounded: Bounded[] = [];
    let refused: Refused | undefined;
    const view = new Map(node.view);
    for (const [place, step] of plan.steps.entries()) {
      const isOurs = step.context === "parent"; // agents don't know of rules
      const disrupts = isOurs && isDisruptive(step, node);
      const [objection] = disrupts ? objectors.flatMap(({ rule }) => objectionOf(rule, { ...node, view }) ?? []) : [];
      if (objection !== undefined) refused ??= { step: place, mutation: step.key, ...objection };
      for (const { rule, isOf } of isOurs ? own : []) {
        const counts = rule.kind === "limit"
          ? isOf(`${step.module}/${step.mutation}`)
          : disrupts && (rule.kind === "transition" || isInSync(node));
        if (!counts || bounded.some((each) => each.rule === rule)) continue;
        const rest = plan.duration - (starts[place] ?? 0);
        const keeps = rule.kind === "limit"
          ? step.duration
          : rule.kind === "away" && !endsInSync(plan.steps)
          ? Infinity
          : rest;
        bounded.push({ step: place, rule, group: groupOf(rule, node), keeps });
      }
      for (const [url, [, to]] of Object.entries(step.changes)) view.set(url, to);
    }
    return { bounded, ...(refused !== undefined && { refused }) };
  };
}

/** When each step is expected to start, in milliseconds from the start of the plan. */
function startsOf(steps: readonly Step[]): number[] {
  const starts: number[] = [];
  for (const { after } of steps) { // what a step comes after has an earlier place
    starts.push(Math.max(0, ...after.map((place) => (starts[place] ?? 0) + (steps[place]?.duration ?? 0))));
  }
  return starts;
}

function endsInSync(steps: readonly Step[]): boolean {
  return steps.findLast(({ changes }) => changes["/runState"] !== undefined)?.changes["/runState"]?.[1] === "SYNC";
}

function groupOf(rule: CountingRule, node: EngineNode): string {
  if (rule.kind === "away" || rule.by === undefined) return "";
  const value: Value | undefined = node.view.get(rule.by) ?? node.cfg.get(rule.by);
  return String(value ?? "");
}
