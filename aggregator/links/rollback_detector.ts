import { assignmentNumber, compareTerms, type Term } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";

/**
 * Notices that the root's disk is older than what the root has told its children: it was put back from a backup, and nobody
 * said so. The root's run is on the disk before anything is written with it, so that no child can
 * have a value of this run, or of a later one, from an earlier process.
 *
 * @param parts `run` is the one that this process took first.
 * @returns To be called with each birth: the newest term that the child has of an earlier process of the root,
 *   as far as it has shown it. Calls `onOlder` once at most.
 */
export function createRollbackDetector(
  parts: { readonly replica: Replica; readonly run: number; onOlder(child: string): void },
): (child: string, parentTerm: Term) => void {
  const { replica, run } = parts;
  let isOlder = false;
  return (child, parentTerm) => {
    if (isOlder) return;
    isOlder = compareTerms(parentTerm, { assignment: assignmentNumber(replica.get(child)?.facets.cfg), run }) >= 0;
    if (isOlder) parts.onOlder(child);
  };
}
