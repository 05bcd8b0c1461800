import type { NodeDocument } from "./document.ts";
import type { Condition } from "./extension.ts";
import type { Schema, Values } from "./schema.ts";
import { bindUrl } from "./url.ts";
import { equalValues, type Value } from "./value.ts";

/** For each variable (URL or pattern) the values that must hold for its discovered value to mean something. */
export type Conditions = ReadonlyMap<string, Condition>;

/**
 * Collects the conditions that extensions state themselves.
 *
 * @param schema The extensions.
 * @returns The conditions by URL or pattern, empty ones included.
 */
export function statedConditions(schema: Schema): Map<string, Condition> {
  const conditions = new Map<string, Condition>();
  for (const extension of schema.extensions) {
    for (const [url, variable] of Object.entries(extension.variables)) {
      if (variable.knownWhile !== undefined) conditions.set(url, variable.knownWhile);
    }
  }
  return conditions;
}

/**
 * Derives what is known of a node: each discovered value, while its condition holds, and its constants (the cfg values
 * of variables that nothing discovers). A variable that was discovered as unknown is left out, like one that was never
 * discovered.
 *
 * Conditions are evaluated in the view itself: while `/runState` is not known, nothing that depends on it is known.
 *
 * @param schema The variables. Values of others are ignored.
 * @param conditions The conditions by URL or pattern, as `Domain.conditions` has them.
 * @param document The node.
 * @returns The known values by URL. Pure: the same arguments give the same view.
 *
 * @example A node that is off has no run state
 * ```ts
 * import assert from "node:assert/strict";
 * import { core, createSchema, emptyDocument, statedConditions, viewOf } from "../src/state/mod.ts";
 *
 * const schema = createSchema([core]);
 * const version = { assignment: 1, run: 1, rev: 1 };
 * const { id, facets } = emptyDocument("6f1a5d5e-54a1-4d0a-8f0f-0c8f4b7f6a10");
 * const parent = new Map([
 *   ["/physState", { value: "POWER_OFF", version }],
 *   ["/runState", { value: "SYNC", version }],
 * ]);
 * const view = viewOf(schema, statedConditions(schema), { id, facets: { ...facets, parent } });
 * assert(view.get("/physState") === "POWER_OFF" && !view.has("/runState"));
 * ```
 */
export function viewOf(schema: Schema, conditions: Conditions, document: NodeDocument): Map<string, Value> {
  const { cfg, parent, self } = document.facets;
  const view = new Map<string, Value>();
  for (const [url, { value }] of cfg) {
    if (value !== null && schema.find(url)?.variable.writer === "cfg") view.set(url, value);
  }
  const pending: string[] = [];
  function known(url: string): Value | undefined {
    const done = view.get(url);
    if (done !== undefined) return done;
    const found = schema.find(url);
    if (found === undefined || found.variable.writer === "cfg" || pending.includes(url)) return undefined;
    const value = (found.variable.writer === "parent" ? parent : self).get(url)?.value ?? null;
    const { type } = found.variable;
    if (value === null || (type.kind === "enum" && value === type.values[0])) return undefined;
    const condition = conditions.get(found.pattern);
    if (condition === undefined) return value;
    pending.push(url); // a circle of conditions must end
    const holds = Object.keys(condition).every((other) =>
      equalValues(known(bindUrl(other, found.bindings)), condition[other])
    );
    pending.pop();
    return holds ? value : undefined;
  }
  for (const facet of [parent, self]) {
    for (const url of facet.keys()) {
      const value = known(url);
      if (value !== undefined) view.set(url, value);
    }
  }
  return view;
}

/** One difference between two sets of values. */
export interface Difference {
  readonly url: string;
  readonly from: Value | undefined;
  readonly to: Value | undefined;
}

/**
 * Lists what turns `before` into `after`, ordered by URL.
 *
 * @param before The old values.
 * @param after The new values.
 * @returns One entry for each URL whose value differs; undefined stands for a missing value.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { diffValues } from "../src/state/mod.ts";
 *
 * const [first] = diffValues(new Map([["/rack", "r1"]]), new Map([["/rack", "r2"]]));
 * assert(first?.url === "/rack" && first.from === "r1" && first.to === "r2");
 * ```
 */
export function diffValues(before: Values, after: Values): Difference[] {
  const differences: Difference[] = [];
  for (const url of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const from = before.get(url);
    const to = after.get(url);
    if (!equalValues(from, to)) differences.push({ url, from, to });
  }
  return differences;
}
