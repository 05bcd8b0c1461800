import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  compareVersions,
  type Facet,
  mergeDocuments,
  NO_VERSION,
  type NodeDocument,
  type Value,
  type Version,
} from "../../src/state/mod.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { anyDocument } from "../state/arbitraries.ts";
import { at, ofRun } from "../support/versions.ts";

const ID = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";

/** Values to write, from a plain object. */
function values(of: Record<string, Value | null>): Map<string, Value | null> {
  return new Map(Object.entries(of));
}

/** A document with one `self` value. */
function stored(url: string, value: Value, version: Version): NodeDocument {
  return { id: ID, facets: { cfg: new Map(), parent: new Map(), self: new Map([[url, { value, version }]]) } };
}

test("write() gives each change the next version of the writer's term", () => {
  const replica = createReplica();
  assert.deepEqual(replica.write(ID, "self", values({ "/a": 1, "/b": 2 }), ofRun(3)), ["/a", "/b"]);
  assert.deepEqual(replica.write(ID, "self", values({ "/a": 2 }), ofRun(3)), ["/a"]);
  assert.deepEqual(replica.get(ID)?.facets.self.get("/a"), { value: 2, version: at(3, 2) });
  assert.deepEqual(replica.get(ID)?.facets.self.get("/b"), { value: 2, version: at(3, 1) });
});

test("write() leaves values that are there already as they are", () => {
  const replica = createReplica();
  replica.write(ID, "cfg", values({ "/a": { x: [1, 2] }, "/b": true }), ofRun(1));
  const before = replica.get(ID);
  const index = replica.index;
  assert.deepEqual(replica.write(ID, "cfg", values({ "/a": { x: [1, 2] }, "/c": null }), ofRun(9)), []);
  assert.equal(replica.get(ID), before);
  assert.equal(replica.index, index);
});

test("write() of null keeps a version, so that older values stay out", () => {
  const replica = createReplica();
  replica.write(ID, "self", values({ "/a": 1 }), ofRun(1));
  assert.deepEqual(replica.write(ID, "self", values({ "/a": null }), ofRun(1)), ["/a"]);
  assert.deepEqual(replica.merge(ID, "self", new Map([["/a", { value: 1, version: at(1, 1) }]])), []);
  assert.deepEqual(replica.get(ID)?.facets.self.get("/a"), { value: null, version: at(1, 2) });
});

test("write() refuses a writer whose successor has written", () => {
  const replica = createReplica([stored("/a", 1, at(5, 1))]);
  assert.throws(
    () => replica.write(ID, "self", values({ "/b": 1 }), ofRun(4)),
    /with term 0\.4 as it has values of term 0\.5/,
  );
  assert.equal(replica.index, 1);
});

test("write() goes on above the versions of a document that was stored", () => {
  const replica = createReplica([stored("/a", 1, at(5, 40))]);
  replica.write(ID, "self", values({ "/a": 2 }), ofRun(5));
  assert.deepEqual(replica.get(ID)?.facets.self.get("/a")?.version, at(5, 41));
});

test("write() goes on above a version that came by merge", () => {
  const replica = createReplica();
  replica.merge(ID, "self", new Map([["/a", { value: 1, version: at(5, 40) }]]));
  replica.write(ID, "self", values({ "/b": 2 }), ofRun(5));
  assert.deepEqual(replica.get(ID)?.facets.self.get("/b")?.version, at(5, 41));
});

test("restamp() takes values of lower terms over and leaves those of its own", () => {
  const replica = createReplica([stored("/old", "x", at(2, 9))]);
  replica.write(ID, "self", values({ "/new": "y" }), ofRun(3));
  assert.deepEqual(replica.restamp(ID, "self", ofRun(3)), ["/old"]);
  assert.deepEqual(replica.get(ID)?.facets.self.get("/old"), { value: "x", version: at(3, 2) });
  assert.deepEqual(replica.get(ID)?.facets.self.get("/new"), { value: "y", version: at(3, 1) });
  assert.deepEqual(replica.restamp(ID, "self", ofRun(3)), []);
});

test("documents that were handed out stay as they were", () => {
  const replica = createReplica([stored("/a", 1, at(1, 1))]);
  const before = replica.get(ID);
  replica.write(ID, "self", values({ "/a": 2, "/b": 3 }), ofRun(1));
  replica.merge(ID, "self", new Map([["/c", { value: 1, version: at(1, 9) }]]));
  assert.deepEqual([...before?.facets.self ?? []], [["/a", { value: 1, version: at(1, 1) }]]);
  assert.equal(before?.facets.self.has("/b"), false);
});

test("since() gives only values that changed after the index, the longest unchanged first", () => {
  const replica = createReplica();
  replica.write(ID, "cfg", values({ "/a": 1, "/b": 1 }), ofRun(1));
  replica.write(ID, "self", values({ "/c": 1 }), ofRun(1));
  replica.write(ID, "cfg", values({ "/a": 2 }), ofRun(1));
  const changes = (after: number) => replica.since(ID, after).map(({ facet, url, index }) => [facet, url, index]);
  assert.deepEqual(changes(0), [["cfg", "/b", 2], ["self", "/c", 3], ["cfg", "/a", 4]]);
  assert.deepEqual(changes(3), [["cfg", "/a", 4]]);
  assert.deepEqual(changes(4), []);
  assert.equal(replica.indexOf(ID), 4);
});

test("onChange() tells each change once, until it is ended", () => {
  const replica = createReplica();
  const told: unknown[] = [];
  const end = replica.onChange((id, facet, urls) => told.push([id, facet, urls]));
  replica.write(ID, "cfg", values({ "/a": 1, "/b": 1 }), ofRun(1));
  replica.write(ID, "cfg", values({ "/a": 1 }), ofRun(1));
  replica.merge(ID, "parent", new Map([["/p", { value: "x", version: at(1, 1) }]]));
  end();
  replica.write(ID, "cfg", values({ "/a": 2 }), ofRun(1));
  assert.deepEqual(told, [[ID, "cfg", ["/a", "/b"]], [ID, "parent", ["/p"]]]);
});

test("what changes nothing is told to nobody, and makes no document", () => {
  const replica = createReplica();
  replica.write("a", "self", values({ "/a": 1 }), ofRun(2));
  replica.write("b", "self", values({ "/a": 1 }), ofRun(2));
  const told: unknown[] = [];
  replica.onChange((...change) => told.push(change));
  replica.write("a", "self", values({ "/a": 1, "/b": null }), ofRun(2));
  replica.restamp("a", "self", ofRun(2));
  replica.merge("a", "self", new Map([["/a", { value: 7, version: at(1, 9) }]]));
  replica.write("c", "self", values({}), ofRun(2));
  replica.restamp("c", "self", ofRun(2));
  replica.merge("c", "self", new Map());
  assert.deepEqual([told, replica.index, [...replica.changedSince(0)]], [[], 2, ["b", "a"]]);
  assert.equal(replica.get("c"), undefined);
});

test("remove() forgets a document, and what comes after it is new", () => {
  const replica = createReplica([stored("/a", 1, at(1, 1))]);
  replica.remove(ID);
  assert.equal(replica.get(ID), undefined);
  assert.equal(replica.indexOf(ID), 0);
  replica.write(ID, "self", values({ "/a": 2 }), ofRun(1));
  assert.equal(replica.since(ID, 1).length, 1);
});

test("changedSince() names the documents that changed after an index, the last changed first", () => {
  const replica = createReplica();
  for (const id of ["a", "b", "c"]) replica.write(id, "self", values({ "/a": 1 }), ofRun(1));
  replica.write("a", "self", values({ "/a": 2 }), ofRun(1));
  const after = (index: number) => [...replica.changedSince(index)].join("");
  assert.deepEqual([0, 1, 2, 3, 4].map(after), ["acb", "acb", "ac", "a", ""]);
  replica.renew("b");
  assert.equal(after(2), "bac");
  replica.renew("unknown");
  replica.write("b", "self", values({ "/a": 2 }), ofRun(1));
  assert.equal(after(2), "bac");
});

test("changedSince() does not name a document that was removed, whichever it was", () => {
  for (const gone of ["a", "b", "c"]) {
    const replica = createReplica();
    for (const id of ["a", "b", "c"]) replica.write(id, "self", values({ "/a": 1 }), ofRun(1));
    replica.remove(gone);
    replica.remove("unknown");
    assert.equal([...replica.changedSince(0)].join(""), "cba".replace(gone, ""));
    assert.deepEqual([...replica.ids()].join(""), "abc".replace(gone, ""));
    replica.write(gone, "self", values({ "/a": 1 }), ofRun(1));
    assert.equal([...replica.changedSince(0)].join(""), gone + "cba".replace(gone, ""));
  }
});

test("changedSince() names what a list says that is put in order anew, whatever was written, renewed and removed", () => {
  const covered = createCoverage(
    "documents in order",
    ["ten steps", "a removal", "one that comes back", "a renewal"],
    0.15,
  );
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.record({ id, what: fc.constantFrom("write", "write", "write", "remove", "renew") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const replica = createReplica();
      let order: string[] = [];
      const gone = new Set<string>();
      const seen = new Set<"ten steps" | "a removal" | "one that comes back" | "a renewal">();
      if (steps.length >= 10) seen.add("ten steps");
      for (const [place, { id, what }] of steps.entries()) {
        const isThere = order.includes(id);
        order = order.filter((each) => each !== id);
        if (what === "remove") {
          replica.remove(id);
          if (isThere) seen.add("a removal");
          gone.add(id);
        } else if (what === "renew") {
          replica.renew(id);
          if (isThere) order.push(id);
          if (isThere) seen.add("a renewal");
        } else {
          replica.write(id, "self", values({ "/a": place }), ofRun(1));
          order.push(id);
          if (gone.has(id)) seen.add("one that comes back");
        }
        const named: string[] = [];
        for (const each of replica.changedSince(0)) {
          named.push(each);
          assert.ok(named.length <= order.length, "it goes round in circles, or names what is gone");
        }
        assert.deepEqual(named, [...order].reverse());
        assert.deepEqual([...replica.ids()].sort(), [...order].sort());
        const middle = order[Math.floor(order.length / 2)];
        if (middle === undefined) continue;
        const later = order.slice(order.indexOf(middle) + 1).reverse();
        assert.deepEqual([...replica.changedSince(replica.indexOf(middle))], later);
      }
      covered.saw(...seen);
    }),
    { numRuns: 200 },
  );
  covered.check();
});

test("renew() counts every value of a document as changed now", () => {
  const replica = createReplica();
  replica.write(ID, "cfg", values({ "/a": 1, "/b": 1 }), ofRun(1));
  replica.write(ID, "self", values({ "/c": 1 }), ofRun(1));
  replica.renew(ID);
  assert.deepEqual(replica.since(ID, 3).map(({ url, index }) => [url, index]), [["/a", 4], ["/b", 5], ["/c", 6]]);
  assert.deepEqual([replica.index, replica.indexOf(ID)], [6, 6]);
});

test("drop() forgets values, tells who listens, and leaves the others where they were", () => {
  const replica = createReplica();
  replica.write(ID, "parent", values({ "/a": 1, "/b": 1, "/c": 1 }), ofRun(1));
  const told: unknown[] = [];
  replica.onChange((...change) => told.push(change));
  replica.drop(ID, "parent", (url) => url === "/b");
  replica.drop(ID, "parent", () => false);
  replica.drop("unknown", "parent", () => true);
  assert.deepEqual(told, [[ID, "parent", ["/b"]]]);
  assert.deepEqual(replica.since(ID, 0).map(({ url, index }) => [url, index]), [["/a", 1], ["/c", 3]]);
});

test("merge() gives what mergeDocuments() gives, in any order of documents", () => {
  const covered = createCoverage("documents that are merged", ["several", "another order", "values in common"], 0.2);
  fc.assert(fc.property(fc.array(anyDocument, { maxLength: 5 }), fc.integer(), (documents, seed) => {
    const expected = documents.reduce<NodeDocument>(mergeDocuments, createReplica([emptied()]).get(ID) ?? emptied());
    const shuffled = [...documents].sort((a, b) => rank(a, seed) - rank(b, seed));
    covered.saw(
      ...(documents.length > 1 ? ["several" as const] : []),
      ...(documents.some((document, place) => document !== shuffled[place]) ? ["another order" as const] : []),
      ...(haveCommonUrls(documents) ? ["values in common" as const] : []),
    );
    const replica = createReplica([emptied()]);
    for (const document of shuffled) {
      for (const name of ["cfg", "parent", "self"] as const) replica.merge(ID, name, document.facets[name]);
    }
    for (const name of ["cfg", "parent", "self"] as const) {
      assert.deepEqual(sorted(replica.get(ID)?.facets[name]), sorted(expected.facets[name]));
    }
  }));
  covered.check();
});

test("a replica that gets what since() gives has what the other one has", () => {
  const covered = createCoverage("replicas that follow", ["from the start", "in two steps", "values in common"], 0.15);
  fc.assert(fc.property(fc.array(anyDocument, { maxLength: 5 }), fc.nat(8), (documents, known) => {
    covered.saw(
      known < documents.length - 1 ? "in two steps" : "from the start",
      ...(haveCommonUrls(documents) ? ["values in common" as const] : []),
    );
    const [here, there] = [createReplica(), createReplica()];
    let seen = 0;
    for (const [place, document] of documents.entries()) {
      for (const name of ["cfg", "parent", "self"] as const) here.merge(ID, name, document.facets[name]);
      if (place !== known) continue;
      for (const { facet, url, entry } of here.since(ID, 0)) there.merge(ID, facet, new Map([[url, entry]]));
      seen = here.index;
    }
    for (const { facet, url, entry } of here.since(ID, seen)) there.merge(ID, facet, new Map([[url, entry]]));
    for (const name of ["cfg", "parent", "self"] as const) {
      assert.deepEqual(sorted(there.get(ID)?.facets[name]), sorted(here.get(ID)?.facets[name]));
    }
  }));
  covered.check();
});

test("versions of one writer never repeat or go back", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("/a", "/b"), fc.option(fc.integer({ min: 0, max: 2 }))));
  const covered = createCoverage("writes", ["a change", "the same again", "an unset value"], 0.15);
  fc.assert(fc.property(steps, (writes) => {
    const replica = createReplica();
    let newest = NO_VERSION;
    const seen = new Set<"a change" | "the same again" | "an unset value">();
    for (const [url, value] of writes) {
      const urls = replica.write(ID, "self", new Map([[url, value]]), ofRun(2));
      seen.add(urls.length === 0 ? "the same again" : value === null ? "an unset value" : "a change");
      for (const changed of urls) {
        const version = replica.get(ID)?.facets.self.get(changed)?.version ?? NO_VERSION;
        assert.ok(compareVersions(version, newest) > 0);
        newest = version;
      }
    }
    covered.saw(...seen);
  }));
  covered.check();
});

/** Tells whether a URL of a facet occurs in more than one of some documents. */
function haveCommonUrls(documents: readonly NodeDocument[]): boolean {
  const urls = documents.flatMap(({ facets }) => [...facets.self.keys()]);
  return new Set(urls).size < urls.length;
}

function emptied(): NodeDocument {
  return { id: ID, facets: { cfg: new Map(), parent: new Map(), self: new Map() } };
}

function sorted(facet: Facet | undefined): unknown {
  return [...facet ?? []].sort(([a], [b]) => a < b ? -1 : 1);
}

/** Some order of documents that depends on a seed. */
function rank(document: NodeDocument, seed: number): number {
  return Math.imul(JSON.stringify([...document.facets.self]).length + seed, 0x9e3779b1) | 0;
}
