import type { Term, Version } from "../../src/state/mod.ts";

/** A term under an assignment. */
export function makeTerm(assignment: number, run: number): Term {
  return { assignment, run };
}

/** The term of a run under no assignment, as those of cfg are. */
export function ofRun(run: number): Term {
  return { assignment: 0, run };
}

/** A version, under no assignment unless one is named. */
export function at(run: number, rev: number, assignment = 0): Version {
  return { assignment, run, rev };
}
