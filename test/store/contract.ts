import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import type { LoggedEvent } from "../../aggregator/store/mod.ts";
import { type Batch, MAX_EVENTS, type Store } from "../../aggregator/store/mod.ts";
import { batchSequences, createModel, snapshot } from "./model.ts";
import { emptyDocument, type Facet, FACET_NAMES, type NodeDocument } from "../../src/state/mod.ts";
import { at, makeTerm, ofRun } from "../support/versions.ts";

/** A store under test: `reopen` gives it as a program finds it after a restart, `end` throws it away. */
export interface StoreCase {
  open(): Promise<Store>;
  reopen(store: Store): Promise<Store>;
  end(): Promise<void> | void;
}

/** A document with one value in a facet. */
export function documentOf(id: string, facet: "cfg" | "parent" | "self", url: string, value: string): NodeDocument {
  const entries: Facet = new Map([[url, { value, version: at(1, 1) }]]);
  return { id, facets: { ...emptyDocument(id).facets, [facet]: entries } };
}

/** An event of the log. */
export function eventOf(id: number): LoggedEvent {
  return { id, time: "2026-01-01T00:00:00.000Z", node: "n1", kind: "done", mutation: "simpower/power-on", why: "seen" };
}

/** How a store is tried. */
interface Trying {
  readonly skip: string | false;
}

/** Makes tests of one kind of store. */
function behaviours(name: string, createCase: () => StoreCase, options: Trying) {
  return (title: string, run: (store: Store, reopen: () => Promise<Store>) => Promise<void> | void): void => {
    test(`${name}: ${title}`, { skip: options.skip }, async () => {
      const made = createCase();
      const opened = await made.open();
      let newest = opened;
      try {
        await run(opened, async () => newest = await made.reopen(newest));
      } finally {
        newest.close();
        await made.end();
      }
    });
  };
}

/** What every store must do. */
export function testStore(name: string, createCase: () => StoreCase, options: Trying): void {
  const behaviour = behaviours(name, createCase, options);

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
      facts: new Map<string, string | number | boolean>([["run", 3], ["cluster", "demo"], ["frozen", true]]),
      terms: new Map([["a", ofRun(7)]]),
      sessions: new Map([["a", { run: "r1", term: ofRun(7), received: 12 }]]),
      events: [eventOf(1), plain],
    });
    function check(after: Store): void {
      assert.deepEqual(after.load(), {
        documents: [document],
        facts: new Map<string, unknown>([["cluster", "demo"], ["frozen", true], ["run", 3]]),
        terms: new Map([["a", ofRun(7)]]),
        sessions: new Map([["a", { run: "r1", term: ofRun(7), received: 12 }]]),
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
      version: fc.record({ assignment: fc.nat(), run: fc.nat(), rev: fc.nat() }, { noNullPrototype: true }),
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
      terms: new Map([["a", ofRun(2)]]),
    });
    store.commit({ removed: ["a", "no such node"] });
    const stored = (await reopen()).load();
    assert.deepEqual(stored.documents.map(({ id }) => id), ["b"]);
    assert.deepEqual(stored.terms, new Map([["a", ofRun(2)]]));
  });

  behaviour("begins a document anew that is forgotten and stored in one batch", async (store, reopen) => {
    store.commit({ documents: [{ document: documentOf("a", "self", "/drained", "NO"), facets: ["self"] }] });
    const document = documentOf("a", "cfg", "/platform", "sim");
    store.commit({ removed: ["a"], documents: [{ document, facets: ["cfg"] }] });
    assert.deepEqual(store.load().documents, [document]);
    assert.deepEqual((await reopen()).load().documents, [document]);
  });

  behaviour("has only documents of which it has a facet, though it may be empty", async (store, reopen) => {
    const documents = [
      { document: emptyDocument("a"), facets: ["cfg"] as const },
      { document: documentOf("b", "cfg", "/platform", "sim"), facets: [] },
    ];
    store.commit({ documents });
    assert.deepEqual(store.load().documents, [emptyDocument("a")]);
    assert.deepEqual((await reopen()).load().documents, [emptyDocument("a")]);
  });

  behaviour("replaces facts, terms and sessions one by one", async (store, reopen) => {
    const most = Number.MAX_SAFE_INTEGER;
    store.commit({
      facts: new Map([["run", 1], ["reserved", 1000]]),
      terms: new Map([["a", ofRun(1)], ["b", ofRun(1)]]),
      sessions: new Map([["a", { run: "r1", term: ofRun(1), received: 5 }], ["b", {
        run: "r2",
        term: ofRun(1),
        received: 6,
      }]]),
    });
    store.commit({
      facts: new Map([["run", most]]),
      terms: new Map([["b", ofRun(most)]]),
      sessions: new Map([["b", { run: "r3", term: ofRun(most), received: most }]]),
    });
    const stored = (await reopen()).load();
    assert.deepEqual(stored.facts, new Map([["reserved", 1000], ["run", most]]));
    assert.deepEqual(stored.terms, new Map([["a", ofRun(1)], ["b", ofRun(most)]]));
    assert.deepEqual(
      stored.sessions,
      new Map([["a", { run: "r1", term: ofRun(1), received: 5 }], ["b", {
        run: "r3",
        term: ofRun(most),
        received: most,
      }]]),
    );
  });

  behaviour("keeps sessions of documents that are forgotten", async (store, reopen) => {
    const sessions = new Map([["a", { run: "r1", term: ofRun(1), received: 5 }]]);
    store.commit({ documents: [{ document: documentOf("a", "self", "/drained", "NO"), facets: ["self"] }], sessions });
    store.commit({ removed: ["a"] });
    assert.deepEqual((await reopen()).load().sessions, sessions);
  });

  behaviour("keeps any text where JSON is, and well-formed text in events", async (store, reopen) => {
    const odd = 'NUL \0, half of a pair \ud800, \u2028, "quotes" and \'; DROP TABLE events; --';
    const fair = "line\nbreak, tab\t, 'quotes', \"more\", ä ж 漢 \u{1f991}, e\u0301 and \u00e9 \ufffd";
    const document = documentOf("a", "cfg", "/services/odd/error", odd);
    const record: Facet = new Map([["/x", { value: { ["__proto__"]: odd, [odd]: [odd] }, version: at(1, 1) }]]);
    const strange: NodeDocument = { id: "b", facets: { ...emptyDocument("b").facets, parent: record } };
    const event: LoggedEvent = {
      id: 1,
      time: "2026-01-01T00:00:00.000Z",
      node: "",
      kind: fair,
      mutation: fair,
      why: fair,
    };
    store.commit({
      documents: [{ document, facets: ["cfg"] }, { document: strange, facets: ["parent"] }],
      facts: new Map([["odd", odd]]),
      events: [event],
    });
    const after = await reopen();
    assert.deepEqual(snapshot(after).documents, [document, strange]);
    assert.deepEqual(after.load().facts, new Map([["odd", odd]]));
    assert.deepEqual(after.events(0, 10), [event]);
  });

  behaviour("takes an empty batch", async (store, reopen) => {
    store.commit({});
    store.commit({ documents: [], removed: [], facts: new Map(), terms: new Map(), sessions: new Map(), events: [] });
    assert.deepEqual(snapshot(await reopen()), snapshot(createModel()));
  });

  behaviour("writes all of a batch or nothing", async (store, reopen) => {
    store.commit({ events: [eventOf(5)], facts: new Map([["run", 1]]) });
    const broken: Batch = {
      documents: [{ document: documentOf("a", "cfg", "/platform", "sim"), facets: ["cfg"] }],
      removed: [],
      facts: new Map([["run", 2]]),
      terms: new Map([["a", ofRun(2)]]),
      events: [eventOf(6), eventOf(5)],
    };
    assert.throws(() => store.commit(broken), /Cannot write event 5 to the store: expected an id above 6/);
    function check(after: Store): void {
      assert.deepEqual(after.load(), {
        documents: [],
        facts: new Map([["run", 1]]),
        terms: new Map(),
        sessions: new Map(),
        lastEvent: 5,
      });
      assert.deepEqual(after.events(0, 10), [eventOf(5)]);
    }
    check(store);
    check(await reopen());
  });

  behaviour("has dropped nothing as long as it is not full, whatever the first id is", async (store, reopen) => {
    store.commit({ events: [eventOf(5), eventOf(9)] });
    assert.deepEqual(store.dropped, { upTo: 0, count: 0 });
    store.commit({ facts: new Map([["term", 1]]) });
    assert.deepEqual(store.dropped, { upTo: 0, count: 0 });
    assert.deepEqual((await reopen()).dropped, { upTo: 0, count: 0 });
  });

  behaviour("gives events in pages, oldest first", (store) => {
    store.commit({ events: [1, 2, 3, 4, 5].map(eventOf) });
    assert.deepEqual(store.events(0, 2).map(({ id }) => id), [1, 2]);
    assert.deepEqual(store.events(2, 10).map(({ id }) => id), [3, 4, 5]);
    assert.deepEqual(store.events(5, 10), []);
    assert.deepEqual(store.events(0, 0), []);
  });

  behaviour("gives the events of some nodes in pages, oldest first", (store) => {
    const log = Array.from({ length: 60 }, (_, at) => ({ ...eventOf(at + 1), node: `n${(at * at) % 23}` }));
    store.commit({ events: log });
    for (const nodes of [["n0"], ["n1", "n9"], ["nobody"], [], Array.from({ length: 23 }, (_, at) => `n${at}`)]) {
      const wanted = new Set(nodes);
      const expected = log.filter(({ node }) => wanted.has(node)).map(({ id }) => id);
      assert.deepEqual(store.events(0, 100, wanted).map(({ id }) => id), expected);
      assert.deepEqual(store.events(10, 100, wanted).map(({ id }) => id), expected.filter((id) => id > 10));
      assert.deepEqual(store.events(10, 2, wanted).map(({ id }) => id), expected.filter((id) => id > 10).slice(0, 2));
    }
  });

  behaviour("goes on after the last event over a restart, with gaps between ids", async (store, reopen) => {
    store.commit({ events: [eventOf(3), eventOf(1000)] });
    store = await reopen();
    for (const id of [1000, 4]) {
      assert.throws(() => store.commit({ events: [eventOf(id)] }), /expected an id above 1000$/);
    }
    assert.throws(() => store.commit({ events: [eventOf(1002), eventOf(1002)] }), /expected an id above 1002$/);
    store.commit({ events: [eventOf(1001), eventOf(2 ** 52)] });
    assert.deepEqual((await reopen()).events(0, 10).map(({ id }) => id), [3, 1000, 1001, 2 ** 52]);
  });

  behaviour("refuses to be read or written once it is closed", (store) => {
    store.close();
    store.close();
    assert.throws(() => store.commit({ facts: new Map([["run", 1]]) }), /^Error: Cannot write to the store/);
    assert.throws(() => store.load(), /^Error: Cannot read the store/);
    assert.throws(() => store.events(0, 1), /^Error: Cannot read the store/);
  });
}

/** The same for much at once, which takes longer. */
export function testStoreAtSize(name: string, createCase: () => StoreCase, options: Trying): void {
  const behaviour = behaviours(name, createCase, options);

  behaviour("keeps large values and facets of many values", async (store, reopen) => {
    const large = documentOf("a", "cfg", "/large", "x".repeat(4 * 1024 * 1024));
    const many: Facet = new Map(
      Array.from({ length: 20_000 }, (_, index) => [`/many/${index}`, { value: index, version: at(1, index) }]),
    );
    const wide: NodeDocument = { id: "b", facets: { ...emptyDocument("b").facets, self: many } };
    store.commit({ documents: [{ document: large, facets: FACET_NAMES }, { document: wide, facets: FACET_NAMES }] });
    assert.deepEqual(snapshot(await reopen()).documents, [large, wide]);
  });

  behaviour("takes 10,000 documents in one batch, or none of them", async (store, reopen) => {
    const documents = Array.from({ length: 10_000 }, (_, index) => ({
      document: documentOf(`node-${index}`, "self", "/drained", "NO"),
      facets: FACET_NAMES,
    }));
    const ids = documents.map(({ document }) => document.id);
    const batch: Batch = {
      documents,
      terms: new Map(ids.map((id, index) => [id, makeTerm(index % 7, index)])),
      sessions: new Map(ids.map((id, index) => [id, { run: id, term: makeTerm(index % 5, index), received: index }])),
    };
    store.commit({ events: [eventOf(5)] });
    assert.throws(() => store.commit({ ...batch, events: [eventOf(5)] }), /expected an id above 5$/);
    store = await reopen();
    assert.deepEqual(store.load().documents, []);
    store.commit({ ...batch, events: [eventOf(6)] });
    store = await reopen();
    assert.equal(store.load().documents.length, 10_000);
    assert.deepEqual(store.load().terms, batch.terms);
    assert.deepEqual(store.load().sessions, batch.sessions);
    store.commit({ removed: ids });
    assert.deepEqual((await reopen()).load().documents, []);
  });

  behaviour("keeps the newest 100,000 events, whatever their ids are", async (store, reopen) => {
    // Ids leave a gap at each start of a program.
    for (let first = 0; first < MAX_EVENTS; first += 10_000) {
      store.commit({ events: Array.from({ length: 10_000 }, (_, index) => eventOf(10 * first + index + 1)) });
    }
    assert.equal(store.events(0, 1)[0]?.id, 1);
    assert.deepEqual(store.dropped, { upTo: 0, count: 0 });
    store = await reopen();
    assert.deepEqual(store.dropped, { upTo: 0, count: 0 }, "full, and nothing was dropped");
    store.commit({ events: [eventOf(10 * MAX_EVENTS), eventOf(10 * MAX_EVENTS + 1)] });
    assert.deepEqual(store.dropped, { upTo: 2, count: 2 });
    store = await reopen();
    assert.equal(store.dropped.upTo, 2);
    assert.equal(store.events(0, 1)[0]?.id, 3);
    assert.equal(store.events(0, MAX_EVENTS * 2).length, MAX_EVENTS);
    assert.equal(store.load().lastEvent, 10 * MAX_EVENTS + 1);
  });

  test(`${name}: holds what a model does after any batches, over restarts`, { skip: options.skip }, async () => {
    const covered = createCoverage(`${name}, batches`, ["taken", "refused", "a restart", "removed", "stored"], 0.1);
    await fc.assert(
      fc.asyncProperty(batchSequences, async (steps) => {
        const made = createCase();
        const model = createModel();
        let store = await made.open();
        try {
          for (const { batch, restart } of steps) {
            const taken = model.commit(batch);
            if (taken) store.commit(batch);
            else assert.throws(() => store.commit(batch), /^Error: Cannot write|^RangeError: Cannot write/);
            if (restart) store = await made.reopen(store);
            assert.deepEqual(snapshot(store), snapshot(model));
            covered.saw(
              taken ? "taken" : "refused",
              ...(restart ? ["a restart"] as const : []),
              ...(batch.removed?.length ? ["removed"] as const : []),
              ...(batch.documents?.length ? ["stored"] as const : []),
            );
          }
        } finally {
          store.close();
          await made.end();
        }
      }),
      { numRuns: 40 },
    );
    covered.check();
  });
}
