import {
  assignmentNumber,
  compareTerms,
  type Entry,
  MAX_INTEGER,
  newestVersion,
  type Term,
} from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Store, Stored } from "./mod.ts";

/** The largest number of its own runs that an aggregator may not know of: a higher number is a false claim. */
const MAX_LOST_RUNS = 1_000;

/** The terms with which an aggregator writes. */
export interface WriterTerm {
  /** The number of this aggregator's run. The root writes cfg with it. */
  readonly run: number;
  /** Returns the term of the `parent` facet of a node that it serves, under its present assignment. */
  of(id: string): Term;
  /** Advances the run to at least this one, on disk when this returns. */
  advanceTo(run: number): void;
  /** Tells whether everything in the facet was written under the node's present assignment. */
  hasWritten(id: string): boolean;
  /**
   * Makes sure that its term is above what is in the facet. @returns False if the facet has a writer of a later
   * assignment.
   */
  advancePastFacet(id: string): boolean;
  /**
   * Makes sure that its term is above `term`, with which a child has values of this aggregator's facet from another
   * run, whatever the disk knows about that run.
   *
   * @returns Whether the child may have another value for something here under that term or an earlier one: then it
   *   must receive the values with the new term.
   */
  advancePast(id: string, term: Term): boolean;
}

/**
 * Takes the next run, which is on disk before it is used, so that nothing that an older run still sends can win.
 *
 * @param store The store.
 * @param stored Its content.
 * @param replica Returns the documents.
 * @throws {Error} If the store cannot be written, or the runs are used up.
 */
export function takeWriterTerm(store: Store, stored: Stored, replica: () => Replica): WriterTerm {
  const before = stored.facts.get("run");
  let run = typeof before === "number" ? before : 0;
  function advanceTo(to: number): void {
    if (to <= run) return;
    if (to > MAX_INTEGER) {
      throw new Error(`Cannot count run ${to}: expected at most ${MAX_INTEGER}. Give this aggregator a new name`);
    }
    store.commit({ facts: new Map([["run", to]]) });
    run = to;
  }
  advanceTo(run + 1);
  function assigned(id: string): number {
    return assignmentNumber(replica().get(id)?.facets.cfg);
  }
  function of(id: string): Term {
    return { assignment: assigned(id), run };
  }
  function newestOf(id: string): Term {
    return newestVersion(replica().get(id)?.facets.parent ?? new Map());
  }
  return {
    get run() {
      return run;
    },
    of,
    advanceTo,
    hasWritten(id) {
      const facet = replica().get(id)?.facets.parent ?? new Map<string, Entry>();
      const assignment = assigned(id);
      return facet.size > 0 && [...facet.values()].every(({ version }) => version.assignment === assignment);
    },
    advancePastFacet(id) {
      const newest = newestOf(id);
      if (compareTerms(newest, of(id)) <= 0) return true;
      if (newest.assignment > assigned(id) || newest.run > run + MAX_LOST_RUNS) return false;
      advanceTo(newest.run + 1);
      return true;
    },
    advancePast(id, term) {
      if (term.assignment !== assigned(id) || term.run > run + MAX_LOST_RUNS) return false;
      advanceTo(term.run + 1);
      if (compareTerms(newestOf(id), of(id)) > 0) return false; // it has a successor
      const here = replica().get(id)?.facets.parent ?? new Map<string, Entry>();
      return [...here.values()].some(({ version }) => compareTerms(version, term) <= 0);
    },
  };
}
