import type { CheckedNode } from "./boot_checks.ts";
import type { CfgParts, Wanted } from "./parts.ts";

/** Finds nodes that occur twice in `wanted`: only one of the two could be right. */
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

/** Finds nodes in `wanted` that would get another name: events under the old name would belong to no node. */
export function findRenamed({ nodes }: CfgParts, wanted: readonly Wanted[]): string[] {
  return wanted.flatMap(({ id, cfg }) => {
    const before = nodes.read(id)?.cfg.get("/name");
    const name = cfg.get("/name");
    if (before === undefined || before === name) return [];
    return [`${String(before)}: /name is ${JSON.stringify(name)}: a node's name can't be changed`];
  });
}

/**
 * Finds new nodes in `wanted` whose names exist already, ignoring case: host names that differ only in case are the
 * same (RFC 4343).
 *
 * @param others Returns all existing nodes. Called only if a node is new.
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
