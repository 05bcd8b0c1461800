/**
 * Who wrote a value of a facet: under which assignment of the node's `/parent`, in which of the writer's runs. Ordered by
 * assignment, then by run. The root alone counts assignments, so a parent that was deposed by one stays below its successor,
 * however often it starts. `cfg` has one writer, the root: its terms have assignment 0.
 */
export interface Term {
  /** How often the node's `/parent` was set: 0 to 2^32-1. */
  readonly assignment: number;
  /** Counts the starts of the writer: 0 to 2^32-1. */
  readonly run: number;
}

/** A term, and which change of the writer's it is. Ordered by term, then by `rev`. */
export interface Version extends Term {
  /** Grows with each change under a term: 0 to 2^32-1. */
  readonly rev: number;
}

/** The term of a writer that was never given one: below all others. */
export const NO_TERM: Term = { assignment: 0, run: 0 };
/** The version of what was never written: below all others. */
export const NO_VERSION: Version = { assignment: 0, run: 0, rev: 0 };

/** Negative when `a` is the older term, positive when it is the newer, 0 when they are the same. */
export function compareTerms(a: Term, b: Term): number {
  return a.assignment - b.assignment || a.run - b.run;
}

/** Negative when `a` is the older version, positive when it is the newer, 0 when they are the same. */
export function compareVersions(a: Version, b: Version): number {
  return a.assignment - b.assignment || a.run - b.run || a.rev - b.rev;
}

/** The newer of two terms; `a` where they are the same. */
export function laterTerm(a: Term, b: Term): Term {
  return compareTerms(a, b) < 0 ? b : a;
}

/** The term of a version, and nothing else of it. */
export function termOf({ assignment, run }: Term): Term {
  return { assignment, run };
}

/** A version as a text without spaces: assignment, run and rev with points between. At most 32 characters. */
export function versionText({ assignment, run, rev }: Version): string {
  return `${assignment}.${run}.${rev}`;
}

/** A term as a text without spaces: assignment and run with a point between. At most 21 characters. */
export function termText({ assignment, run }: Term): string {
  return `${assignment}.${run}`;
}

const VERSION = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/;

/** Reads what {@link versionText} makes. @returns Undefined when it is something else. */
export function readVersion(text: unknown): Version | undefined {
  const found = typeof text === "string" ? VERSION.exec(text) : null;
  return found === null ? undefined : { assignment: Number(found[1]), run: Number(found[2]), rev: Number(found[3]) };
}
