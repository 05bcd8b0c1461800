/** How many of a term's 32 bits count runs; the others count assignments. */
const RUN_BITS = 20;
const RUNS = 2 ** RUN_BITS;

/** The highest number that an assignment of `/parent` may have. */
export const MAX_ASSIGNMENT = 2 ** (32 - RUN_BITS) - 1;
/** The highest number that a run may have. */
export const MAX_RUN = RUNS - 1;

/**
 * The term of a writer below the root: which assignment of the node's `/parent` it writes under, then which of its runs it
 * is. The root counts assignments, so whoever was deposed by one stays below its successor, however often it started.
 *
 * @throws {RangeError} When a part is beyond its highest number.
 */
export function makeTerm(assignment: number, run: number): number {
  if (assignment < 0 || assignment > MAX_ASSIGNMENT) {
    throw new RangeError(`Cannot make a term of assignment ${assignment}: expected 0 to ${MAX_ASSIGNMENT}`);
  }
  if (run < 0 || run > MAX_RUN) throw new RangeError(`Cannot make a term of run ${run}: expected 0 to ${MAX_RUN}`);
  return assignment * RUNS + run;
}

/** The assignment that a term was made of. */
export function assignmentOf(term: number): number {
  return Math.floor(term / RUNS);
}

/** The run that a term was made of. */
export function runOf(term: number): number {
  return term % RUNS;
}
