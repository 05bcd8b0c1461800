import { isDeleted } from "../tree/placement.ts";
import { type CheckedNode, findShared } from "./boot_checks.ts";
import { findProblems, rolesOf } from "./node_checks.ts";
import { findNameClashes, findRenamed, findTwice } from "./name_checks.ts";
import { findOwn } from "./own_addresses.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { findCrossings, findLost, findTreeCircles } from "./tree_checks.ts";

/** The problems of a write, one message each; nothing is written then. */
export interface Findings {
  /** Problems of the values themselves. */
  readonly problems: readonly string[];
  /** Conflicts with other nodes: each names both. */
  readonly clashes: readonly string[];
}

/**
 * Finds all problems of a write.
 *
 * @param parts What cfg is checked with.
 * @param asked The cfg as requested.
 * @param wanted The same with what the root adds.
 */
export function findAll(parts: CfgParts, asked: readonly Wanted[], wanted: readonly Wanted[]): Findings {
  const roles = rolesOf(parts, asked);
  const circles = findTreeCircles(parts, wanted);
  return {
    problems: [
      ...asked.flatMap((node) => findProblems(parts, node, roles)),
      ...findTwice(wanted),
      ...findRenamed(parts, wanted),
      ...findOwn(parts, wanted),
      ...wanted.flatMap(({ cfg }) => findLost(cfg)),
      ...(circles.length > 0 ? circles : findCrossings(parts, wanted)),
    ],
    clashes: [
      ...findNameClashes(parts, wanted, () => everyNode(parts)),
      ...findShared(wanted, () => everyNode(parts)),
    ],
  };
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
