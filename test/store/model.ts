import { fc } from "../support/property.ts";
import type { LoggedEvent } from "../../aggregator/store/mod.ts";
import type { Batch, Store, Stored } from "../../aggregator/store/mod.ts";
import { emptyDocument, type Entry, type Facet, FACET_NAMES, type NodeDocument } from "../../src/state/mod.ts";

/** What a store is to hold, told as plainly as it can be. */
export interface Model extends Pick<Store, "load" | "events"> {
  /** @returns Whether the batch is one to take; nothing of it is taken otherwise. */
  commit(batch: Batch): boolean;
}

/** See {@link Model}. */
export function createModel(): Model {
  let documents: readonly NodeDocument[] = [];
  let facts: Stored["facts"] = new Map();
  let terms: Stored["terms"] = new Map();
  let sessions: Stored["sessions"] = new Map();
  let events: readonly LoggedEvent[] = [];

  function put(document: NodeDocument, name: keyof NodeDocument["facets"]): void {
    const before = documents.find(({ id }) => id === document.id) ?? emptyDocument(document.id);
    const after = { id: document.id, facets: { ...before.facets, [name]: document.facets[name] } };
    documents = [...documents.filter(({ id }) => id !== document.id), after];
  }
  return {
    load: () => ({ documents: [...documents], facts, terms, sessions, lastEvent: events.at(-1)?.id ?? 0 }),
    events: (after, limit) => events.filter(({ id }) => id > after).slice(0, limit),
    commit(batch) {
      const all = [...events, ...batch.events ?? []];
      if (all.some(({ id }, index) => id <= (all[index - 1]?.id ?? 0))) return false;
      documents = documents.filter(({ id }) => !batch.removed?.includes(id));
      for (const { document, facets } of batch.documents ?? []) for (const name of facets) put(document, name);
      facts = new Map([...facts, ...batch.facts ?? []]);
      terms = new Map([...terms, ...batch.terms ?? []]);
      sessions = new Map([...sessions, ...batch.sessions ?? []]);
      events = all;
      return true;
    },
  };
}

/** Everything in a store, in an order that depends on nothing but what is there. */
export function snapshot(store: Pick<Store, "load" | "events">) {
  const { documents, facts, terms, sessions, lastEvent } = store.load();
  return {
    documents: documents.toSorted((a, b) => a.id < b.id ? -1 : 1),
    ...{ facts, terms, sessions, lastEvent },
    events: store.events(0, 1_000_000),
  };
}

const ids = fc.constantFrom("a", "b", "c", "d");
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "binary" }),
  fc.boolean(),
  fc.integer(),
  fc.array(fc.string()),
);
const term = fc.record({ assignment: count, run: count }, { noNullPrototype: true });
const version = fc.record({ assignment: count, run: count, rev: count }, { noNullPrototype: true });
const entry: fc.Arbitrary<Entry> = fc.record({ value, version }, { noNullPrototype: true });
const facet: fc.Arbitrary<Facet> = fc.array(fc.tuple(fc.constantFrom("/x", "/y", "/z/1"), entry), { maxLength: 3 })
  .map((entries) => new Map(entries));
const document: fc.Arbitrary<NodeDocument> = fc.record({
  id: ids,
  facets: fc.record({ cfg: facet, parent: facet, self: facet }, { noNullPrototype: true }),
}, { noNullPrototype: true });

function mapOf<T>(values: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> {
  return fc.array(fc.tuple(ids, values), { maxLength: 3 }).map((entries) => new Map(entries));
}

const batch = fc.record({
  documents: fc.array(fc.record({ document, facets: fc.subarray([...FACET_NAMES]) }), { maxLength: 3 }),
  removed: fc.array(ids, { maxLength: 2 }),
  facts: mapOf(fc.oneof(
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true })
      .map((number) => number + 0),
    fc.boolean(),
  )),
  terms: mapOf(term),
  sessions: mapOf(fc.record({ run: fc.uuid(), term, received: count }, { noNullPrototype: true })),
  /** By how much each id is above the one before: 0 makes a batch that is not to be taken. */
  steps: fc.array(fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 1000 }) }, fc.constant(0)), {
    maxLength: 4,
  }),
}, { requiredKeys: ["steps"], noNullPrototype: true });

/** Batches in a row, after some of which the program starts again; a few are broken. */
export const batchSequences: fc.Arbitrary<{ readonly batch: Batch; readonly restart: boolean }[]> = fc.array(
  fc.record({ batch, restart: fc.boolean() }),
  { minLength: 1, maxLength: 8 },
).map((all) => {
  let last = 0;
  return all.map(({ batch: { steps, ...rest }, restart }) => {
    const events = steps.map((step) => eventAt(last += step));
    return { batch: { ...rest, events }, restart };
  });
});

function eventAt(id: number): LoggedEvent {
  return { id, time: "2026-01-01T00:00:00.000Z", node: "n1", kind: "done", why: `number ${id}` };
}
