import { compareTerms, type Entry, type Facet, type Term } from "../state/mod.ts";
import type { Replica } from "./types.ts";

/**
 * Takes over what an earlier run left in the `self` facet of a node: values that this run has not written are unset with
 * its term, so that nothing stale survives.
 *
 * @returns How many entries were refused: those that are not of an earlier term.
 */
export function takeSelfOver(replica: Replica, id: string, term: Term, entries: Facet): number {
  const left = new Map<string, Entry>();
  for (const [url, entry] of entries) if (compareTerms(entry.version, term) < 0) left.set(url, entry);
  const stale = replica.merge(id, "self", left);
  replica.write(id, "self", new Map(stale.map((url): [string, null] => [url, null])), term);
  return entries.size - left.size;
}
