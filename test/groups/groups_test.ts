import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group } from "../../aggregator/groups/group.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { parseNodeset } from "../../src/nodeset/mod.ts";
import { createTestRoot, type TestRoot } from "../support/root.ts";

async function make(): Promise<TestRoot> {
  const root = await createTestRoot({ names: ["n1", "n2", "n3"] });
  root.patch("n1", { "/rack": "r1" });
  root.patch("n2", { "/rack": "r1" });
  return root;
}
function put(root: TestRoot, group: Omit<Group, "about">): void {
  assert.deepEqual(root.control.groups.set({ about: "", ...group }), { ok: true });
}
function namesOf(root: TestRoot, nodeset: string): readonly string[] {
  const expanded = root.control.groups.expand(nodeset);
  assert.ok(expanded.ok, "a group is not known");
  if (expanded.value === "") return [];
  const parsed = parseNodeset(expanded.value);
  assert.ok(parsed.ok);
  return parsed.names;
}

test("a group of a nodeset has those of its names that are nodes", async () => {
  const root = await make();
  put(root, { name: "few", nodes: "n[2-5]" });
  assert.deepEqual(root.control.groups.membersOf("few"), ["n2", "n3"]);
  assert.deepEqual(namesOf(root, "n1,@few"), ["n1", "n2", "n3"]);
});

test("a group of a filter has those nodes that fit it at the time", async () => {
  const root = await make();
  put(root, { name: "r1-off", filter: new Map([["/rack", "r1"], ["/physState", "POWER_OFF"]]) });
  assert.deepEqual(root.control.groups.membersOf("r1-off"), ["n1", "n2"]);
  root.discover("n1", { "/physState": "POWER_ON" });
  assert.deepEqual(root.control.groups.membersOf("r1-off"), ["n2"]);
  put(root, { name: "calm", filter: new Map([["phase", root.control.find("n3")?.phase ?? ""]]) });
  assert.ok(root.control.groups.membersOf("calm").includes("n3"));
  put(root, { name: "stuck", filter: new Map([["phase", "stuck"]]) });
  assert.deepEqual(root.control.groups.membersOf("stuck"), []);
});

test("a nodeset may have groups anywhere, and ranges with commas stay whole", async () => {
  const root = await make();
  put(root, { name: "r1", filter: new Map([["/rack", "r1"]]) });
  put(root, { name: "none", nodes: "x1" });
  assert.deepEqual(namesOf(root, "n[1,3], @r1 "), ["n1", "n3", "n2"]);
  assert.deepEqual(namesOf(root, "@none"), []);
  assert.deepEqual(root.control.groups.expand("@gone"), { ok: false, problem: "There is no group '@gone'" });
  assert.deepEqual(root.control.groups.expand("n1"), { ok: true, value: "n1" });
});

test("a group that can't be is refused by name", async () => {
  const root = await make();
  const wrong: [Group, RegExp][] = [
    [{ name: "a b", about: "", nodes: "n1" }, /The name is "a b": expected/],
    [{ name: "g", about: "" }, /expected one of them/],
    [{ name: "g", about: "", nodes: "n1", filter: new Map([["/rack", "r1"]]) }, /expected one of them/],
    [{ name: "g", about: "", nodes: "n[1" }, /nodes is no nodeset/],
    [{ name: "g", about: "", filter: new Map() }, /filter is empty/],
    [{ name: "g", about: "", filter: new Map([["/no/such", 1]]) }, /filter: '\/no\/such' is not a state variable/],
    [
      { name: "g", about: "", filter: new Map([["phase", 1]]) },
      /filter: phase is 1: expected one of converged, working/,
    ],
    [{ name: "g", about: "", filter: new Map([["/physState", "ON"]]) }, /filter: \/physState is "ON": expected one of/],
    [{ name: "g", about: "x".repeat(257), nodes: "n1" }, /about has 257 characters/],
  ];
  for (const [group, problem] of wrong) {
    const done = root.control.groups.set(group);
    assert.match(done.ok ? "" : done.problems.join(), problem);
  }
  assert.deepEqual(root.control.groups.list(), []);
});

test("groups outlive a restart", async () => {
  const store = openMemoryStore();
  const first = await createTestRoot({ names: ["n1"], store });
  put(first, { name: "a", nodes: "n1" });
  put(first, { name: "b", filter: new Map([["/rack", "r1"]]) });
  await first.aggregator.stop();
  const second = await createTestRoot({ store });
  assert.deepEqual(second.control.groups.list(), first.control.groups.list());
});
