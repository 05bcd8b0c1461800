/** Lists the names of the placeholders of `pattern` in code-unit order: `["name"]` for `/services/{name}/state`. */
export function placeholdersOf(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "").sort();
}
