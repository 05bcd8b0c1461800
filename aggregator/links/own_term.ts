import type { Term } from "../../src/state/mod.ts";

/** The term that an aggregator writes the `self` facet of its own node with. */
export interface OwnTerm {
  readonly value: Term;
  /** The link to the parent has another one. */
  set(term: Term): void;
}

/** See {@link OwnTerm}. @param run The run of this aggregator, which counts where no parent hands out terms: at the root. */
export function createOwnTerm(run: () => number): OwnTerm {
  let handed: Term | undefined;
  return {
    get value() {
      return handed ?? { assignment: 0, run: run() };
    },
    set: (term) => void (handed = term),
  };
}
