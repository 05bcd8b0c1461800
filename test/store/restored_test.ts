import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import { prepareRestored } from "../../aggregator/store/restored.ts";
import { emptyDocument, type Entry, MAX_INTEGER, nodeIdOf, type Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { at } from "../support/versions.ts";

const clock = createVirtualClock();
const owner = { cluster: "demo", name: "root", clock };
const ROOT = nodeIdOf("demo", "root");

function facet(values: Record<string, Value | null>): Map<string, Entry> {
  return new Map(Object.entries(values).map(([url, value]) => [url, { value, version: at(3, 1) }]));
}

/** The store of a root as it was backed up, with these nodes beside its own. */
function backup(
  nodes: Record<string, Record<string, Value | null>> = {},
  more: { run?: number; parent?: string } = {},
) {
  const store = openMemoryStore();
  const all = { [ROOT]: { "/name": "root", ...(more.parent !== undefined && { "/parent": more.parent }) }, ...nodes };
  store.commit({
    facts: new Map<string, string | number>([["cluster", "demo"], ["name", "root"], ["run", more.run ?? 3]]),
    documents: Object.entries(all).map(([id, values]) => ({
      document: { id, facets: { ...emptyDocument(id).facets, cfg: facet(values), self: facet({ "/drained": "NO" }) } },
      facets: ["cfg", "self"] as const,
    })),
    events: [{ id: 7, time: "2030-01-01T00:00:00.000Z", node: "n1", kind: "done", why: "" }],
  });
  return store;
}

const cfgOf = (store: Store, id: string) => store.load().documents.find((each) => each.id === id)?.facets.cfg;

test("a backup goes on above every run, event and version that its root may have given out since, and is frozen", () => {
  const store = backup({ n1: { "/name": "n1", "/parent": "root" } });
  assert.equal(prepareRestored(store, owner), 1);
  const { facts, lastEvent, documents } = store.load();
  assert.equal(facts.get("run"), 10_003);
  assert.equal(facts.get("frozen"), true);
  assert.ok(lastEvent > 1_000_007, `event ${lastEvent}`);
  assert.deepEqual(store.events(7, 10).map(({ kind }) => kind), ["frozen"]);
  for (const id of [ROOT, "n1"]) {
    for (const [url, { version }] of cfgOf(store, id) ?? []) assert.deepEqual(version, at(10_003, 1), `${id} ${url}`);
    assert.equal(cfgOf(store, id)?.get("/restored")?.value, 10_003);
  }
  const self = documents.find(({ id }) => id === "n1")?.facets.self.get("/drained");
  assert.deepEqual(self, { value: "NO", version: at(3, 1) }, "what agents discovered stays theirs");
});

test("a backup that was restored before is restored again, above both", () => {
  const store = backup({ n1: { "/name": "n1" } });
  prepareRestored(store, owner);
  prepareRestored(store, owner);
  assert.equal(store.load().facts.get("run"), 20_003);
  const cfg = cfgOf(store, "n1") ?? new Map();
  assert.equal(cfg.get("/restored")?.value, 20_003);
  assert.equal([...cfg.keys()].filter((url) => url === "/restored").length, 1);
  assert.equal([...cfg.keys()].at(-1), "/restored", "it comes last");
});

test("assignments are raised by more moves than there may have been, and never beyond what they can be", () => {
  const parent = ROOT;
  const store = backup({
    moved: { "/name": "moved", "/assignment": { number: 2, parent } },
    near: { "/name": "near", "/assignment": { number: MAX_INTEGER - 5, parent } },
    most: { "/name": "most", "/assignment": { number: MAX_INTEGER, parent } },
    odd: { "/name": "odd", "/assignment": "garbage" },
    unset: { "/name": "unset", "/assignment": null },
    alike: { "/name": "alike", "/services/a/config": { number: 2, parent } },
  });
  prepareRestored(store, owner);
  const assignment = (id: string) => cfgOf(store, id)?.get("/assignment")?.value;
  assert.deepEqual(assignment("moved"), { number: 34, parent });
  assert.deepEqual(assignment("near"), { number: MAX_INTEGER, parent });
  assert.deepEqual(assignment("most"), { number: MAX_INTEGER, parent });
  assert.equal(assignment("odd"), "garbage");
  assert.equal(assignment("unset"), null);
  assert.deepEqual(cfgOf(store, "alike")?.get("/services/a/config")?.value, { number: 2, parent }, "it is none");
});

test("deleted nodes and the root are not counted, and nodes without cfg are left as they are", () => {
  const store = backup({ n1: { "/name": "n1" }, gone: { "/name": "gone", "/deleted": true } });
  const bare = { document: { id: "bare", facets: { ...emptyDocument("bare").facets, self: facet({ "/x": 1 }) } } };
  store.commit({ documents: [{ ...bare, facets: ["self"] }] });
  prepareRestored(store, owner);
  assert.equal(cfgOf(store, "bare")?.size, 0);
  assert.equal(cfgOf(store, "gone")?.get("/deleted")?.value, true);
  const counted = backup({ n1: { "/name": "n1" }, n2: { "/name": "n2" }, gone: { "/deleted": true } });
  assert.equal(prepareRestored(counted, owner), 2);
});

test("a store is refused that is empty, another's, or no root's, and nothing is written to it then", () => {
  assert.throws(
    () => prepareRestored(openMemoryStore(), owner),
    /The store is empty: expected the root's, as it was backed up/,
  );
  assert.throws(
    () => prepareRestored(backup({}, { parent: "top" }), owner),
    /'root' is not the root, as its parent is 'top': expected the root's store.*start it with an empty folder/,
  );
  const store = backup();
  assert.throws(
    () => prepareRestored(store, { ...owner, name: "rack1" }),
    /'rack1' is not the root: expected the root's/,
  );
  assert.throws(
    () => prepareRestored(store, { ...owner, cluster: "other" }),
    /'root' is not the root|belongs to cluster 'demo'/,
  );
  assert.equal(store.load().facts.get("run"), 3);
  assert.equal(store.load().facts.has("frozen"), false);
});

test("a store of the same root in another cluster is refused", () => {
  const store = backup();
  store.commit({ facts: new Map([["cluster", "other"]]) });
  assert.throws(() => prepareRestored(store, owner), /The store belongs to cluster 'other': expected 'demo'/);
});

test("runs that are used up are refused with what to do", () => {
  assert.throws(
    () => prepareRestored(backup({}, { run: MAX_INTEGER - 9_999 }), owner),
    /Give this aggregator a new name/,
  );
  const last = backup({}, { run: MAX_INTEGER - 10_000 });
  prepareRestored(last, owner);
  assert.equal(last.load().facts.get("run"), MAX_INTEGER);
});

test("a store without a counted run counts from nothing", () => {
  const store = backup();
  store.commit({ facts: new Map([["run", "odd"]]) });
  prepareRestored(store, owner);
  assert.equal(store.load().facts.get("run"), 10_000);
});
