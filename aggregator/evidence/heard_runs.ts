import { assignmentNumber, NO_TERM, type Term } from "../../src/state/mod.ts";
import type { BirthFrame, Replica } from "../../src/sync/mod.ts";
import type { Evidence } from "./evidence.ts";
import type { Suspicions } from "./suspicions.ts";

/**
 * Tells what children have heard of earlier processes of this aggregator. A run that was not over when this one started
 * counts as far as the child shows that another process of this aggregator has signed it: a made-up one would use its
 * counter up. What this process has given to a child itself says nothing of an earlier one.
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
  /** This process may have counted on since: what it counts over proves nothing of an earlier one. */
  const first = current();
  return (child, { parent, parentTerm, shown }) => {
    if (parent === parts.run) return NO_TERM;
    const { assignment } = parentTerm;
    if (assignment !== assignmentNumber(replica.get(child)?.facets.cfg)) return NO_TERM; // another parent's, or none
    if (parentTerm.run < first) return parentTerm;
    const proven = evidence.provenRun(child, shown);
    const isFromHere = proven?.process === parts.run;
    const most = isFromHere ? current() : proven?.run ?? 0;
    if (most < parentTerm.run) {
      suspicions.claimed(child, `a run ${parentTerm.run} of this aggregator, which is at ${current()}`);
    }
    return isFromHere ? NO_TERM : { assignment, run: Math.min(most, parentTerm.run) };
  };
}
