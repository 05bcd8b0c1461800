import type { NodeDocument } from "./document.ts";
import type { Condition } from "./extension.ts";
import type { Schema, Values } from "./schema.ts";
import { bindUrl } from "./url.ts";
import { equalValues, type Value } from "./value.ts";

/** For each variable (URL or pattern) what must hold for its discovered value to mean something. */
export type Conditions = ReadonlyMap<string, Condition>;

/** The conditions that extensions state themselves. */
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
 * What is known of a node: its discovered values, each only while its condition holds, and its constants (the cfg
 * values of variables that nobody discovers). A value that is discovered as unknown is left out, like one that never was
 * discovered.
 *
 * Conditions are read in the view itself: where `/runState` can't be known, nothing that needs it can be.
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
    pending.push(url); // conditions that lead back to themselves hold nothing up
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

/** What turns `before` into `after`, ordered by URL. */
export function diffValues(before: Values, after: Values): Difference[] {
  const differences: Difference[] = [];
  for (const url of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const from = before.get(url);
    const to = after.get(url);
    if (!equalValues(from, to)) differences.push({ url, from, to });
  }
  return differences;
}
