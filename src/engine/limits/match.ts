import { parseNodeset } from "../../nodeset/mod.ts";

/** Tells whether a name matches. */
export type Matcher = (name: string) => boolean;

/** Returns a matcher for the node names of `nodeset`; undefined matches every name. */
export function matchNodes(nodeset: string | undefined): Matcher {
  if (nodeset === undefined) return () => true;
  const parsed = parseNodeset(nodeset);
  const names = new Set(parsed.ok ? parsed.names : []);
  return (name) => names.has(name);
}

/** Returns a matcher for `module/id` by `patterns` in which `*` matches anything. */
export function matchMutations(patterns: readonly string[]): Matcher {
  const sources = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*"));
  const expression = new RegExp(`^(?:${sources.join("|")})$`);
  return (name) => expression.test(name);
}
