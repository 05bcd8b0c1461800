import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, type Facet, RESTORED, type Value } from "../../src/state/mod.ts";
import { createNodeChildScope, createNodeScope, createReplica, takeCfg } from "../../src/sync/mod.ts";
import { NODE } from "./node.ts";
import { at, ofRun } from "../support/versions.ts";

const OTHER = "0f0e7a84-1f2b-4d0c-9c9e-6b1f4a6c2e55";

/** Entries of these terms, each with its first version. */
function facet(values: { readonly [url: string]: readonly [value: Value | null, term: number] }): Facet {
  return new Map(
    Object.entries(values).map(([url, [value, term]]): [string, Entry] => [url, { value, version: at(term, 1) }]),
  );
}

function valuesIn(facet: Facet | undefined): Record<string, unknown> {
  return Object.fromEntries([...facet ?? []].map(([url, { value, version }]) => [url, [value, version.run]]));
}

test("an agent brings its own facet, of its own node", () => {
  const replica = createReplica();
  for (const name of ["cfg", "parent", "self"] as const) replica.merge(NODE, name, facet({ "/a": [1, 1] }));
  const scope = createNodeScope(replica, NODE);
  assert.deepEqual([...scope.documents(0)], [NODE]);
  assert.deepEqual(replica.since(NODE, 0).filter((change) => scope.wanted(change)).map(({ facet }) => facet), ["self"]);
});

test("an agent takes cfg and its parent's word of its own node, and nothing of another", () => {
  const replica = createReplica();
  const scope = createNodeScope(replica, NODE);
  assert.equal(scope.take(NODE, "cfg", facet({ "/a": [1, 1] }), ofRun(3)), 0);
  assert.equal(scope.take(NODE, "parent", facet({ "/b": [2, 1] }), ofRun(3)), 0);
  for (const name of ["cfg", "parent", "self"] as const) {
    assert.equal(scope.take(OTHER, name, facet({ "/a": [1, 1], "/b": [1, 1] }), ofRun(3)), 2);
  }
  const { cfg, parent } = replica.get(NODE)?.facets ?? {};
  assert.deepEqual([valuesIn(cfg), valuesIn(parent)], [{ "/a": [1, 1] }, { "/b": [2, 1] }]);
  assert.equal(replica.get(OTHER), undefined);
});

test("an agent unsets what its earlier runs left, with its own term, and takes nothing back of its own", () => {
  const replica = createReplica();
  replica.write(NODE, "self", new Map([["/mine", "new"]]), ofRun(3));
  const scope = createNodeScope(replica, NODE);
  const left = facet({ "/mine": ["old", 2], "/stale": [1, 2], "/gone": [null, 1], "/same": [1, 3], "/later": [1, 4] });
  assert.equal(scope.take(NODE, "self", left, ofRun(3)), 2, "what is not of an earlier term is refused");
  assert.deepEqual(valuesIn(replica.get(NODE)?.facets.self), {
    ...{ "/mine": ["new", 3], "/stale": [null, 3], "/gone": [null, 1] },
  });
});

test("a parent tells an agent everything of its node, but for what the agent wrote itself", () => {
  const replica = createReplica();
  replica.merge(NODE, "cfg", facet({ "/c": [1, 1] }));
  replica.merge(NODE, "parent", facet({ "/p": [1, 1] }));
  replica.merge(NODE, "self", facet({ "/old": [1, 2], "/own": [1, 3], "/later": [1, 4] }));
  const scope = createNodeChildScope(replica, NODE);
  assert.deepEqual([...scope.documents(0)], [NODE]);
  const wanted = replica.since(NODE, 0).filter((change) => scope.wanted(change, { term: ofRun(3), blankUpTo: 0 }));
  assert.deepEqual(wanted.map(({ url }) => url).sort(), ["/c", "/old", "/p"]);
});

test("a parent takes what an agent writes of its own node, up to the agent's term", () => {
  const replica = createReplica();
  const scope = createNodeChildScope(replica, NODE);
  const session = { term: ofRun(3), blankUpTo: 0 };
  assert.equal(scope.take(NODE, "self", facet({ "/a": [1, 2], "/b": [1, 3], "/c": [1, 4] }), session), 1);
  assert.equal(scope.take(NODE, "cfg", facet({ "/a": [1, 1] }), session), 1);
  assert.equal(scope.take(NODE, "parent", facet({ "/a": [1, 1], "/b": [1, 1] }), session), 2);
  assert.equal(scope.take(OTHER, "self", facet({ "/a": [1, 1] }), session), 1);
  assert.deepEqual(valuesIn(replica.get(NODE)?.facets.self), { "/a": [1, 2], "/b": [1, 3] });
  assert.deepEqual([replica.get(NODE)?.facets.cfg.size, replica.get(OTHER)], [0, undefined]);
});

test("cfg from a root that was put back from a backup takes away what was written after that backup", () => {
  const replica = createReplica();
  replica.merge(NODE, "cfg", facet({ "/kept": [1, 2], "/new": [1, 5], "/lost": [1, 4] }));
  assert.deepEqual(takeCfg(replica, NODE, facet({ [RESTORED]: ["no number", 5] })), [RESTORED]);
  assert.deepEqual(Object.keys(valuesIn(replica.get(NODE)?.facets.cfg)).length, 4, "that says nothing");
  const changed = takeCfg(replica, NODE, facet({ [RESTORED]: [5, 6], "/kept": [1, 6] }));
  assert.deepEqual(changed.sort(), [RESTORED, "/kept"].sort());
  assert.deepEqual(valuesIn(replica.get(NODE)?.facets.cfg), {
    ...{ "/kept": [1, 6], "/new": [1, 5], [RESTORED]: [5, 6] },
  });
});
