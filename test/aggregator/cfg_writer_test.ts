import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { readAssignment, RESTORED, type Value } from "../../src/state/mod.ts";
import { createTestRoot, refusalOf } from "../support/root.ts";

const NOWHERE = { send() {}, onAssignment() {}, onLink() {}, onKeepalive() {}, onDeposed() {} };

test("what Kraken keeps in a cfg can't be set by people", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const kept: Record<string, Value> = {
    "/assignment": { number: 7, parent: root.idOf("root") },
    "/release/requested": [root.idOf("n2")],
    [RESTORED]: 7,
    "/deleted": true,
  };
  for (const [url, value] of Object.entries(kept)) {
    for (const result of [root.patch("n1", { [url]: value }), root.apply({ n1: { [url]: value }, n2: {} })]) {
      const [kind, problem = ""] = refusalOf(result);
      assert.equal(kind, "invalid", url);
      assert.match(
        problem,
        new RegExp(`^n1: ${url} cannot be set: (Kraken writes it itself|delete the node instead)$`),
        url,
      );
    }
  }
  assert.equal(root.control.find("n2"), undefined);
});

test("what Kraken keeps in a cfg outlives an inventory that does not speak of it", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const kept = () => {
    const facet = root.store.load().documents.find(({ id }) => id === root.idOf("n1"))?.facets.cfg;
    return [facet?.get("/retries")?.value, readAssignment(facet?.get("/assignment")?.value)?.number];
  };
  assert.deepEqual(refusalOf(root.patch("n1", { "/retries": 3 })), []);
  assert.deepEqual(refusalOf(root.apply({ n1: { "/arch": "x86_64" } })), []);
  assert.deepEqual(kept(), [3, 1]);
});

test("an inventory thaws nothing that was frozen by hand, and takes no machine from its node", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const byHand = { "/freeze": true, "/ipv4/mac": "52:54:00:77:00:01", "/ipv4/address": "10.77.0.11" };
  assert.deepEqual(refusalOf(root.patch("n1", { ...byHand, "/ipv4/prefix": 16 })), []);
  assert.deepEqual(refusalOf(root.apply({ n1: {} })), []);
  for (const [url, value] of Object.entries(byHand)) assert.equal(root.cfg("n1", url), value, url);
  assert.equal(root.cfg("n1", "/ipv4/prefix"), undefined, "all else is what the inventory says");
  assert.deepEqual(refusalOf(root.apply({ n1: { "/freeze": false, "/ipv4/address": "10.77.0.12" } })), []);
  assert.equal(root.cfg("n1", "/freeze"), false);
  assert.equal(root.cfg("n1", "/ipv4/address"), "10.77.0.12");
});

test("an aggregator below the root writes no cfg, whatever it is asked", async () => {
  const store = openMemoryStore();
  const before = await createTestRoot({ names: ["n1"], store });
  await before.aggregator.stop();
  const below = await createTestRoot({ store, upstream: NOWHERE });
  const stored = () => store.load().documents.find(({ id }) => id === below.idOf("n1"))?.facets.cfg;
  const known = stored();
  assert.ok(known !== undefined);
  const asked: readonly [string, () => ReturnType<typeof below.patch>][] = [
    ["patch", () => below.patch("n1", { "/platform": "x" })],
    ["apply", () => below.apply({ n1: { "/platform": "x" } })],
    ["apply of a new node", () => below.apply({ n2: {} })],
    ["delete", () => {
      const done = below.control.remove([below.idOf("n1")]);
      return done.ok ? { ok: true, changes: [] } : done;
    }],
  ];
  for (const [what, ask] of asked) {
    const [kind, problem] = refusalOf(ask());
    assert.equal(kind, "unavailable", what);
    assert.match(problem ?? "", /^Only the root /, what);
    assert.deepEqual(stored(), known, what);
  }
  assert.equal(below.cfg("n1", "/platform"), "sim");
  assert.ok(below.patch("n1", { "/platform": "x" }, true).ok, "a dry run writes nothing");
});

test("an aggregator is deleted together with its nodes, and not without them", async () => {
  const root = await createTestRoot();
  const made = root.apply({ rack: { "/role": "AGGREGATOR" }, n1: { "/parent": "rack" }, n2: { "/parent": "rack" } });
  assert.deepEqual(refusalOf(made), []);
  const remove = (...names: string[]) => root.control.remove(names.map(root.idOf));
  for (const names of [["rack"], ["rack", "n1"]]) {
    const refused = remove(...names);
    assert.ok(!refused.ok);
    assert.match(refused.problems.join(), /^Cannot delete 'rack' as it serves [12] nodes: set their \/parent/);
  }
  assert.ok(root.control.find("n1") !== undefined, "all or none");
  assert.deepEqual(remove("rack", "n1", "n2"), { ok: true });
  for (const name of ["rack", "n1", "n2"]) assert.equal(root.control.find(name), undefined);
  assert.deepEqual(refusalOf(root.apply({ n1: {} })), [], "and may be made again");
});

test("an aggregator is not moved below one that it may still have, nor below itself", async () => {
  const root = await createTestRoot();
  const aggregator = { "/role": "AGGREGATOR" };
  assert.deepEqual(refusalOf(root.apply({ a: aggregator, b: { ...aggregator, "/parent": "a" } })), []);
  assert.match(
    refusalOf(root.patch("a", { "/parent": "b" }))[1] ?? "",
    /^a: \/parent is "b": expected an aggregator that/,
  );
  assert.deepEqual(refusalOf(root.patch("b", { "/parent": "root" })), []);
  assert.deepEqual(refusalOf(root.patch("a", { "/parent": "b" })), [
    "invalid",
    'a: /parent is "b", which was moved away from a and has not been heard since: try again later',
  ]);
});

test("an aggregator can't delete its own node, nor one that is not there", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const own = root.control.remove([root.idOf("root")]);
  assert.match(own.ok ? "" : own.problems.join(), /own node/);
  const unknown = root.control.remove([root.idOf("n1"), root.idOf("n9")]);
  assert.equal(unknown.ok ? "" : unknown.kind, "unknown");
  assert.ok(root.control.find("n1") !== undefined);
});

test("names that differ by capitals only are one name: the second is refused, and both are named", async () => {
  const root = await createTestRoot({ names: ["Node1"] });
  assert.deepEqual(refusalOf(root.apply({ node1: {} })), [
    "conflict",
    "node1: /name is \"node1\": expected a name that no other node has, and 'Node1' has in other letters this one",
  ]);
  assert.equal(refusalOf(root.apply({ ROOT: {} }))[0], "conflict", "aggregators are nodes");
  assert.match(refusalOf(root.apply({ a1: {}, A1: {} }))[1] ?? "", /^A1: .*'a1'/, "in one request");
  assert.deepEqual(refusalOf(root.apply({ Node1: { "/arch": "x86_64" } })), [], "itself");
  assert.deepEqual(root.control.remove([root.idOf("Node1")]), { ok: true });
  assert.deepEqual(refusalOf(root.apply({ node1: {} })), [], "a name that was deleted is free");
});

test("a name that another node has is refused, and a node keeps its name", async () => {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  const cfg = new Map<string, Value>([["/parent", "root"]]);
  const id = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
  const [kind, problem] = refusalOf(root.control.apply([{ name: "n1", id, cfg }], {}));
  assert.equal(kind, "conflict");
  assert.ok(problem?.includes(root.idOf("n1")), problem);
  assert.match(refusalOf(root.patch("n1", { "/name": "n3" }))[1] ?? "", /^n1: \/name is "n3": a node's name can't be/);
});

test("a name with an empty part, or one that ends in a sign, is no name", async () => {
  const root = await createTestRoot();
  for (const name of ["a..b", "a.-b", "a-.b", ".a", "a."]) {
    assert.match(refusalOf(root.apply({ [name]: {} }))[1] ?? "", /\/name is ".*": expected 1 to 64 letters/, name);
  }
});

test("a node that is given twice in one request is refused, and nothing is applied", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const node = (platform: string) => ({ name: "n1", cfg: new Map<string, Value>([["/platform", platform]]) });
  assert.deepEqual(refusalOf(root.control.apply([node("a"), node("b")], {})), [
    "invalid",
    "n1: the node is given twice: expected each once",
  ]);
  const patches = ["a", "b"].map((platform) => ({ id: root.idOf("n1"), values: new Map([["/platform", platform]]) }));
  assert.equal(refusalOf(root.control.patchCfg(patches, {}))[0], "invalid");
  assert.equal(root.cfg("n1", "/platform"), "sim");
});

test("a node that is deleted and made again is served under later assignments, each its own", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const number = () => {
    const facet = root.store.load().documents.find(({ id }) => id === root.idOf("n1"))?.facets.cfg;
    return readAssignment(facet?.get("/assignment")?.value)?.number;
  };
  const before = number() ?? 0;
  assert.deepEqual(root.control.remove([root.idOf("n1")]), { ok: true });
  assert.equal(number(), before + 1);
  assert.deepEqual(refusalOf(root.apply({ n1: {} })), []);
  assert.equal(number(), before + 2);
});

test("a node that nobody serves is deleted too", async () => {
  const root = await createTestRoot();
  assert.deepEqual(refusalOf(root.control.apply([{ name: "loose", cfg: new Map() }], {})), []);
  assert.deepEqual(root.control.remove([root.idOf("loose")]), { ok: true });
  assert.equal(root.control.find("loose"), undefined);
});

test("a parent or a standby that is no aggregator is refused, with those that there are", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  assert.deepEqual(refusalOf(root.apply({ rack2: { "/role": "AGGREGATOR" }, rack10: { "/role": "AGGREGATOR" } })), []);
  for (const url of ["/parent", "/standby"]) {
    for (const name of ["nowhere", "n1"]) {
      assert.deepEqual(refusalOf(root.apply({ n2: { [url]: name } })), [
        "invalid",
        `n2: ${url} is "${name}": expected one of root, rack2, rack10`,
      ]);
    }
  }
  assert.deepEqual(refusalOf(root.apply({ rack3: { "/role": "AGGREGATOR" }, n2: { "/parent": "rack3" } })), []);
});

test("an error names 16 aggregators at most", async () => {
  const root = await createTestRoot();
  const names = (count: number) => Array.from({ length: count }, (_, at) => `rack${at + 1}`);
  const problemWith = (count: number): string => {
    const racks = Object.fromEntries(names(count).map((name) => [name, { "/role": "AGGREGATOR" }]));
    assert.deepEqual(refusalOf(root.apply(racks)), []);
    return refusalOf(root.apply({ n1: { "/parent": "nowhere" } }))[1] ?? "";
  };
  assert.ok(problemWith(15).endsWith(`expected one of root, ${names(15).join(", ")}`));
  assert.ok(problemWith(16).endsWith(`expected one of root, ${names(15).join(", ")} ...`));
});

test("a change says whether it makes the node, also one that was deleted before", async () => {
  const root = await createTestRoot();
  const isMade = (values: Record<string, Value>) => {
    const result = root.apply({ n1: values });
    return result.ok ? result.changes.map(({ created }) => created) : result.problems;
  };
  assert.deepEqual(isMade({}), [true]);
  assert.deepEqual(isMade({ "/arch": "x86_64" }), [false]);
  assert.deepEqual(root.control.remove([root.idOf("n1")]), { ok: true });
  assert.deepEqual(isMade({}), [true]);
});
