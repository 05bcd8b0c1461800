import assert from "node:assert/strict";
import { test } from "node:test";
import { createAssigning } from "../../aggregator/cfg/assigning.ts";
import { heldBy, NO_VERSION, readAssignment, type Value, valuesOf, versionText } from "../../src/state/mod.ts";
import { assigned, createSmallTree, idOf, type SmallTree } from "./small_tree.ts";

function make(tree: SmallTree = createSmallTree()) {
  const { replica, nodes } = tree;
  const assigning = createAssigning({
    replica,
    nodes,
    ownId: idOf("root"),
    ownName: "root",
    proofOf: (...signed) => signed.join(" "),
  });
  /** Has a node's cfg completed and stored, as the root does. */
  function write(name: string, values: Record<string, Value | null>, isHandedOver = false): void {
    const cfg = valuesOf(replica.get(idOf(name))?.facets.cfg ?? new Map());
    for (const [url, value] of Object.entries(values)) {
      if (value === null) cfg.delete(url);
      else cfg.set(url, value);
    }
    const complete = assigning.complete(idOf(name), cfg, new Map(), isHandedOver);
    const gone = [...replica.get(idOf(name))?.facets.cfg.keys() ?? []].filter((url) => !complete.has(url));
    tree.set(name, { ...Object.fromEntries(gone.map((url) => [url, null])), ...Object.fromEntries(complete) });
  }
  const facet = (name: string) => replica.get(idOf(name))?.facets.cfg;
  const number = (name: string) => readAssignment(facet(name)?.get("/assignment")?.value)?.number;
  return { ...tree, assigning, write, number, held: (name: string) => heldBy(facet(name)) };
}

test("the number counts how often /parent was set, and nothing else", () => {
  const { write, number } = make();
  write("n", { "/parent": "a" });
  assert.equal(number("n"), 1);
  write("n", { "/platform": "sim" });
  assert.equal(number("n"), 1);
  write("n", { "/parent": "b" });
  assert.equal(number("n"), 2);
});

test("an assignment has the broker of the parent, and the standby of that", () => {
  const { discover, set, assigning, replica, write } = make();
  discover("a", "self", { "/broker": "mqtt://a:1883" });
  write("n", { "/parent": "a" });
  const cfg = () => valuesOf(replica.get(idOf("n"))?.facets.cfg ?? new Map());
  assert.deepEqual(cfg().get("/assignment"), {
    ...{ number: 1, parent: idOf("a"), broker: "mqtt://a:1883" },
    proof: `${idOf("n")} 1 ${idOf("a")}`,
  });
  assert.equal(assigning.isCurrent(idOf("n"), cfg()), true);
  set("a", { "/standby": "b" });
  assert.equal(assigning.isCurrent(idOf("n"), cfg()), false);
  write("n", {});
  assert.equal(assigning.isCurrent(idOf("n"), cfg()), true);
  assert.deepEqual(readAssignment(cfg().get("/assignment"))?.standby, { parent: idOf("b") });
});

test("whoever had a node may still have it, until it was heard at the next", () => {
  const { write, discover, held } = make();
  write("n", { "/parent": "a" });
  discover("n", "self", { "/seen": "1.1" }, 1);
  write("n", { "/parent": "b" });
  assert.deepEqual(held("n"), [idOf("a")]);
  write("n", { "/parent": "root" });
  assert.deepEqual(held("n"), [idOf("a"), idOf("b")]);
  write("n", { "/parent": "a" });
  assert.deepEqual(held("n"), [idOf("b"), idOf("root")]);
  discover("n", "self", { "/seen": "0.1.9" }, 4);
  write("n", { "/parent": "b" });
  assert.deepEqual(held("n"), [idOf("a")]);
});

test("a lost aggregator has no hold on a node that knows its standby, and one on a node that does not", () => {
  const { write, set, discover, replica, held } = make();
  set("a", { "/standby": "b" });
  for (const name of ["n", "m"]) write(name, { "/parent": "a" });
  const version = replica.get(idOf("n"))?.facets.cfg.get("/assignment")?.version ?? NO_VERSION;
  discover("n", "self", { "/seen": versionText(version) });
  for (const name of ["n", "m"]) write(name, { "/parent": "b" }, true);
  assert.deepEqual(held("n"), []);
  assert.deepEqual(held("m"), [idOf("a")]);
});

test("people who move a node to the standby of a parent that is well take it from that parent", () => {
  const { write, set, discover, held } = make();
  set("a", { "/standby": "b" });
  write("n", { "/parent": "a" });
  discover("n", "self", { "/seen": "1.99" });
  write("n", { "/parent": "b" });
  assert.deepEqual(held("n"), [idOf("a")]);
});

test("a node that is made again goes on with the number of the one that was deleted", () => {
  const { write, set, number, held } = make();
  write("n", { "/parent": "a" });
  set("n", { "/parent": null, "/deleted": true, "/assignment": assigned(2, "a") });
  write("n", { "/deleted": null, "/parent": "b" });
  assert.equal(number("n"), 3);
  assert.deepEqual(held("n"), [idOf("a")]);
});
