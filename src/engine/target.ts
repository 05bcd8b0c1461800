import { createHash } from "node:crypto";
import type { Domain } from "../plan/mod.ts";
import { canonicalText, core, tree, type Values } from "../state/mod.ts";

/** By domain, the core variables that do not define what a node should be: no mutation reads them. */
const labels = new WeakMap<Domain, ReadonlySet<string>>();

/**
 * Hashes what `cfg` asks for: the goals, and everything that modules may read. Labels such as `/rack`, and `/freeze`,
 * do not count: sorting nodes into racks, or freezing and thawing them, changes nothing of what they should be, so
 * failures are kept.
 *
 * @param domain The variables and mutations.
 */
export function targetOf(domain: Domain, cfg: Values): string {
  const ignored = labelsOf(domain);
  const asked = [...cfg].filter(([url]) => !ignored.has(url)).sort(([a], [b]) => a < b ? -1 : 1);
  return createHash("sha256").update(canonicalText(asked)).digest("hex").slice(0, 16);
}

function labelsOf(domain: Domain): ReadonlySet<string> {
  const known = labels.get(domain);
  if (known !== undefined) return known;
  const read = new Set(domain.mutations.flatMap(({ declaration: { requires, excludes } }) => [
    ...Object.keys(requires ?? {}),
    ...Object.keys(excludes ?? {}),
  ]));
  const made = new Set(
    Object.entries({ ...core.variables, ...tree.variables })
      .filter(([url, { writer }]) => writer === "cfg" && !read.has(url)).map(([url]) => url),
  );
  labels.set(domain, made);
  return made;
}
