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

/** Says that no mutation is for the value that a constant has; undefined where one is, where it is not set, or where none names it. */
export function describeUnserved(domain: Domain, cfg: Values, url: string): string | undefined {
  const value = cfg.get(url);
  const served = valuesServed(domain, url);
  if (value === undefined || served.length === 0 || served.includes(value)) return undefined;
  return `${url} is '${value}', which no module is for: expected ${listOf(served)}`;
}

/** Values as one names alternatives: `'a', 'b' or 'c'`. */
export function listOf(values: readonly Value[]): string {
  const texts = values.map((value) => (typeof value === "string" ? `'${value}'` : JSON.stringify(value)));
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} or ${last}`;
}
