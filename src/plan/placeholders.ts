/** The names of a pattern's placeholders, in code-unit order: `["name"]` for `/services/{name}/state`. */
export function placeholdersOf(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "").sort();
}
