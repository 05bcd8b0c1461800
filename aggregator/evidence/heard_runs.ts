import { assignmentNumber, NO_TERM, type Term } from "../../src/state/mod.ts";
import type { BirthFrame, Replica } from "../../src/sync/mod.ts";
import type { Evidence } from "./evidence.ts";
import type { Suspicions } from "./suspicions.ts";

/**
 * Tells what children have heard of earlier processes of this aggregator. A run that this one does not know to be over
 * counts as far as the child shows that this aggregator has signed it: a made-up one would use its counter up.
 *
 * @param parts `run` names this process, `current` is the run that it counts to now.
 * @returns To be called with each birth: the term of what the child has in its `parent` facet; `NO_TERM` for nothing that counts.
 */
export function createHeardRuns(
  parts: {
    readonly replica: Replica;
    readonly evidence: Pick<Evidence, "provenRun">;
    readonly suspicions: Suspicions;
    readonly run: string;
    readonly current: () => number;
  },
): (child: string, birth: Pick<BirthFrame, "parent" | "parentTerm" | "shown">) => Term {
  const { replica, evidence, suspicions, current } = parts;
  /** This process may have counted on since. */
  const first = current();
  const born = new Set<string>();
  return (child, { parent, parentTerm, shown }) => {
    const isFirst = !born.has(child);
    born.add(child);
    if (parent === parts.run) return NO_TERM;
    const { assignment } = parentTerm;
    if (assignment !== assignmentNumber(replica.get(child)?.facets.cfg)) return NO_TERM; // another parent's, or none
    if (parentTerm.run < current()) return isFirst || parentTerm.run < first ? parentTerm : NO_TERM;
    const proven = evidence.provenRun(child, shown);
    if (proven < parentTerm.run) {
      suspicions.claimed(child, `a run ${parentTerm.run} of this aggregator, which is at ${current()}`);
    }
    const run = Math.min(proven, parentTerm.run);
    return isFirst || run < first ? { assignment, run } : NO_TERM; // it has that from this process
  };
}
