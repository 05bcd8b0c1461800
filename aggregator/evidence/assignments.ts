import type { Clock } from "../../src/clock.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import type { Evidence } from "./evidence.ts";
import type { Suspicions } from "./suspicions.ts";

/** How long a child whose claim did not hold is not looked at again, in milliseconds: a check takes some tenths of one. */
const PAUSE_MS = 1_000;
/** The most children that are remembered for that. */
const MAX_REMEMBERED = 10_000;

/** What a child says of a later assignment of its own. */
export interface AssignmentClaim extends Pick<BirthFrame, "shown" | "assigned"> {
  readonly number: number;
}

/** Tells whether a child can show that it was assigned as often as it says. */
export function createAssignmentCheck(
  parts: {
    readonly clock: Clock;
    readonly evidence: Pick<Evidence, "provenAssignment">;
    readonly suspicions: Suspicions;
  },
): (child: string, claim: AssignmentClaim) => boolean {
  const { clock, evidence, suspicions } = parts;
  const failedAt = new Map<string, number>();
  return (child, claim) => {
    const now = clock.now();
    if (now - (failedAt.get(child) ?? -Infinity) < PAUSE_MS) return false;
    failedAt.delete(child);
    if (evidence.provenAssignment(child, claim) >= claim.number) return true;
    for (const oldest of failedAt.keys()) {
      if (failedAt.size < MAX_REMEMBERED) break;
      failedAt.delete(oldest);
    }
    failedAt.set(child, now);
    suspicions.claimed(child, `assignment ${claim.number}, which the root has not signed`);
    return false;
  };
}
