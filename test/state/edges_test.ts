import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assignmentValue,
  bindUrl,
  compareTerms,
  compareVersions,
  createSchema,
  defineExtension,
  enumeration,
  type Facet,
  fromNested,
  heldBy,
  laterTerm,
  mergePatch,
  NO_VERSION,
  parseUuid,
  readAssignment,
  readVersion,
  versionText,
} from "../../src/state/mod.ts";
import { at } from "../support/versions.ts";

const ID = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
const schema = createSchema([defineExtension("edges", {
  "/list": { type: { kind: "list", items: { kind: "string" }, maxItems: 2 }, writer: "cfg", about: "" },
  "/either": { type: { kind: "either", of: [{ kind: "boolean" }, { kind: "integer" }] }, writer: "cfg", about: "" },
})]);

test("bindUrl() puts in what is bound, once or several times, and leaves the rest", () => {
  assert.equal(bindUrl("/a", { name: "x" }), "/a");
  assert.equal(bindUrl("/a/{name}/b", { name: "x" }), "/a/x/b");
  assert.equal(bindUrl("/a/{name}", {}), "/a/{name}");
  assert.equal(bindUrl("/{one}/{two}/{one}", { one: "x", two: "y" }), "/x/y/x");
  assert.equal(bindUrl("/{one}/{two}", { two: "y" }), "/{one}/y");
  assert.equal(bindUrl("/a/{name", { name: "x" }), "/a/{name");
});

test("terms are ordered by assignment, then by run, and versions by their terms, then by rev", () => {
  const some = [0, 1, 2, 4_096, 2 ** 32 - 1];
  const all = some.flatMap((assignment) => some.flatMap((run) => some.map((rev) => ({ assignment, run, rev }))));
  for (const [place, version] of all.entries()) {
    for (const [other, later] of all.entries()) {
      assert.equal(Math.sign(compareVersions(version, later)), Math.sign(place - other));
      const order = Math.sign(Math.floor(place / some.length) - Math.floor(other / some.length));
      assert.equal(Math.sign(compareTerms(version, later)), order);
      assert.equal(laterTerm(version, later), order < 0 ? later : version);
    }
  }
});

test("readVersion() reads what versionText() makes, and nothing else", () => {
  const most = 2 ** 32 - 1;
  for (const version of [NO_VERSION, { assignment: most, run: most, rev: most }, at(3, 17, 2)]) {
    assert.deepEqual(readVersion(versionText(version)), version);
    assert.ok(versionText(version).length <= 32);
  }
  for (
    const text of ["", "1", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1.2.3 ", "1.2.99999999999", 1.2, undefined, ["1.2.3"]]
  ) {
    assert.equal(readVersion(text), undefined, String(text));
  }
});

test("heldBy() reads names only, whatever stands in the cfg", () => {
  const facet = (value: Exclude<Facet extends ReadonlyMap<string, infer E> ? E : never, undefined>["value"]): Facet =>
    new Map([["/assignment", { value, version: at(1, 1) }]]);
  assert.deepEqual(heldBy(facet({ held: ["a", 1, "b", true] })), ["a", "b"]);
  assert.deepEqual(heldBy(facet({ held: "a" })), []);
  assert.deepEqual(heldBy(facet("a")), []);
  assert.deepEqual(heldBy(undefined), []);
});

test("assignmentValue() has no keys for what there is not", () => {
  const value = assignmentValue({ number: 1, parent: ID });
  assert.deepEqual(value, { number: 1, parent: ID });
  assert.deepEqual(Object.keys(Object(value)), ["number", "parent"]);
});

test("readAssignment() takes no broker whose URL is too long to be one", () => {
  const read = (broker: string) => readAssignment({ number: 1, parent: ID, broker });
  assert.equal(read("mqtt://10.0.0.1")?.broker, "mqtt://10.0.0.1");
  assert.notEqual(read(`mqtt://${"x".repeat(300)}`)?.broker, `mqtt://${"x".repeat(300)}`);
});

test("a list is a list: a text, a number or more items than there may be are told from it", () => {
  assert.equal(schema.validate("/list", ["a", "b"]), undefined);
  for (const value of ["ab", "", 5, true, { length: 0 }, ["a", "b", "c"]]) {
    assert.match(schema.validate("/list", value) ?? "", /expected a list of at most 2 items/);
  }
});

test("a value of either of several types fits where it fits one", () => {
  assert.equal(schema.validate("/either", true), undefined);
  assert.equal(schema.validate("/either", 3), undefined);
  assert.match(schema.validate("/either", "3") ?? "", /expected/);
});

test("fromNested() takes nothing but an object", () => {
  for (const value of [null, 5, "x", [], true]) {
    const read = fromNested(schema, value);
    assert.deepEqual(read, { ok: false, problems: [`Expected an object, found ${JSON.stringify(value)}`] });
  }
});

test("mergePatch() counts how deep a patch is", () => {
  const nested = (depth: number): unknown => depth === 0 ? "x" : { a: nested(depth - 1) };
  assert.deepEqual(mergePatch({}, nested(16)), nested(16));
  assert.throws(() => mergePatch({}, nested(17)), /nested more than 16 deep/);
});

test("parseUuid() takes UUIDs in any notation of letters, and nothing else", () => {
  assert.equal(parseUuid(ID.toUpperCase()), ID);
  for (const text of ["", "n1", ID.slice(1), `${ID}0`, ID.replaceAll("-", "")]) {
    assert.equal(parseUuid(text), undefined);
  }
});

test("the same declaration of a variable may come twice as different objects", () => {
  const made = () => defineExtension("same", { "/x": { type: enumeration("U", "A"), writer: "self", about: "X" } });
  assert.equal(createSchema([made(), made()]).find("/x")?.variable.about, "X");
});
