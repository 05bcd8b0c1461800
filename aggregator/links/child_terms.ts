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
import type { RunBudget } from "./run_budget.ts";

/** What a birth says of the child's term. */
type Claim = Pick<BirthFrame, "term" | "shown" | "own">;

/** The terms that are handed to children: each birth gets one above all before it, on disk before it is used. */
export interface ChildTerms {
  /** The last term that was handed to a child; `NO_TERM` for none. */
  of(child: string): Term;
  /**
   * The term for a birth; undefined where the child can't be taken in now.
   *
   * @param birth The term that the child was born with, and what it can show.
   * @throws {Error} When it can't be stored.
   */
  next(child: string, birth: Claim): Term | undefined;
  /** Whether the agent that joins is the one that was given the last term before; undefined where none has joined. */
  isSameRun(child: string): boolean | undefined;
  /** Puts the terms for births that are about to be taken in on disk in one go: to write one by one takes far longer. */
  prepare(births: readonly (readonly [child: string, frame: BirthFrame])[]): void;
  /** These births have been taken in. */
  prepared(): void;
}

/**
 * See {@link ChildTerms}. This aggregator counts the runs of its children. A child that has a later term under its present
 * assignment has to show that it was given it by an earlier run of this aggregator, which has lost its disk since: what a child
 * says of itself must not use up what its successor needs.
 *
 * @param parts `terms` are the last ones that were handed out.
 */
export function createChildTerms(
  parts: {
    readonly replica: Replica;
    readonly store: Store;
    readonly terms: ReadonlyMap<string, Term>;
    /** The last term of a child, as far as it can show it: as this aggregator, or an aggregator itself, has signed it. */
    readonly provenTerm: (child: string, claim: Claim) => Term | undefined;
    /** Runs that this aggregator has not counted, and does not know to have been counted by an earlier run of it. */
    readonly budget: Pick<RunBudget, "spend">;
    /** A child claims a term that it can't show. */
    readonly onClaim: (child: string, what: string) => void;
    readonly log: Log;
  },
): ChildTerms {
  const { replica } = parts;
  const terms = new Map(parts.terms);
  const sameRun = new Map<string, boolean>();
  /** Terms that are on disk for births that are being taken in. */
  const ready = new Map<string, { readonly childTerm: Term; readonly term: Term }>();

  /** Above every run that is known of: the child's own, the last one that was handed out, the one that wrote what is here. */
  function followingTerm(child: string, birth: Claim): Term | undefined {
    const { term: childTerm } = birth;
    const assignment = assignmentNumber(replica.get(child)?.facets.cfg);
    if (childTerm.assignment > assignment) {
      parts.log.debug("Waits for the cfg that brought a child here", { node: child, term: termText(childTerm) });
      return undefined;
    }
    const wrote = newestVersion(replica.get(child)?.facets.self ?? new Map());
    const known = Math.max(terms.get(child)?.run ?? 0, wrote.run);
    const last = Math.max(known, believed(child, birth, { assignment, run: known }));
    if (last < MAX_INTEGER) return { assignment, run: last + 1 };
    // An assignment of its own begins with the first run.
    if ((terms.get(child) ?? NO_TERM).assignment < assignment && wrote.assignment < assignment) {
      return { assignment, run: 1 };
    }
    parts.log.warn("Refused a birth as its runs are used up", { node: child, term: termText(childTerm) });
    return undefined;
  }

  /** The run of a child's own claim that is believed. One of an earlier assignment is below whatever it gets now. */
  function believed(child: string, birth: Claim, known: Term): number {
    const { term: claim } = birth;
    if (claim.assignment !== known.assignment || claim.run <= known.run) return 0;
    const { own, ...given } = birth;
    if (isProven(child, given, claim)) return claim.run;
    // What it says by itself: it is believed where nothing is known of it, and an aggregator counts on with each start.
    const isPlausible = known.run === 0 || (own !== undefined && isProven(child, birth, claim));
    const runs = claim.run - known.run;
    if (isPlausible && parts.budget.spend(child, "self", claim.assignment, runs)) return claim.run;
    parts.onClaim(child, `term ${termText(claim)}, which this aggregator has not given it`);
    return 0;
  }
  function isProven(child: string, birth: Claim, claim: Term): boolean {
    const proven = parts.provenTerm(child, birth);
    return proven !== undefined && compareTerms(proven, claim) >= 0;
  }

  return {
    of: (child) => terms.get(child) ?? NO_TERM,
    next(child, birth) {
      const { term: childTerm } = birth;
      const known = ready.get(child);
      const isReady = known !== undefined && compareTerms(known.childTerm, childTerm) === 0;
      const term = isReady ? known.term : followingTerm(child, birth);
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
        const term = followingTerm(child, frame);
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
