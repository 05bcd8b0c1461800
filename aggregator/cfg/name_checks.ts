import type { CheckedNode } from "./boot_checks.ts";
import type { CfgParts, Wanted } from "./parts.ts";

/** Finds nodes that a write speaks of twice: only one of the two could be what they should be. */
export function findTwice(wanted: readonly Wanted[]): string[] {
  const seen = new Set<string>();
  return wanted.flatMap(({ id, cfg }) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [`${String(cfg.get("/name"))}: the node is given twice: expected each once`];
  });
}

/** Finds nodes that would get another name: what was told under the old one would be nobody's. */
export function findRenamed({ nodes }: CfgParts, wanted: readonly Wanted[]): string[] {
  return wanted.flatMap(({ id, cfg }) => {
    const before = nodes.read(id)?.cfg.get("/name");
    const name = cfg.get("/name");
    if (before === undefined || before === name) return [];
    return [`${String(before)}: /name is ${JSON.stringify(name)}: a node's name can't be changed`];
  });
}

/**
 * Finds new nodes whose names others have, in whatever letters: host names that differ by capitals only are one
 * (RFC 4343).
 *
 * @param others All nodes that there are. Looked at only where a node is new.
 */
export function findNameClashes(
  { nodes }: CfgParts,
  wanted: readonly Wanted[],
  others: () => Iterable<CheckedNode>,
): string[] {
  const added = wanted.filter(({ id, cfg }) => nodes.read(id) === undefined && typeof cfg.get("/name") === "string");
  if (added.length === 0) return [];
  const owners = new Map<string, { readonly id: string; readonly name: string }>();
  for (const { id, cfg } of others()) {
    const name = String(cfg.get("/name"));
    owners.set(name.toLowerCase(), { id, name });
  }
  return added.flatMap(({ id, cfg }) => {
    const name = String(cfg.get("/name"));
    const owner = owners.get(name.toLowerCase());
    if (owner === undefined || owner.id === id) {
      owners.set(name.toLowerCase(), { id, name });
      return [];
    }
    const whose = owner.name === name ? `node ${owner.id} has` : `'${owner.name}' has in other letters`;
    return [`${name}: /name is "${name}": expected a name that no other node has, and ${whose} this one`];
  });
}
