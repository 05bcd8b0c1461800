import { isDeleted } from "../tree/placement.ts";
import { type CheckedNode, findShared } from "./boot_checks.ts";
import { findNameClashes, findProblems, rolesOf } from "./node_checks.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { findCircles, findCrossings, findLost, findWorn } from "./tree_checks.ts";

/**
 * Everything that is wrong with a write, one message each; nothing is written then.
 *
 * @param asked The cfg as it was asked for.
 * @param wanted The same with what the root adds to it.
 */
export function findAll(parts: CfgParts, asked: readonly Wanted[], wanted: readonly Wanted[]): string[] {
  const roles = rolesOf(parts, asked);
  const circles = findCircles(parts, wanted);
  return [
    ...asked.flatMap((node) => findProblems(parts, node, roles)),
    ...wanted.flatMap(({ cfg }) => findWorn(cfg)),
    ...wanted.flatMap(({ cfg }) => findLost(cfg)),
    ...(circles.length > 0 ? circles : findCrossings(parts, wanted)),
    ...findNameClashes(parts, wanted),
    ...findShared(wanted, () => everyNode(parts)),
  ];
}

function* everyNode({ replica }: CfgParts): Generator<CheckedNode> {
  for (const id of replica.ids()) {
    const facet = replica.get(id)?.facets.cfg;
    if (facet !== undefined && !isDeleted(facet)) {
      yield {
        id,
        cfg: { get: (url) => facet.get(url)?.value ?? undefined },
      };
    }
  }
}
