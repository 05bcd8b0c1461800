import { NETWORK_URLS, validateBoot, validateNetwork } from "../../src/boot/mod.ts";
import { policy, validatePolicy } from "../../src/engine/mod.ts";
import { compareNames } from "../../src/nodeset/mod.ts";
import {
  equalValues,
  hasVariable,
  isNodeName,
  isUuid,
  KEPT_URLS,
  type Value,
  type Values,
  type VariableType,
} from "../../src/state/mod.ts";
import { validateEntries } from "../profiles/profile.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { validateRule } from "./rule_checks.ts";

/** Variables that only the aggregator's own node may have. */
const POLICY_URLS: ReadonlySet<string> = new Set(Object.keys(policy.variables));

/** The largest number of aggregators to name in an error. */
const MAX_NAMES = 16;

/**
 * Finds problems of a node's cfg. @param parts What cfg is checked with. @param isRole Tells whether a name is an
 * aggregator's.
 */
export function findProblems(parts: CfgParts, { id, cfg }: Wanted, isRole: (name: string) => boolean): string[] {
  const name = cfg.get("/name");
  const who = typeof name === "string" ? name : id;
  const problems: string[] = [];
  if (!isUuid(id)) problems.push(`${who}: id is "${id}": expected a UUID in lower case`);
  if (typeof name !== "string" || !isNodeName(name)) {
    problems.push(`${who}: /name is ${JSON.stringify(name)}: expected 1 to 64 letters, digits, '_', '.' or '-'`);
    return problems;
  }
  const parent = cfg.get("/parent");
  for (const [url, value] of [["/parent", parent], ["/standby", cfg.get("/standby")]] as const) {
    if (value === undefined || isRole(String(value))) continue;
    problems.push(
      `${who}: ${url} is ${JSON.stringify(value)}: expected one of ${names(parts)}`,
    );
  }
  if (cfg.get("/role") !== "AGGREGATOR" && id !== parts.ownId && [...parts.nodes.placement.servedBy(name)].length > 0) {
    problems.push(`${who}: /role is ${JSON.stringify(cfg.get("/role"))}: expected AGGREGATOR, as it serves nodes`);
  }
  for (const [url, value] of cfg) {
    if (url === "/name") continue;
    const problem = findProblem(parts, id, cfg, url, value);
    if (problem !== undefined) problems.push(`${who}: ${problem}`);
  }
  // A value that was set before a rule existed must not prevent other changes.
  if (NETWORK_URLS.some((url) => isNew(parts, id, url, cfg.get(url)))) {
    problems.push(...validateNetwork(cfg).map((problem) => `${who}: ${problem}`));
  }
  return problems;
}

function isNew({ replica }: CfgParts, id: string, url: string, value: Value | undefined): boolean {
  return !equalValues(replica.get(id)?.facets.cfg.get(url)?.value ?? undefined, value);
}

/** Finds the problem of one value of a node's cfg. */
function findProblem(parts: CfgParts, id: string, cfg: Values, url: string, value: Value): string | undefined {
  const { schema } = parts.domains;
  const serves = isAggregator(parts.ownName, cfg);
  const changes = isNew(parts, id, url, value);
  const invalid = schema.validate(url, value) ?? validatePolicy(url, value);
  if (invalid !== undefined) return invalid;
  if (url === "/deleted") return `${url} cannot be set: delete the node instead`;
  const found = schema.find(url);
  if (!serves && POLICY_URLS.has(found?.pattern ?? "")) {
    return `${url} can't be set here: it belongs to the aggregator's own node`;
  }
  if (KEPT_URLS.has(url)) {
    return !changes || url === "/retries" ? undefined : `${url} cannot be set: Kraken writes it itself`;
  }
  const issue = changes ? validateBoot(url, value) ?? validateProfiles(parts, url, value) : undefined;
  if (issue !== undefined) return issue;
  // A rule that was set before an agent's modules changed must not prevent other changes.
  const odd = changes && serves ? validateRule(parts.domains, url, value) : undefined;
  if (odd !== undefined) return odd;
  if (found?.variable.writer === "cfg") return undefined;
  if (!parts.domains.isMutable(url)) return `${url} cannot be set: it is only discovered, and no mutation changes it`;
  if (serves) return `${url} cannot be set here: Kraken does not plan for an aggregator's own node`;
  // Kraken discovers machines all the time, so undoing that again and again cannot be a goal.
  return changes && value === schema.unknownOf(url) ? validateUnknown(url, value, found?.variable.type) : undefined;
}

function validateProfiles(parts: CfgParts, url: string, value: Value): string | undefined {
  if (url !== "/profiles" || !Array.isArray(value)) return undefined;
  const [problem] = validateEntries(value.map(String), parts.profiles(), (at) => hasVariable(parts.domains.schema, at));
  return problem === undefined ? undefined : `${url} has ${problem}`;
}

function validateUnknown(url: string, value: Value, type: VariableType | undefined): string {
  const goals = type?.kind === "enum" ? `expected one of ${type.values.slice(1).join(", ")}, or leave it out` : "";
  return `${url} can't be set to ${value}, which means that nothing is known of it: ${goals}`;
}

/** Returns which names in `wanted`, or known already, are aggregators. */
export function rolesOf({ nodes, ownName }: CfgParts, wanted: readonly Wanted[]): (name: string) => boolean {
  const written = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), isAggregator(ownName, cfg)]));
  return (name) => name === ownName || (written.get(name) ?? nodes.placement.aggregator(name) !== undefined);
}

function isAggregator(ownName: string, cfg: Values): boolean {
  return cfg.get("/role") === "AGGREGATOR" || cfg.get("/name") === ownName;
}

/** Lists aggregators by name, as many as people want to read. */
function names({ nodes, ownName }: CfgParts): string {
  const all = [...nodes.placement.aggregators()].map((id) => nodes.read(id)?.name).filter((name) => name !== undefined);
  const sorted = [...new Set([ownName, ...all.sort(compareNames)])];
  return sorted.length > MAX_NAMES ? `${sorted.slice(0, MAX_NAMES).join(", ")} ...` : sorted.join(", ");
}
