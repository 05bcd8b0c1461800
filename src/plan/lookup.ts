import { isPattern, type Schema, type Variable } from "../state/mod.ts";

/** A variable with the URL or pattern under which an extension declares it. */
export interface Declared {
  readonly pattern: string;
  readonly variable: Variable;
}

/** Finds the variable that a declaration means by a URL: a pattern only as an extension writes it. */
export type Lookup = (url: string) => Declared | undefined;

/** Makes a {@link Lookup} over `schema`. */
export function createLookup(schema: Schema): Lookup {
  const declared = new Map<string, Declared>();
  for (const extension of schema.extensions) {
    for (const [pattern, variable] of Object.entries(extension.variables)) declared.set(pattern, { pattern, variable });
  }
  return (url) => declared.get(url) ?? (isPattern(url) ? undefined : schema.find(url));
}

/** Lists the names of the placeholders of `pattern` in code-unit order: `["name"]` for `/services/{name}/state`. */
export function placeholdersOf(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "").sort();
}
