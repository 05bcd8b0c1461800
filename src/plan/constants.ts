import type { Value, Values } from "../state/mod.ts";
import type { Domain } from "./plan.ts";

/** The values of a constant that mutations of a domain are for, such as the platforms that its modules know. Sorted. */
function valuesServed(domain: Domain, url: string): Value[] {
  const values = new Set<Value>();
  for (const { declaration } of domain.mutations) {
    const value = declaration.requires?.[url];
    if (value !== undefined) values.add(value);
  }
  return [...values].sort();
}

/**
 * Says that no mutation of `domain` serves the value that `cfg` has for the constant `url`, such as an unknown
 * platform. Undefined if one does, if the constant is not set, or if no mutation names it.
 */
export function describeUnserved(domain: Domain, cfg: Values, url: string): string | undefined {
  const value = cfg.get(url);
  const served = valuesServed(domain, url);
  if (value === undefined || served.length === 0 || served.includes(value)) return undefined;
  return `${url} is '${value}', which no module supports: expected ${listOf(served)}`;
}

/** Writes `values` as alternatives: `'a', 'b' or 'c'`. */
export function listOf(values: readonly Value[]): string {
  const texts = values.map((value) => (typeof value === "string" ? `'${value}'` : JSON.stringify(value)));
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} or ${last}`;
}
