import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LoggedEvent } from "../../aggregator/control.ts";
import { type Batch, MAX_EVENTS, type Store } from "../../aggregator/store/mod.ts";
import { emptyDocument, type Facet, FACET_NAMES, type NodeDocument } from "../../src/state/mod.ts";

/** A store under test: `reopen` gives it as a program finds it after a restart, `end` throws it away. */
export interface StoreCase {
  open(): Promise<Store>;
  reopen(store: Store): Promise<Store>;
  end(): void;
}

/** A document with one value in a facet. */
export function documentOf(id: string, facet: "cfg" | "parent" | "self", url: string, value: string): NodeDocument {
  const entries: Facet = new Map([[url, { value, version: [1, 1] }]]);
  return { id, facets: { ...emptyDocument(id).facets, [facet]: entries } };
}

/** An event of the log. */
export function eventOf(id: number): LoggedEvent {
  return { id, time: "2026-01-01T00:00:00.000Z", node: "n1", kind: "done", mutation: "simpower/power-on", why: "seen" };
}

/** What every store must do. */
export function testStore(name: string, createCase: () => StoreCase, options: { readonly skip: string | false }): void {
  function behaviour(title: string, run: (store: Store, reopen: () => Promise<Store>) => Promise<void> | void): void {
    test(`${name}: ${title}`, { skip: options.skip }, async () => {
      const made = createCase();
      const opened = await made.open();
      let newest = opened;
      try {
        await run(opened, async () => newest = await made.reopen(newest));
      } finally {
        newest.close();
        made.end();
      }
    });
  }

  behaviour("is empty when it is new", (store) => {
    assert.deepEqual(store.load(), {
      documents: [],
      facts: new Map(),
      terms: new Map(),
      sessions: new Map(),
      lastEvent: 0,
    });
    assert.deepEqual(store.events(0, 10), []);
  });

  behaviour("keeps everything of a batch over a restart", async (store, reopen) => {
    const document = documentOf("a", "cfg", "/physState", "POWER_ON");
    const { mutation: _, ...plain } = eventOf(2);
    store.commit({
      documents: [{ document, facets: ["cfg"] }],
      facts: new Map<string, string | number | boolean>([["term", 3], ["cluster", "demo"], ["frozen", true]]),
      terms: new Map([["a", 7]]),
      sessions: new Map([["a", { run: "r1", term: 7, received: 12 }]]),
      events: [eventOf(1), plain],
    });
    function check(after: Store): void {
      assert.deepEqual(after.load(), {
        documents: [document],
        facts: new Map<string, unknown>([["cluster", "demo"], ["frozen", true], ["term", 3]]),
        terms: new Map([["a", 7]]),
        sessions: new Map([["a", { run: "r1", term: 7, received: 12 }]]),
        lastEvent: 2,
      });
      assert.deepEqual(after.events(0, 10), [eventOf(1), plain]);
    }
    check(store);
    check(await reopen());
  });

  behaviour("stores facets apart from each other, each whole", async (store, reopen) => {
    store.commit({ documents: [{ document: documentOf("a", "cfg", "/platform", "sim"), facets: ["cfg"] }] });
    store.commit({ documents: [{ document: documentOf("a", "self", "/drained", "NO"), facets: ["self"] }] });
    store.commit({ documents: [{ document: documentOf("a", "cfg", "/arch", "x86_64"), facets: ["cfg"] }] });
    const [stored] = (await reopen()).load().documents;
    assert.deepEqual(stored?.facets, {
      cfg: documentOf("a", "cfg", "/arch", "x86_64").facets.cfg,
      parent: new Map(),
      self: documentOf("a", "self", "/drained", "NO").facets.self,
    });
  });

  behaviour("keeps any value with its version, unset ones included", async (store, reopen) => {
    const entry = fc.record({
      value: fc.oneof(
        fc.constant(null),
        fc.string(),
        fc.boolean(),
        fc.integer(),
        fc.array(fc.string()),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { noNullPrototype: true }),
      ),
      version: fc.tuple(fc.nat(), fc.nat()),
    }, { noNullPrototype: true });
    const facet = fc.array(fc.tuple(fc.webPath(), entry), { maxLength: 5 }).map((entries): Facet => new Map(entries));
    const facets = fc.record({ cfg: facet, parent: facet, self: facet }, { noNullPrototype: true });
    const samples = fc.sample(facets, { numRuns: 30, seed: 7 });
    const documents = samples.map((sample, index): NodeDocument => ({ id: `id-${index + 10}`, facets: sample }));
    store.commit({ documents: documents.map((document) => ({ document, facets: FACET_NAMES })) });
    const stored = (await reopen()).load().documents;
    assert.deepEqual(stored.toSorted((a, b) => a.id < b.id ? -1 : 1), documents);
  });

  behaviour("forgets removed documents but not their terms", async (store, reopen) => {
    store.commit({
      documents: ["a", "b"].map((id) => ({ document: documentOf(id, "cfg", "/platform", "sim"), facets: ["cfg"] })),
      terms: new Map([["a", 2]]),
    });
    store.commit({ removed: ["a", "no such node"] });
    const stored = (await reopen()).load();
    assert.deepEqual(stored.documents.map(({ id }) => id), ["b"]);
    assert.deepEqual(stored.terms, new Map([["a", 2]]));
  });

  behaviour("writes all of a batch or nothing", async (store, reopen) => {
    store.commit({ events: [eventOf(5)], facts: new Map([["term", 1]]) });
    const broken: Batch = {
      documents: [{ document: documentOf("a", "cfg", "/platform", "sim"), facets: ["cfg"] }],
      removed: [],
      facts: new Map([["term", 2]]),
      terms: new Map([["a", 2]]),
      events: [eventOf(6), eventOf(5)],
    };
    assert.throws(() => store.commit(broken), /Cannot write event 5 to the store: expected an id above 6/);
    function check(after: Store): void {
      assert.deepEqual(after.load(), {
        documents: [],
        facts: new Map([["term", 1]]),
        terms: new Map(),
        sessions: new Map(),
        lastEvent: 5,
      });
      assert.deepEqual(after.events(0, 10), [eventOf(5)]);
    }
    check(store);
    check(await reopen());
  });

  behaviour("gives events in pages, oldest first", (store) => {
    store.commit({ events: [1, 2, 3, 4, 5].map(eventOf) });
    assert.deepEqual(store.events(0, 2).map(({ id }) => id), [1, 2]);
    assert.deepEqual(store.events(2, 10).map(({ id }) => id), [3, 4, 5]);
    assert.deepEqual(store.events(5, 10), []);
  });

  behaviour("keeps the newest 100,000 events", (store) => {
    for (let first = 1; first < MAX_EVENTS; first += 10_000) {
      store.commit({ events: Array.from({ length: 10_000 }, (_, index) => eventOf(first + index)) });
    }
    assert.equal(store.events(0, 1)[0]?.id, 1);
    store.commit({ events: [eventOf(MAX_EVENTS + 1), eventOf(MAX_EVENTS + 2)] });
    assert.equal(store.events(0, 1)[0]?.id, 3);
    assert.equal(store.events(0, MAX_EVENTS * 2).length, MAX_EVENTS);
    assert.equal(store.load().lastEvent, MAX_EVENTS + 2);
  });

  behaviour("refuses to write once it is closed", (store) => {
    store.close();
    store.close();
    assert.throws(() => store.commit({ facts: new Map([["term", 1]]) }), /^Error: Cannot write to the store/);
  });
}
