import { parseNodeset } from "../../nodeset/mod.ts";
import type { Step } from "../../plan/mod.ts";
import { isDisruptive, isInSync } from "../disruption.ts";
import type { EngineNode, Out } from "../node.ts";
import type { Invariant, Limit, Policy } from "../policy.ts";

/** Tells whether a name matches. */
export type Matcher = (name: string) => boolean;

/** Returns a matcher for the node names of `nodeset`; undefined matches every name. */
export function matchNodes(nodeset: string | undefined): Matcher {
  if (nodeset === undefined) return () => true;
  const parsed = parseNodeset(nodeset);
  const names = new Set(parsed.ok ? parsed.names : []);
  return (name) => names.has(name);
}

/** Returns a matcher for `module/id` by `patterns` in which `*` matches anything. */
export function matchMutations(patterns: readonly string[]): Matcher {
  const sources = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*"));
  const expression = new RegExp(`^(?:${sources.join("|")})$`);
  return (name) => expression.test(name);
}

/** A rule that counts: a limit, or an invariant with a bound. */
export type CountingRule = Limit | Extract<Invariant, { kind: "away" | "transition" }>;

/** A counting rule, prepared for questions. */
export interface Rule {
  readonly rule: CountingRule;
  readonly matchesNode: Matcher;
  readonly matchesMutation: Matcher;
  /** Number of known nodes that it applies to. */
  members: number;
}

/** A place that something needs: of a rule, for one group of nodes. */
export interface Need {
  readonly rule: Rule;
  /** The value of the rule's variable `by`; empty without `by`. */
  readonly group: string;
}

/** Prepares the counting rules of a policy, without nodes. */
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

/**
 * Lists the places of invariants that `node` occupies while `out` was done to it.
 *
 * @param rules The counting rules.
 */
export function needsWhile(rules: readonly Rule[], node: EngineNode, out: Out): Need[] {
  if (out === "NO") return [];
  return rules.filter(({ rule, matchesNode }) =>
    ((rule.kind === "away" && (out === "TAKEN" || out === "AWAY")) ||
      (rule.kind === "transition" && (out === "TAKEN" || out === "CUT"))) && matchesNode(node.name)
  ).map((rule) => ({ rule, group: groupOf(rule.rule, node) }));
}

/**
 * Lists the places of limits that `step` of `node` occupies while it runs.
 *
 * @param rules The counting rules.
 */
export function limitNeeds(rules: readonly Rule[], node: EngineNode, step: Step): Need[] {
  if (rules.length === 0) return [];
  const name = `${step.module}/${step.mutation}`;
  return rules.filter(({ rule, matchesNode, matchesMutation }) =>
    rule.kind === "limit" && matchesMutation(name) && matchesNode(node.name)
  ).map((rule) => ({ rule, group: groupOf(rule.rule, node) }));
}

/**
 * Lists every place that `step` needs to start and that its `node` does not have yet.
 *
 * @param rules The counting rules.
 * @param out What has been done to the node.
 * @param isOverfull Tells whether a rule has more holders than places, because its group has become smaller.
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
  // A node in SYNC still holds a place only for a step that was broken off: that gives it no claim if its group has
  // become smaller meanwhile.
  const needed = needsWhile(rules, node, inSync ? "TAKEN" : "CUT").filter((need) =>
    !had.some(({ rule }) => rule === need.rule) || (inSync && isOverfull(need))
  );
  return [...limits, ...needed];
}

function groupOf(rule: CountingRule, node: EngineNode): string {
  if (rule.kind === "away" || rule.by === undefined) return "";
  return String(node.view.get(rule.by) ?? node.cfg.get(rule.by) ?? "");
}
