import type { Step } from "../../plan/mod.ts";
import { isDisruptive, isInSync } from "../disruption.ts";
import type { EngineNode, Out } from "../node.ts";
import type { Invariant, Limit, Policy } from "../policy.ts";
import { type Matcher, matchMutations, matchNodes } from "./match.ts";

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

/** A place that something needs: of a rule, for one group of nodes. */
export interface Need {
  readonly rule: Rule;
  /** The value of the rule's `by`; empty without one. */
  readonly group: string;
}

/** Makes the counting rules of a policy. They know of no node yet. */
export function countingRules({ limits, invariants }: Policy): Rule[] {
  const counting: CountingRule[] = [
    ...limits,
    ...invariants.flatMap((rule) => rule.kind === "away" || rule.kind === "transition" ? [rule] : []),
  ];
  return counting.map((rule) => ({
    rule,
    matchesNode: matchNodes(rule.nodes),
    matchesMutation: rule.kind === "limit" ? matchMutations(rule.mutations) : () => true,
    members: 0,
  }));
}

/** Finds the places that a node takes of invariants while this has been done to it. */
export function needsWhile(rules: readonly Rule[], node: EngineNode, out: Out): Need[] {
  if (out === "NO") return [];
  return rules.filter(({ rule, matchesNode }) =>
    ((rule.kind === "away" && (out === "TAKEN" || out === "AWAY")) ||
      (rule.kind === "transition" && (out === "TAKEN" || out === "CUT"))) && matchesNode(node.name)
  ).map((rule) => ({ rule, group: groupOf(rule.rule, node) }));
}

/** Finds the places of limits that a step takes while it runs. */
export function limitNeeds(rules: readonly Rule[], node: EngineNode, step: Step): Need[] {
  if (rules.length === 0) return [];
  const name = `${step.module}/${step.mutation}`;
  return rules.filter(({ rule, matchesNode, matchesMutation }) =>
    rule.kind === "limit" && matchesMutation(name) && matchesNode(node.name)
  ).map((rule) => ({ rule, group: groupOf(rule.rule, node) }));
}

/**
 * Finds every place that a step needs to start and that its node does not have yet.
 *
 * @param out What has been done to the node.
 * @param isOverfull Tells whether more have places of a rule than may: its group has shrunk.
 */
export function needsOf(
  rules: readonly Rule[],
  node: EngineNode,
  step: Step,
  out: Out,
  isOverfull: (need: Need) => boolean,
): Need[] {
  const limits = limitNeeds(rules, node, step);
  if (!isDisruptive(step, node)) return limits;
  const had = needsWhile(rules, node, out);
  const inSync = isInSync(node);
  // A node that is in SYNC still has a place only for what was broken off: no claim when its group has shrunk meanwhile.
  const needed = needsWhile(rules, node, inSync ? "TAKEN" : "CUT").filter((need) =>
    !had.some(({ rule }) => rule === need.rule) || (inSync && isOverfull(need))
  );
  return [...limits, ...needed];
}

function groupOf(rule: CountingRule, node: EngineNode): string {
  if (rule.kind === "away" || rule.by === undefined) return "";
  return String(node.view.get(rule.by) ?? node.cfg.get(rule.by) ?? "");
}
