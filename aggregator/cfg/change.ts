import { type EngineNode, targetOf } from "../../src/engine/mod.ts";
import type { Plan, Planner, Question } from "../../src/plan/mod.ts";
import {
  bindUrl,
  type Difference,
  diffValues,
  type Entry,
  type Facet,
  KEPT_URLS,
  newestVersion,
  type NodeDocument,
  type Schema,
  type Value,
  type Values,
  valuesOf,
  type Version,
  viewOf,
} from "../../src/state/mod.ts";
import { warnOfArguments } from "../../src/boot/mod.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { idleReason } from "../nodes/idle_reason.ts";
import { warnOfRule } from "./rule_checks.ts";

/** The effect of one change of cfg. */
export interface NodeChange {
  readonly id: string;
  readonly name: string;
  readonly created: boolean;
  readonly differences: readonly Difference[];
  /** The plan for the new cfg; `ok: false` says why there is none. */
  readonly plan: Plan;
  /** Why Kraken leaves this node alone whatever its plan is: see {@link idleReason}. */
  readonly note?: string;
  /** The node as its aggregator sees it after the change. */
  readonly after: Pick<EngineNode, "planner" | "view" | "cfg" | "target">;
  /** After the change. */
  readonly version: Version;
  /**
   * Warnings about values that are accepted but have no effect, such as a rule that applies to no node. Absent without
   * any.
   */
  readonly warnings?: readonly string[];
}

/**
 * Returns the entries that turn the cfg `facet` into `wanted`: none if it is equal.
 *
 * @param run The run of the root, which writes them.
 */
export function entriesFor(facet: Facet, wanted: Values, run: number): Facet {
  const newest = newestVersion(facet);
  const version = { assignment: 0, run, rev: newest.run === run ? newest.rev + 1 : 1 };
  const entries = new Map<string, Entry>();
  for (const { url, to } of diffValues(valuesOf(facet), wanted)) {
    entries.set(url, { value: to ?? null, version });
  }
  return entries;
}

/**
 * Describes a change of a node from `before` to `after`.
 *
 * @param parts What cfg is checked with.
 * @param created Whether the node is new.
 */
export function changeOf(parts: CfgParts, before: NodeDocument, after: NodeDocument, created: boolean): NodeChange {
  const planner: Planner = parts.domains.plannerOf(after.id);
  const cfg = valuesOf(after.facets.cfg);
  const differences = diffValues(valuesOf(before.facets.cfg), cfg).filter(({ url }) => !KEPT_URLS.has(url));
  const view = viewOf(planner.domain.schema, planner.domain.conditions, after);
  outdate(planner.domain.schema, view, differences);
  const name = cfg.get("/name");
  const question = { view, cfg: cfg.get("/role") === "AGGREGATOR" ? new Map() : cfg };
  const note = idleReason(planner.domain, cfg, typeof cfg.get("/parent") === "string");
  return {
    id: after.id,
    name: typeof name === "string" ? name : after.id,
    created,
    differences,
    plan: ask(planner, question),
    after: { planner, ...question, target: targetOf(planner.domain, cfg) },
    ...(note !== undefined && { note }),
    version: newestVersion(after.facets.cfg),
  };
}

/** How to ask again for plans whose search continues. */
const questions = new WeakMap<Plan, () => Plan>();

function ask(planner: Planner, question: Question): Plan {
  const plan = planner.plan(question);
  if (!plan.ok && plan.reason.kind === "searching") questions.set(plan, () => ask(planner, question));
  return plan;
}

/** Returns `change` with the plan that has been found by now: see the reason `searching`. */
export function planAgain(change: NodeChange): NodeChange {
  const again = questions.get(change.plan);
  return again === undefined ? change : { ...change, plan: again() };
}

/** Returns `change` as it would be if the values `reported` had been reported too; null unsets. */
export function asIfReported(change: NodeChange, reported: ReadonlyMap<string, Value | null>): NodeChange {
  const view = new Map(change.after.view);
  for (const [url, value] of reported) {
    if (value === null) view.delete(url);
    else view.set(url, value);
  }
  const after = { ...change.after, view };
  return { ...change, after, plan: ask(after.planner, after) };
}

/** Changes a view to what it will be once the node's agent has seen a change of its cfg: see `Variable.outdates`. */
function outdate(schema: Schema, view: Map<string, Value>, differences: readonly Difference[]): void {
  for (const { url } of differences) {
    const found = schema.find(url);
    for (const [pattern, [from, to]] of Object.entries(found?.variable.outdates ?? {})) {
      const outdated = bindUrl(pattern, found?.bindings ?? {});
      if (view.get(outdated) === from) view.set(outdated, to);
    }
  }
}

/**
 * Lists the names of the nodes that `aggregator` serves once `wanted` are written. Computed each time, because it is
 * rarely needed.
 */
export function served({ nodes }: CfgParts, wanted: readonly Wanted[], aggregator: string): readonly string[] {
  const known = new Map([...nodes.placement.servedBy(aggregator)].map((id) => [id, nodes.read(id)?.name] as const));
  for (const { id, cfg } of wanted) {
    if (cfg.get("/parent") === aggregator) known.set(id, String(cfg.get("/name")));
    else known.delete(id);
  }
  return [...known.values()].filter((name) => name !== undefined);
}

/**
 * Returns warnings about the rules that are set. @param names Returns the names of the nodes that they may apply to.
 */
export function warningsOf({ differences }: NodeChange, names: () => readonly string[]): string[] {
  const rules = differences.filter(({ url }) => /^\/(limits|invariants)\//.test(url));
  if (rules.length === 0) return [];
  const known = names();
  return rules.flatMap(({ url, to }) => (to === undefined ? undefined : warnOfRule(url, to, known)) ?? []);
}

/** Returns warnings about boot settings. */
export function bootWarningsOf({ differences }: NodeChange): string[] {
  return differences.flatMap(({ url, to }) =>
    (url === "/boot/arguments" && typeof to === "string" ? warnOfArguments(to) : undefined) ?? []
  );
}
