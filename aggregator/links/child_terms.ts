import type { Log } from "../../src/log.ts";
import { assignmentNumber, assignmentOf, makeTerm, MAX_RUN, newestVersion, runOf } from "../../src/state/mod.ts";
import type { BirthFrame, Replica } from "../../src/sync/mod.ts";
import type { Store } from "../store/mod.ts";

/** How many runs a child may have had elsewhere, of which nothing is known here: one that claims more is wrong. */
const MAX_LOST_RUNS = 100_000;

/** The terms that are handed to children: each birth gets one above all before it, on disk before it is used. */
export interface ChildTerms {
  /** The last term that was handed to a child; 0 for none. */
  of(child: string): number;
  /**
   * The term for a birth; undefined where the child can't be taken in now.
   *
   * @param childTerm The term that the child was born with.
   * @throws {Error} When it can't be stored.
   */
  next(child: string, childTerm: number): number | undefined;
  /** Whether the agent that joins is the one that was given the last term before; undefined where none has joined. */
  isSameRun(child: string): boolean | undefined;
  /** Puts the terms for births that are about to be taken in on disk in one go: to write one by one takes far longer. */
  prepare(births: readonly (readonly [child: string, frame: BirthFrame])[]): void;
  /** These births have been taken in. */
  prepared(): void;
}

/** See {@link ChildTerms}. @param parts `terms` are the last ones that were handed out. */
export function createChildTerms(
  parts: {
    readonly replica: Replica;
    readonly store: Store;
    readonly terms: ReadonlyMap<string, number>;
    readonly log: Log;
  },
): ChildTerms {
  const { replica } = parts;
  const terms = new Map(parts.terms);
  const sameRun = new Map<string, boolean>();
  /** Terms that are on disk for births that are being taken in. */
  const ready = new Map<string, { readonly childTerm: number; readonly term: number }>();

  /** Above every run that is known of: the child's own, the last one that was handed out, the one that wrote what is here. */
  function followingTerm(child: string, childTerm: number): number | undefined {
    const assignment = assignmentNumber(replica.get(child)?.facets.cfg);
    if (assignmentOf(childTerm) > assignment) {
      parts.log.debug("Waits for the cfg that brought a child here", { child, term: childTerm });
      return undefined;
    }
    const wrote = newestVersion(replica.get(child)?.facets.self ?? new Map())[0];
    const known = Math.max(runOf(terms.get(child) ?? 0), runOf(wrote));
    if (runOf(childTerm) > known + MAX_LOST_RUNS || known >= MAX_RUN) {
      parts.log.warn("Refused a birth as its term can't be", { child, term: childTerm });
      return undefined;
    }
    return makeTerm(assignment, Math.max(known, runOf(childTerm)) + 1);
  }

  return {
    of: (child) => terms.get(child) ?? 0,
    next(child, childTerm) {
      const known = ready.get(child);
      const term = known?.childTerm === childTerm ? known.term : followingTerm(child, childTerm);
      if (term === undefined) return undefined;
      if (term !== known?.term) parts.store.commit({ terms: new Map([[child, term]]) });
      const before = terms.get(child) ?? 0;
      terms.set(child, term);
      sameRun.set(child, childTerm > 0 && runOf(childTerm) === runOf(before));
      return term;
    },
    isSameRun: (child) => sameRun.get(child),
    prepare(births) {
      for (const [child, frame] of births) {
        const term = followingTerm(child, frame.term);
        if (term !== undefined) ready.set(child, { childTerm: frame.term, term });
      }
      try {
        const handed = new Map([...ready].map(([child, { term }]) => [child, term]));
        if (handed.size > 0) parts.store.commit({ terms: handed });
      } catch {
        ready.clear(); // each by itself says what is wrong
      }
    },
    prepared: () => ready.clear(),
  };
}
