import { parseNodeset } from "../../nodeset/mod.ts";

/** Tells whether a name is meant. */
export type Matcher = (name: string) => boolean;

/** Matches node names against a nodeset; without one every name is meant. */
export function matchNodes(nodeset: string | undefined): Matcher {
  if (nodeset === undefined) return () => true;
  const parsed = parseNodeset(nodeset);
  const names = new Set(parsed.ok ? parsed.names : []);
  return (name) => names.has(name);
}

/** Matches `module/id` against patterns in which `*` stands for anything. */
export function matchMutations(patterns: readonly string[]): Matcher {
  const sources = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*"));
  const expression = new RegExp(`^(?:${sources.join("|")})$`);
  return (name) => expression.test(name);
}
