import {
  compareTerms,
  compareVersions,
  EMPTY_FACET,
  type Entry,
  equalValues,
  type Facet,
  FACET_NAMES,
  type FacetName,
  newestVersion,
  NO_VERSION,
  type NodeDocument,
  type PackedFacet,
  packFacet,
  supersedes,
  type Term,
  termText,
  type Value,
  type Version,
} from "../state/mod.ts";
import type { Change, Replica } from "./types.ts";

/** A document, with what is needed to tell what changed in it since when. */
interface Held {
  document: { readonly id: string; readonly facets: { readonly [name in FacetName]: PackedFacet } };
  /** By facet, the local index of each value's last change, in the facet's order. */
  readonly indexes: { [name in FacetName]: number[] };
  /** By facet, its newest version. */
  readonly newest: { [name in FacetName]: Version };
  last: number;
  /** Its neighbours in the order of their last changes. */
  older: Held | undefined;
  newer: Held | undefined;
}

type Listener = Parameters<Replica["onChange"]>[0];

/**
 * Holds node documents in memory. Documents that it hands out never change afterwards: a change replaces the facet.
 *
 * @param initial What was stored before. Its writers go on above the versions that it has.
 */
export function createReplica(initial: Iterable<NodeDocument> = []): Replica {
  const documents = new Map<string, Held>();
  const listeners = new Set<Listener>();
  let index = 0;
  /** The document that changed last: those before it are found from there, so that a look at what is new is no look at all. */
  let latest: Held | undefined;

  function unlink(held: Held): void {
    if (held.older !== undefined) held.older.newer = held.newer;
    if (held.newer !== undefined) held.newer.older = held.older;
    if (latest === held) latest = held.older;
    held.older = undefined;
    held.newer = undefined;
  }
  function makeLatest(held: Held): void {
    if (latest === held) return;
    unlink(held);
    held.older = latest;
    if (latest !== undefined) latest.newer = held;
    latest = held;
  }

  function hold(id: string): Held {
    const known = documents.get(id);
    if (known !== undefined) return known;
    const made: Held = {
      document: { id, facets: { cfg: EMPTY_FACET, parent: EMPTY_FACET, self: EMPTY_FACET } },
      indexes: { cfg: [], parent: [], self: [] },
      newest: { cfg: NO_VERSION, parent: NO_VERSION, self: NO_VERSION },
      last: 0,
      older: undefined,
      newer: undefined,
    };
    documents.set(id, made);
    return made;
  }

  /** Replaces entries of a facet. Says so to everyone who listens. */
  function put(held: Held, name: FacetName, entries: Facet): string[] {
    const urls = [...entries.keys()];
    const facet = held.document.facets[name].with(entries);
    held.document = { id: held.document.id, facets: { ...held.document.facets, [name]: facet } };
    const indexes = held.indexes[name];
    const before = indexes.length;
    for (const url of urls) indexes[facet.placeOf(url) ?? 0] = ++index;
    if (indexes.length > before) held.indexes[name] = indexes.slice(); // one that has grown has room for more
    const newest = newestVersion(entries);
    if (compareVersions(newest, held.newest[name]) > 0) held.newest[name] = newest;
    held.last = index;
    makeLatest(held);
    for (const listener of [...listeners]) listener(held.document.id, name, urls);
    return urls;
  }

  /** The next version that a writer of this term gives. */
  function nextVersion(id: string, name: FacetName, term: Term): Version {
    const newest = documents.get(id)?.newest[name] ?? NO_VERSION;
    const order = compareTerms(newest, term);
    if (order > 0) {
      throw new Error(
        `Cannot write facet '${name}' of node '${id}' with term ${termText(term)} as it has values of term ${
          termText(newest)
        }`,
      );
    }
    return { assignment: term.assignment, run: term.run, rev: order === 0 ? newest.rev + 1 : 1 };
  }

  for (const document of initial) {
    const held = hold(document.id);
    for (const name of FACET_NAMES) put(held, name, document.facets[name]);
  }

  return {
    get index() {
      return index;
    },
    get: (id) => documents.get(id)?.document,
    ids: () => documents.keys(),
    write(id, name, values, term) {
      const version = nextVersion(id, name, term);
      const facet = documents.get(id)?.document.facets[name];
      const changed = new Map<string, Entry>();
      for (const [url, value] of values) {
        const before: Value | null = facet?.get(url)?.value ?? null;
        if (!equalValues(before, value)) changed.set(url, { value, version });
      }
      return changed.size === 0 ? [] : put(hold(id), name, changed);
    },
    restamp(id, name, term) {
      const version = nextVersion(id, name, term);
      const changed = new Map<string, Entry>();
      for (const [url, entry] of documents.get(id)?.document.facets[name] ?? []) {
        if (compareTerms(entry.version, term) < 0) changed.set(url, { value: entry.value, version });
      }
      return changed.size === 0 ? [] : put(hold(id), name, changed);
    },
    merge(id, name, entries) {
      const facet = documents.get(id)?.document.facets[name];
      const newer = new Map<string, Entry>();
      for (const [url, entry] of entries) if (supersedes(entry, facet?.get(url))) newer.set(url, entry);
      return newer.size === 0 ? [] : put(hold(id), name, newer);
    },
    since(id, after) {
      const held = documents.get(id);
      if (held === undefined || held.last <= after) return [];
      const changes: Change[] = [];
      for (const facet of FACET_NAMES) {
        const values = held.document.facets[facet];
        for (const [place, changedAt] of held.indexes[facet].entries()) {
          if (changedAt <= after) continue;
          const url = values.urls[place];
          const entry = url === undefined ? undefined : values.get(url);
          if (url !== undefined && entry !== undefined) changes.push({ id, facet, url, entry, index: changedAt });
        }
      }
      return changes.sort((a, b) => a.index - b.index);
    },
    *changedSince(after) {
      for (let held = latest; held !== undefined && held.last > after; held = held.older) yield held.document.id;
    },
    indexOf: (id) => documents.get(id)?.last ?? 0,
    renew(id) {
      const held = documents.get(id);
      if (held === undefined) return;
      for (const name of FACET_NAMES) {
        held.indexes[name] = held.indexes[name].map(() => ++index);
      }
      held.last = index;
      makeLatest(held);
    },
    drop(id, name, isGone) {
      const held = documents.get(id);
      const facet = held?.document.facets[name];
      if (held === undefined || facet === undefined) return;
      const urls = [...facet.keys()].filter(isGone);
      if (urls.length === 0) return;
      const gone = new Set(urls);
      held.indexes[name] = held.indexes[name].filter((_index, place) => !gone.has(facet.urls[place] ?? ""));
      const left = packFacet(new Map([...facet].filter(([url]) => !gone.has(url))));
      held.document = { id, facets: { ...held.document.facets, [name]: left } };
      for (const listener of [...listeners]) listener(id, name, urls);
    },
    remove(id) {
      const held = documents.get(id);
      if (held !== undefined) unlink(held);
      documents.delete(id);
    },
    onChange(changed) {
      const listener: Listener = (...args) => changed(...args);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
