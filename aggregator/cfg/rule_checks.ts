import { matchMutations, matchNodes, readPolicy, shareOf } from "../../src/engine/mod.ts";
import { isPattern, type Value } from "../../src/state/mod.ts";
import type { Domains } from "../nodes/domains.ts";

/** The largest number of mutations to name in one sentence. */
const MAX_NAMED = 12;

/**
 * Checks that what a limit or an invariant names exists: mutations that this aggregator runs, variables and their
 * values. A rule about something unknown would silently never apply.
 *
 * @param domains The planners.
 * @param url The rule's URL.
 * @param value A value with the right type and form.
 * @returns The problem: field, value, and what was expected; undefined if there is none, or if the URL is not part of
 *   the policy.
 */
export function validateRule(domains: Domains, url: string, value: Value): string | undefined {
  const { limits: [limit], invariants: [invariant] } = readPolicy(new Map([[url, value]]));
  if (limit !== undefined) {
    return validateMutations(domains, url, limit.mutations) ?? validateBy(domains, url, limit.by);
  }
  switch (invariant?.kind) {
    case "never":
      for (const [about, wanted] of invariant.when) {
        const problem = validateVariable(domains, about) ?? domains.schema.validate(about, wanted);
        if (problem !== undefined) return `${url}/when: ${problem}`;
      }
      return undefined;
    case "transition":
      return validateBy(domains, url, invariant.by);
    case "away":
    case "brake":
    case undefined:
      return undefined;
    default:
      return invariant satisfies never;
  }
}

/**
 * Warns if a rule has no effect, or lets nothing start, with the present nodes.
 *
 * @param url The rule's URL.
 * @param value Its value.
 * @param names The names of all nodes that the aggregator serves.
 */
export function warnOfRule(url: string, value: Value, names: readonly string[]): string | undefined {
  const { limits: [limit], invariants: [invariant] } = readPolicy(new Map([[url, value]]));
  const rule = limit ?? invariant;
  if (rule === undefined) return undefined;
  const members = names.filter(matchNodes(rule.nodes)).length;
  if (members === 0) {
    return rule.nodes === undefined
      ? `${url} is about no node now: there is none yet`
      : `${url}/nodes is "${rule.nodes}": no node is called that now`;
  }
  if (rule.kind !== "away" && rule.kind !== "transition") return undefined;
  const { atMost } = rule;
  if (atMost.kind === "count" || shareOf(atMost.percent, members) > 0) return undefined;
  const nodes = members === 1 ? "node" : "nodes";
  return `${url}/atMost is "${atMost.percent}%": of ${members} ${nodes} that is none, so nothing disruptive is ever done to them`;
}

function validateMutations(domains: Domains, url: string, patterns: readonly string[]): string | undefined {
  const ours = domains.mutations("parent");
  for (const pattern of patterns) {
    const matches = matchMutations([pattern]);
    if (ours.some(matches)) continue;
    const theirs = domains.mutations("self").some(matches);
    const why = theirs ? ", as agents run that one by themselves" : "";
    const more = ours.length > MAX_NAMED ? ", ..." : "";
    const known = ours.slice(0, MAX_NAMED).join(", ");
    return `${url}/mutations is "${pattern}": expected what this aggregator runs${why}: ${known}${more}`;
  }
  return undefined;
}

function validateBy(domains: Domains, url: string, by: string | undefined): string | undefined {
  const problem = by === undefined ? undefined : validateVariable(domains, by);
  return problem === undefined ? undefined : `${url}/by: ${problem}`;
}

function validateVariable({ schema }: Domains, url: string): string | undefined {
  if (isPattern(url)) return `'${url}' is many variables: expected one, such as /physState`;
  return schema.find(url) === undefined ? `'${url}' is not a state variable that this program knows` : undefined;
}
