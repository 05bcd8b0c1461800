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

/** How many runs of its own an aggregator may not know of: one that is told of more is told something wrong. */
const MAX_LOST_RUNS = 1_000;

/** The terms that an aggregator writes with. */
export interface WriterTerm {
  /** Counts this aggregator's runs. The root writes cfg with it. */
  readonly run: number;
  /** The term of the `parent` facet of a node that it serves: under its present assignment. */
  of(id: string): Term;
  /** Counts on to at least this run, on disk when this returns. */
  raise(run: number): void;
  /** Whether everything that is in the facet was written under the node's present assignment. */
  hasWritten(id: string): boolean;
  /** Goes above what is in the facet already. @returns False where the facet has a writer of a later assignment. */
  settle(id: string): boolean;
  /**
   * A child has values of this term in the facet that this aggregator writes, from another run of it than this one: goes
   * above them, whatever the disk knows of that run.
   *
   * @returns Whether there is something here that the child may have another value of, under that term or an earlier one: it
   * has to be given the new term, so that it counts for the child.
   */
  outdo(id: string, term: Term): boolean;
}

/**
 * Takes the next run, on disk before it is used, so that nothing that an older run still sends can win.
 *
 * @throws {Error} When the store can't be written, or the runs are used up.
 */
export function takeWriterTerm(store: Store, stored: Stored, replica: () => Replica): WriterTerm {
  const before = stored.facts.get("run");
  let run = typeof before === "number" ? before : 0;
  function raise(to: number): void {
    if (to <= run) return;
    if (to > MAX_INTEGER) {
      throw new Error(`Cannot count run ${to}: expected at most ${MAX_INTEGER}. Give this aggregator a new name`);
    }
    store.commit({ facts: new Map([["run", to]]) });
    run = to;
  }
  raise(run + 1);
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
    raise,
    hasWritten(id) {
      const facet = replica().get(id)?.facets.parent ?? new Map<string, Entry>();
      const assignment = assigned(id);
      return facet.size > 0 && [...facet.values()].every(({ version }) => version.assignment === assignment);
    },
    settle(id) {
      const newest = newestOf(id);
      if (compareTerms(newest, of(id)) <= 0) return true;
      if (newest.assignment > assigned(id) || newest.run > run + MAX_LOST_RUNS) return false;
      raise(newest.run + 1);
      return true;
    },
    outdo(id, term) {
      if (term.assignment !== assigned(id) || term.run > run + MAX_LOST_RUNS) return false;
      raise(term.run + 1);
      if (compareTerms(newestOf(id), of(id)) > 0) return false; // it has a successor
      const here = replica().get(id)?.facets.parent ?? new Map<string, Entry>();
      return [...here.values()].some(({ version }) => compareTerms(version, term) <= 0);
    },
  };
}
