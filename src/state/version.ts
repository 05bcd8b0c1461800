/**
 * The origin of a value in a facet: the assignment of the node's `/parent` under which it was written, and the
 * writer's run. Terms are ordered by assignment, then by run. Only the root counts assignments, so a parent that was
 * replaced stays below its successor, however often it starts. `cfg` has one writer, the root: its terms have
 * assignment 0.
 */
export interface Term {
  /** The number of times that the node's `/parent` was set: 0 to 2^32-1. */
  readonly assignment: number;
  /** Counts the starts of the writer: 0 to 2^32-1. */
  readonly run: number;
}

/** A term, and the number of the writer's change under it. Versions are ordered by term, then by `rev`. */
export interface Version extends Term {
  /** Grows with each change under a term: 0 to 2^32-1. */
  readonly rev: number;
}

/** The term of a writer that was never assigned one: below all others. */
export const NO_TERM: Term = { assignment: 0, run: 0 };
/** The version of a value that was never written: below all others. */
export const NO_VERSION: Version = { assignment: 0, run: 0, rev: 0 };

/** Compares two terms: negative if `a` is older, positive if `b` is older, 0 if they are equal. */
export function compareTerms(a: Term, b: Term): number {
  return a.assignment - b.assignment || a.run - b.run;
}

/**
 * Compares two versions.
 *
 * @param a The first version.
 * @param b The second version.
 * @returns A negative number if `a` is older, a positive one if `b` is older, 0 if they are equal.
 *
 * @example A new assignment beats any number of runs
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareVersions } from "../src/state/mod.ts";
 *
 * const replaced = { assignment: 1, run: 99, rev: 7 };
 * const successor = { assignment: 2, run: 1, rev: 1 };
 * assert(compareVersions(replaced, successor) < 0);
 * ```
 */
export function compareVersions(a: Version, b: Version): number {
  return a.assignment - b.assignment || a.run - b.run || a.rev - b.rev;
}

/** Returns the newer of the terms `a` and `b`; `a` if they are equal. */
export function laterTerm(a: Term, b: Term): Term {
  return compareTerms(a, b) < 0 ? b : a;
}

/**
 * Copies the term of a version, without its `rev`.
 *
 * @param version The version, or a term.
 */
export function termOf({ assignment, run }: Term): Term {
  return { assignment, run };
}

/**
 * Writes a version as a text without spaces: assignment, run and rev with dots between, at most 32 characters.
 *
 * @param version The version.
 */
export function versionText({ assignment, run, rev }: Version): string {
  return `${assignment}.${run}.${rev}`;
}

/**
 * Writes a term as a text without spaces: assignment and run with a dot between, at most 21 characters.
 *
 * @param term The term.
 */
export function termText({ assignment, run }: Term): string {
  return `${assignment}.${run}`;
}

const VERSION = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/;

/**
 * Reads the text of a version, as {@link versionText} writes it.
 *
 * @param text Anything from outside.
 * @returns The version; undefined if the text is not one. Numbers are not checked against 2^32-1.
 */
export function readVersion(text: unknown): Version | undefined {
  const found = typeof text === "string" ? VERSION.exec(text) : null;
  return found === null ? undefined : { assignment: Number(found[1]), run: Number(found[2]), rev: Number(found[3]) };
}
