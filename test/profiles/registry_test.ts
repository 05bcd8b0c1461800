import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProfileBody } from "../../aggregator/cfg/profile_registry.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createTestRoot, refusalOf, type TestRoot } from "../support/root.ts";

const body = (values: Record<string, Value>, inherits: readonly string[] = []): ProfileBody => ({
  inherits,
  values: new Map(Object.entries(values)),
});
function set(root: TestRoot, name: string, values: Record<string, Value>, inherits: readonly string[] = []): void {
  assert.deepEqual(refusalOf(root.control.profiles.set(name, body(values, inherits))), []);
}
function patch(root: TestRoot, name: string, values: Record<string, Value | null>): void {
  assert.deepEqual(refusalOf(root.patch(name, values)), []);
}

test("a profile gives its values to the nodes that name it, and says that they come from it", async () => {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  set(root, "base", { "/rack": "r1", "/arch": "x86_64" });
  patch(root, "n1", { "/profiles": ["base"], "/arch": "aarch64" });
  assert.deepEqual([root.cfg("n1", "/rack"), root.cfg("n1", "/arch")], ["r1", "aarch64"]);
  assert.deepEqual([...root.control.find("n1")?.inherited ?? []], [["/rack", "base"]]);
  assert.equal(root.cfg("n2", "/rack"), undefined);
  assert.deepEqual(root.control.profiles.nodesOf("base"), ["n1"]);
});

test("a change of a profile changes every node that it touches, and a dry run says which and how", async () => {
  const root = await createTestRoot({ names: ["n1", "n2", "n3"] });
  set(root, "base", { "/rack": "r1" });
  set(root, "gpu", { "/arch": "x86_64" }, ["base"]);
  patch(root, "n1", { "/profiles": ["gpu"] });
  patch(root, "n2", { "/profiles": ["base"], "/rack": "mine" });
  const { profiles } = root.control;
  const preview = profiles.set("base", body({ "/rack": "r2" }), { dryRun: true });
  assert.ok(preview.ok);
  const said = preview.changes.map(({ name, differences }) => [name, differences.map(({ url, to }) => `${url}=${to}`)]);
  assert.deepEqual(said, [["n1", ["/rack=r2"]], ["n2", []]]);
  assert.equal(root.cfg("n1", "/rack"), "r1");
  set(root, "base", { "/rack": "r2" });
  assert.deepEqual([root.cfg("n1", "/rack"), root.cfg("n2", "/rack")], ["r2", "mine"]);
  set(root, "base", {});
  assert.equal(root.cfg("n1", "/rack"), undefined);
});

test("a node's own value can be taken back: the profile's counts again", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  set(root, "base", { "/rack": "r1" });
  patch(root, "n1", { "/profiles": ["base"], "/rack": "mine" });
  patch(root, "n1", { "/rack": null });
  assert.equal(root.cfg("n1", "/rack"), "r1");
  assert.deepEqual(refusalOf(root.patch("n1", { "/rack": null })), [
    "invalid",
    `n1: /rack comes from the profile 'base': set it to something else, or leave it out with "~/rack" in /profiles`,
  ]);
  patch(root, "n1", { "/profiles": ["base", "~/rack"] });
  assert.equal(root.cfg("n1", "/rack"), undefined);
});

test("a write that is about something else leaves what comes from profiles where it is", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  set(root, "base", { "/rack": "r1" });
  patch(root, "n1", { "/profiles": ["base"] });
  assert.deepEqual(root.control.retry([root.idOf("n1")]), { ok: true });
  assert.deepEqual(refusalOf(root.apply({ n1: { "/profiles": ["base"], "/arch": "x86_64" } })), []);
  assert.deepEqual([root.cfg("n1", "/rack"), root.control.find("n1")?.inherited.get("/rack")], ["r1", "base"]);
  assert.deepEqual(refusalOf(root.apply({ n1: {} })), []);
  assert.equal(root.cfg("n1", "/rack"), undefined, "apply gives exactly what is asked for");
});

test("what a profile can't have is refused by name, and nothing is changed", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const { profiles } = root.control;
  const wrong: [string, ProfileBody, RegExp][] = [
    ["p", body({ "/name": "x" }), /\/name can't be set in a profile: it is each node's own/],
    ["p", body({ "/assignment": { number: 1, parent: "x" } }), /\/assignment can't be set in a profile/],
    ["p", body({ "/physState": "ON" }), /\/physState is "ON": expected one of/],
    ["p", body({ "/no/such": 1 }), /'\/no\/such' is not a state variable/],
    ["p", body({ "/link": "UP" }), /\/link can't be set: it is only discovered/],
    ["p", body({}, ["gone"]), /inherits has "gone": there is no profile 'gone'/],
    ["p", body({}, ["p"]), /inherits leads in a circle: p -> p/],
    ["p", body({}, ["~p"]), /only a node leaves a profile out/],
    ["a/b", body({}), /The name is "a\/b": expected/],
  ];
  for (const [name, each, problem] of wrong) {
    const result = profiles.set(name, each);
    assert.match(refusalOf(result).join(" "), problem);
  }
  assert.deepEqual(profiles.list(), []);
  assert.match(
    refusalOf(root.patch("n1", { "/profiles": ["~/boto"] })).join(),
    /"~\/boto": there is no state variable/,
  );
  assert.match(refusalOf(root.patch("n1", { "/profiles": ["gone"] })).join(), /there is no profile 'gone'/);
  assert.match(refusalOf(root.patch("n1", { "/inherited": { gone: ["/rack"] } })).join(), /Kraken writes it itself/);
});

test("a profile whose values would be wrong on one node is refused with that node's name, and touches none", async () => {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  set(root, "base", { "/rack": "r1" });
  for (const name of ["n1", "n2"]) patch(root, name, { "/profiles": ["base"] });
  const result = root.control.profiles.set("base", body({ "/rack": "r2", "/standby": "nowhere" }));
  assert.match(refusalOf(result).join("; "), /^invalid; n1: \/standby is "nowhere": expected one of root; n2: /);
  assert.equal(root.cfg("n1", "/rack"), "r1");
});

test("a profile is forgotten only when nobody names it", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const { profiles } = root.control;
  set(root, "base", { "/rack": "r1" });
  set(root, "gpu", {}, ["base"]);
  patch(root, "n1", { "/profiles": ["gpu", "~base"] });
  assert.deepEqual(refusalOf(profiles.remove("base")), [
    "conflict",
    "The profile 'base' is in use by the profile 'gpu', 'n1'",
  ]);
  patch(root, "n1", { "/profiles": null });
  assert.deepEqual(refusalOf(profiles.remove("gpu", { dryRun: true })), []);
  assert.deepEqual(refusalOf(profiles.remove("gpu")), []);
  assert.deepEqual(refusalOf(profiles.remove("base")), []);
  assert.equal(refusalOf(profiles.remove("base"))[0], "unknown");
});

test("profiles outlive a restart, together with what nodes have from them", async () => {
  const store = openMemoryStore();
  const first = await createTestRoot({ names: ["n1"], store });
  set(first, "base", { "/rack": "r1" });
  patch(first, "n1", { "/profiles": ["base"] });
  await first.aggregator.stop();
  const second = await createTestRoot({ store });
  assert.deepEqual(second.control.profiles.list(), first.control.profiles.list());
  set(second, "base", { "/rack": "r2" });
  assert.equal(second.cfg("n1", "/rack"), "r2");
});
