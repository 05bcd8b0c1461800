import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import { objectionOf } from "./limits/brakes.ts";
import { matchNodes } from "./limits/match.ts";
import { type CountingRule, countingRules, needsOf } from "./limits/needs.ts";
import type { EngineNode, Out } from "./node.ts";
import type { Policy } from "./policy.ts";
import { outAfter } from "./starting.ts";

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
  const rules = countingRules(policy);
  const nevers = policy.invariants.flatMap((rule) =>
    rule.kind === "never" ? [{ rule, isOn: matchNodes(rule.nodes) }] : []
  );
  return (node, plan) => {
    if (!plan.ok) return { bounded: [] };
    const starts = startsOf(plan.steps);
    const objectors = nevers.filter(({ isOn }) => isOn(node.name));
    const bounded: Bounded[] = [];
    let refused: Refused | undefined;
    let out: Out = "NO";
    const view = new Map(node.view);
    for (const [place, step] of plan.steps.entries()) {
      if (step.context === "parent") { // agents don't know of rules
        const disrupts = isDisruptive(step, node);
        const [objection] = disrupts ? objectors.flatMap(({ rule }) => objectionOf(rule, { ...node, view }) ?? []) : [];
        if (objection !== undefined) refused ??= { step: place, mutation: step.key, ...objection };
        for (const { rule: { rule }, group } of needsOf(rules, node, step, out, () => false)) {
          if (bounded.some((each) => each.rule === rule)) continue;
          const rest = plan.duration - (starts[place] ?? 0);
          const isForGood = rule.kind === "away" && !endsInSync(plan.steps);
          bounded.push({
            step: place,
            rule,
            group,
            keeps: rule.kind === "limit" ? step.duration : isForGood ? Infinity : rest,
          });
        }
        if (disrupts) out = outAfter(out, node);
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
