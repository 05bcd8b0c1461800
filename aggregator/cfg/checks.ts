import { isDeleted } from "../tree/placement.ts";
import { type CheckedNode, findShared } from "./boot_checks.ts";
import { findProblems, rolesOf } from "./node_checks.ts";
import { findNameClashes, findRenamed, findTwice } from "./name_checks.ts";
import { findOwn } from "./own_addresses.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { findCircles, findCrossings, findLost } from "./tree_checks.ts";

/** What is wrong with a write, one message each; nothing is written then. */
export interface Findings {
  /** What is wrong with it by itself. */
  readonly problems: readonly string[];
  /** What another node has already: each names both. */
  readonly clashes: readonly string[];
}

/**
 * Finds everything that is wrong with a write.
 *
 * @param asked The cfg as it was asked for.
 * @param wanted The same with what the root adds to it.
 */
export function findAll(parts: CfgParts, asked: readonly Wanted[], wanted: readonly Wanted[]): Findings {
  const roles = rolesOf(parts, asked);
  const circles = findCircles(parts, wanted);
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
