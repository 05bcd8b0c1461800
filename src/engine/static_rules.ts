import { isDisruptive } from "./disruption.ts";
import { createNevers } from "./limits/brakes.ts";
import { countingRules, type Need, needsOf } from "./limits/needs.ts";
import type { Policy } from "./policy.ts";
import type { NeededPlace, Outlook, PlaceRequest, Rules } from "./rules.ts";
import type { EngineOptions } from "./options.ts";

/**
 * Makes the rules of another aggregator only from its `policy`: it knows limits and invariants, but neither how many
 * places are taken nor the state of the nodes. So nothing waits, except for a rule without any place.
 *
 * @param options Settings of the engine.
 */
export function staticRules(policy: Policy, options: EngineOptions): Rules & Outlook {
  const rules = countingRules(policy);
  const forbids = createNevers(policy.invariants);

  function placesOf({ node, step, out }: Pick<PlaceRequest, "node" | "step" | "out">): NeededPlace[] {
    return needsOf(rules, node, step, out, () => false).map((need) => {
      return { rule: need.rule.rule, group: need.group, atMost: boundOf(need), taken: 0 };
    });
  }
  return {
    role: "parent",
    run: "",
    options,
    placesOf,
    forbids,
    refusalOf(request) {
      const objection = isDisruptive(request.step, request.node) ? forbids(request.node) : undefined;
      if (objection !== undefined) return { kind: "invariant", ...objection };
      return placesOf(request).some(({ atMost }) => atMost === 0) ? { kind: "queued" } : undefined;
    },
    blockerOf(request, refusal) {
      if (refusal.kind !== "queued") return refusal;
      const closed = placesOf(request).find(({ atMost }) => atMost === 0);
      if (closed === undefined || closed.rule.kind === "limit") return { kind: "turn" };
      const { rule: { kind: counts, name: invariant }, group } = closed;
      const line = { since: 0, place: 1 };
      return { kind: "count", invariant, counts, group, inFlight: 0, holders: [], atMost: 0, ...line };
    },
    holdOf: () => undefined,
    unreturnedOf: () => undefined,
  };
}

/** A share is unknown, because only the other aggregator can count its nodes. */
function boundOf({ rule: { rule } }: Need): number | undefined {
  if (rule.kind === "limit") return rule.atMost;
  if (rule.atMost.kind === "count") return rule.atMost.count;
  return rule.atMost.percent === 0 ? 0 : undefined;
}
