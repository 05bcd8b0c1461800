import assert from "node:assert/strict";
import { test } from "node:test";
import type { AggregatorEvent } from "../../aggregator/dispatch/events.ts";
import { assigned, createSmallTree, idOf, listen } from "./small_tree.ts";

const KINDS = [
  "CfgChanged",
  "AssignmentChanged",
  "Moved",
  "Discovered",
  "StatusPublished",
  "PowerChanged",
  "NodeRemoved",
] as const;

function make() {
  const tree = createSmallTree();
  const heard: AggregatorEvent[] = [];
  listen(tree.changes, KINDS, (event) => void heard.push(event));
  const kinds = () => heard.map(({ kind }) => kind);
  return { ...tree, heard, kinds };
}
const [N, A, B] = [idOf("n"), idOf("a"), idOf("b")];

test("a new node below a child is told as a move, then as its cfg", () => {
  const { set, heard } = make();
  set("n", { "/parent": "a" });
  assert.deepEqual(heard, [
    { kind: "Moved", id: N, before: undefined, after: A },
    { kind: "CfgChanged", id: N, urls: ["/name", "/parent"] },
  ]);
});

test("a rack that is moved takes with it what is below it", () => {
  const { set, heard } = make();
  set("n", { "/parent": "a" });
  heard.length = 0;
  set("a", { "/parent": "b", "/assignment": assigned(2, "b") });
  assert.deepEqual(heard.slice(0, 2), [
    { kind: "Moved", id: A, before: A, after: B },
    { kind: "Moved", id: N, before: A, after: B },
  ]);
  assert.deepEqual(heard.at(-1), { kind: "AssignmentChanged", id: A, isMoved: true });
});

test("another assignment of a node that stays where it is moves nothing", () => {
  const { set, heard } = make();
  set("n", { "/parent": "a", "/assignment": assigned(1, "a") });
  heard.length = 0;
  set("n", { "/assignment": assigned(2, "a") });
  assert.deepEqual(heard, [
    { kind: "CfgChanged", id: N, urls: ["/assignment"] },
    { kind: "AssignmentChanged", id: N, isMoved: false },
  ]);
});

test("what is discovered is told with who brought it", () => {
  const { set, discover, commits, heard } = make();
  set("n", { "/parent": "root" });
  heard.length = 0;
  commits.broughtBy(N, () => discover("n", "self", { "/load": 1 }));
  discover("n", "self", { "/load": 2 });
  const told = { kind: "Discovered", id: N, facet: "self", urls: ["/load"] } as const;
  assert.deepEqual(heard, [{ ...told, from: N }, { ...told, from: undefined }]);
});

test("who brought something is forgotten also where it can't be taken in", () => {
  const { set, discover, commits, heard } = make();
  set("n", { "/parent": "root" });
  const failing = () =>
    commits.broughtBy(N, () => {
      throw new Error("No term");
    });
  assert.throws(failing, /No term/);
  discover("n", "self", { "/load": 1 });
  assert.deepEqual(heard.at(-1), { kind: "Discovered", id: N, facet: "self", urls: ["/load"], from: undefined });
});

test("a change of power comes after what was discovered, and only of what a parent says", () => {
  const { set, discover, kinds, heard } = make();
  set("n", { "/parent": "root" });
  heard.length = 0;
  discover("n", "parent", { "/physState": "POWER_ON", "/runState": "INIT" });
  discover("n", "self", { "/physState": "POWER_OFF" });
  assert.deepEqual(kinds(), ["Discovered", "PowerChanged", "Discovered"]);
});

test("a status that is for those above alone is told as that", () => {
  const { set, discover, kinds, heard } = make();
  set("n", { "/parent": "root" });
  heard.length = 0;
  discover("n", "parent", { "/engine/status": { phase: "converged" } });
  discover("n", "parent", { "/engine/status": { phase: "working" }, "/frozen": true });
  discover("n", "self", { "/engine/status": "an agent says that" });
  assert.deepEqual(kinds(), ["StatusPublished", "Discovered", "Discovered"]);
});

test("places and nodes are right when a commit is heard of", () => {
  const { set, nodes, changes } = make();
  const seen: unknown[] = [];
  listen(changes, ["CfgChanged"], ({ id }) => void seen.push(nodes.placement.via(id), nodes.read(id)?.cfg.get("/x")));
  set("n", { "/parent": "a", "/x": 1 });
  assert.deepEqual(seen, [A, 1]);
});

test("a node that is forgotten is told once what was below it has been", () => {
  const { set, commits, heard, replica } = make();
  set("n", { "/parent": "a" });
  heard.length = 0;
  commits.forget(A);
  assert.deepEqual(heard, [
    { kind: "Moved", id: N, before: A, after: undefined },
    { kind: "NodeRemoved", id: A, via: A },
  ]);
  assert.equal(replica.get(A), undefined);
});

test("nothing is told after a stop", () => {
  const { set, commits, heard } = make();
  commits.stop();
  set("n", { "/parent": "a" });
  assert.deepEqual(heard, []);
});
