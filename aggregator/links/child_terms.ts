import type { Log } from "../../src/log.ts";
import {
  assignmentNumber,
  compareTerms,
  MAX_INTEGER,
  newestVersion,
  NO_TERM,
  type Term,
  termText,
} from "../../src/state/mod.ts";
import type { BirthFrame, Replica } from "../../src/sync/mod.ts";
import type { Store } from "../store/mod.ts";

/** How many runs a child may have had elsewhere, of which nothing is known here: one that claims more is wrong. */
const MAX_LOST_RUNS = 100_000;

/** The terms that are handed to children: each birth gets one above all before it, on disk before it is used. */
export interface ChildTerms {
  /** The last term that was handed to a child; `NO_TERM` for none. */
  of(child: string): Term;
  /**
   * The term for a birth; undefined where the child can't be taken in now.
   *
   * @param childTerm The term that the child was born with.
   * @throws {Error} When it can't be stored.
   */
  next(child: string, childTerm: Term): Term | undefined;
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
    readonly terms: ReadonlyMap<string, Term>;
    readonly log: Log;
  },
): ChildTerms {
  const { replica } = parts;
  const terms = new Map(parts.terms);
  const sameRun = new Map<string, boolean>();
  /** Terms that are on disk for births that are being taken in. */
  const ready = new Map<string, { readonly childTerm: Term; readonly term: Term }>();

  /** Above every run that is known of: the child's own, the last one that was handed out, the one that wrote what is here. */
  function followingTerm(child: string, childTerm: Term): Term | undefined {
    const assignment = assignmentNumber(replica.get(child)?.facets.cfg);
    if (childTerm.assignment > assignment) {
      parts.log.debug("Waits for the cfg that brought a child here", { child, term: termText(childTerm) });
      return undefined;
    }
    const wrote = newestVersion(replica.get(child)?.facets.self ?? new Map());
    const known = Math.max(terms.get(child)?.run ?? 0, wrote.run);
    if (childTerm.run > known + MAX_LOST_RUNS || known >= MAX_INTEGER) {
      parts.log.warn("Refused a birth as its term can't be", { child, term: termText(childTerm) });
      return undefined;
    }
    return { assignment, run: Math.max(known, childTerm.run) + 1 };
  }

  return {
    of: (child) => terms.get(child) ?? NO_TERM,
    next(child, childTerm) {
      const known = ready.get(child);
      const isReady = known !== undefined && compareTerms(known.childTerm, childTerm) === 0;
      const term = isReady ? known.term : followingTerm(child, childTerm);
      if (term === undefined) return undefined;
      if (term !== known?.term) parts.store.commit({ terms: new Map([[child, term]]) });
      const before = terms.get(child) ?? NO_TERM;
      terms.set(child, term);
      sameRun.set(child, childTerm.run > 0 && childTerm.run === before.run);
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
