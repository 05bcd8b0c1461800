import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { compileDomain, parseModuleDeclarations } from "../../src/plan/mod.ts";
import { core, services } from "../../src/state/mod.ts";

const mutation = {
  context: "parent",
  changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
  requires: { "/platform": "sim", "/freeze": false },
  excludes: { "/busy": ["BUSY"] },
  timeout: 1000,
  failTo: { "/physState": "PHYS_HANG" },
  disruption: 2,
  duration: 200,
  about: "Switches it on",
};
const declaration = {
  name: "power",
  about: "Power",
  extensions: [core, services],
  discovers: ["/physState"],
  mutations: { on: mutation },
};

/** The declaration after a trip over the wire, with something in it replaced. */
function received(replaced: { readonly [key: string]: unknown } = {}): unknown {
  return JSON.parse(JSON.stringify([{ ...declaration, ...replaced }]));
}

function problemsOf(value: unknown): string {
  const parsed = parseModuleDeclarations(value);
  assert.equal(parsed.ok, false);
  return parsed.ok ? "" : parsed.problems.join("\n");
}

test("parseModuleDeclarations() takes what a module declares, unchanged, and it compiles", () => {
  const parsed = parseModuleDeclarations(received());
  assert.ok(parsed.ok);
  assert.deepEqual(JSON.parse(JSON.stringify(parsed.modules)), received());
  assert.equal(compileDomain(parsed.modules).mutations.length, 1);
});

test("parseModuleDeclarations() drops fields that it does not know", () => {
  const parsed = parseModuleDeclarations(
    received({ colour: "red", mutations: { on: { ...mutation, colour: "red" } } }),
  );
  assert.ok(parsed.ok);
  assert.deepEqual(JSON.parse(JSON.stringify(parsed.modules)), received());
});

test("parseModuleDeclarations() names the place of what does not fit", () => {
  assert.match(problemsOf(received({ name: "a/b" })), /at '0\.name': expected 1 to 64 letters/);
  assert.match(problemsOf(received({ discovers: ["physState"] })), /at '0\.discovers\.0': expected a state URL/);
  for (
    const [key, value] of [["timeout", 0], ["disruption", 1.5], ["duration", 0], ["context", "child"], ["changes", {
      "/a": ["x"],
    }]] as const
  ) {
    const problem = problemsOf(received({ mutations: { on: { ...mutation, [key]: value } } }));
    assert.match(problem, new RegExp(`at '0\\.mutations\\.on\\.${key}`));
  }
  const twice = { type: { kind: "enum", values: ["A", "A"] }, writer: "self", about: "" };
  assert.match(
    problemsOf(received({ extensions: [{ name: "x", variables: { "/x": twice } }] })),
    /expected no value twice/,
  );
});

test("parseModuleDeclarations() refuses more than it is willing to hold", () => {
  const many = <T>(count: number, make: (number: number) => readonly [string, T]) =>
    Object.fromEntries(Array.from({ length: count }, (_, number) => make(number)));
  assert.match(problemsOf(Array.from({ length: 65 }, () => declaration)), /list of at most 64/);
  const mutations = many(257, (number) => [`m${number}`, mutation]);
  assert.match(problemsOf(received({ mutations })), /at '0\.mutations': expected at most 256/);
  const variable = { type: { kind: "boolean" }, writer: "self", about: "" };
  const variables = (prefix: string) => many(129, (number) => [`/${prefix}${number}`, variable]);
  const extensions = [{ name: "a", variables: variables("a") }, { name: "b", variables: variables("b") }];
  assert.match(problemsOf(received({ extensions })), /at most 256 variables in all/);
  const changes = many(17, (number) => [`/v${number}`, ["a", "b"]]);
  assert.match(problemsOf(received({ mutations: { on: { ...mutation, changes } } })), /expected at most 16/);
});

test("parseModuleDeclarations() refuses deep nesting without following it", () => {
  let type: unknown = { kind: "boolean" };
  for (let depth = 0; depth < 100_000; depth++) type = { kind: "list", items: type };
  const variables = { "/x": { type, writer: "self", about: "" } };
  assert.match(problemsOf([{ ...declaration, extensions: [{ name: "x", variables }] }]), /nested deeper than 16/);
});

test("parseModuleDeclarations() never throws, whatever it is given", () => {
  const anything = createCoverage("anything as declarations", ["a list", "an object", "neither"], 0.05);
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.array(fc.anything())), (value) => {
      assert.ok(Array.isArray(value) && value.length === 0 || !parseModuleDeclarations(value).ok);
      anything.saw(Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : "neither");
    }),
    { numRuns: 300 },
  );
  anything.check();
  const replaced = createCoverage("a field of a declaration replaced", ["taken", "refused"], 0.05);
  const part = fc.oneof(fc.jsonValue(), fc.constantFrom("", "n", [], {}));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(declaration)), part, (key, value) => {
      replaced.saw(parseModuleDeclarations(received({ [key]: value })).ok ? "taken" : "refused");
    }),
    { numRuns: 300 },
  );
  replaced.check();
});

/** An extension of variables of these types. */
function extensionOf(...types: readonly unknown[]): unknown {
  const variables = types.map((type, place) => [`/v${place}`, { type, writer: "self", about: "" }]);
  return { name: "x", variables: Object.fromEntries(variables) };
}

function isTaken(value: unknown): boolean {
  return parseModuleDeclarations(value).ok;
}

function many<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

function record<T>(count: number, make: (number: number) => readonly [string, T]): { readonly [key: string]: T } {
  return Object.fromEntries(many(count, make));
}

test("parseModuleDeclarations() takes as much as it is willing to hold, and not one more", () => {
  const variable = { type: { kind: "boolean" }, writer: "self", about: "" };
  const words = (count: number) => ({ kind: "enum", values: many(count, (number) => `w${number}`) });
  const fields = (count: number) => record(count, (number) => [`f${number}`, { kind: "boolean" }]);
  const kinds = (count: number) => ({ kind: "either", of: many(count, () => ({ kind: "boolean" })) });
  const names = (count: number) => ({ kind: "object", fields: {}, optional: many(count, (number) => `f${number}`) });
  const withMutation = (change: object) => received({ mutations: { on: { ...mutation, ...change } } });
  const urls = <T>(count: number, value: T) => record(count, (number) => [`/u${number}`, value]);
  const withVariable = (change: object) =>
    received({ extensions: [{ name: "x", variables: { "/x": { ...variable, ...change } } }] });
  const bounds: { readonly [name: string]: readonly [most: number, make: (count: number) => unknown] } = {
    modules: [64, (count) => many(count, (number) => ({ ...declaration, name: `m${number}` }))],
    extensions: [32, (count) => received({ extensions: many(count, () => ({ name: "x", variables: {} })) })],
    variables: [256, (count) => received({ extensions: [{ name: "x", variables: urls(count, variable) }] })],
    discovers: [256, (count) => received({ discovers: many(count, (number) => `/u${number}`) })],
    mutations: [256, (count) => received({ mutations: record(count, (number) => [`m${number}`, mutation]) })],
    values: [256, (count) => received({ extensions: [extensionOf(words(count))] })],
    fields: [16, (count) => received({ extensions: [extensionOf({ kind: "object", fields: fields(count) })] })],
    optional: [16, (count) => received({ extensions: [extensionOf(names(count))] })],
    either: [16, (count) => received({ extensions: [extensionOf(kinds(count))] })],
    knownWhile: [16, (count) => withVariable({ knownWhile: urls(count, true) })],
    leaveWithin: [256, (count) => withVariable({ leaveWithin: record(count, (number) => [`w${number}`, 1]) })],
    outdates: [16, (count) => withVariable({ outdates: urls(count, ["a", "b"]) })],
    time: [86_400_000, (count) => withVariable({ leaveWithin: { word: count } })],
    changes: [16, (count) => withMutation({ changes: urls(count, ["a", "b"]) })],
    requires: [16, (count) => withMutation({ requires: urls(count, "a") })],
    excludes: [16, (count) => withMutation({ excludes: urls(count, "a") })],
    excluded: [256, (count) => withMutation({ excludes: { "/u": many(count, () => "a") } })],
    failTo: [16, (count) => withMutation({ failTo: urls(count, "a") })],
    timeout: [86_400_000, (timeout) => withMutation({ timeout })],
    duration: [86_400_000, (duration) => withMutation({ duration })],
    disruption: [10_000, (disruption) => withMutation({ disruption })],
    "a module's name": [64, (count) => received({ name: "n".repeat(count) })],
    "a mutation's name": [64, (count) => received({ mutations: { ["n".repeat(count)]: mutation } })],
    "an extension's name": [64, (count) => received({ extensions: [{ name: "n".repeat(count), variables: {} }] })],
    "a word": [64, (count) => withMutation({ failTo: { "/u": "w".repeat(count) } })],
    "a text": [1024, (count) => received({ about: "t".repeat(count) })],
    "a scalar": [1024, (count) => withMutation({ requires: { "/u": "t".repeat(count) } })],
    "what a mutation is about": [1024, (count) => withMutation({ about: "t".repeat(count) })],
    "what a variable is about": [1024, (count) => withVariable({ about: "t".repeat(count) })],
  };
  for (const [name, [most, make]] of Object.entries(bounds)) {
    assert.deepEqual([isTaken(make(most)), isTaken(make(most + 1))], [true, false], name);
  }
});

test("parseModuleDeclarations() takes every type that a variable can have, with its bounds", () => {
  const types = [
    { kind: "enum", values: ["A"] },
    { kind: "string" },
    { kind: "string", maxLength: 5 },
    { kind: "integer", min: -1, max: 1 },
    { kind: "boolean" },
    { kind: "list", items: { kind: "boolean" }, maxItems: 3 },
    { kind: "record", values: { kind: "boolean" } },
    { kind: "object", fields: { a: { kind: "boolean" } }, optional: ["a"] },
    { kind: "either", of: [{ kind: "boolean" }, { kind: "string" }] },
  ];
  const sent = received({ extensions: [extensionOf(...types)] });
  const parsed = parseModuleDeclarations(sent);
  assert.deepEqual(parsed.ok && JSON.parse(JSON.stringify(parsed.modules)), sent);
  for (
    const type of [
      { kind: "enum", values: [] },
      { kind: "enum", values: [""] },
      { kind: "float" },
      { kind: "string", maxLength: 0.5 },
      { kind: "integer", min: "1" },
      { kind: "list" },
      { kind: "record", values: { kind: "date" } },
    ]
  ) assert.equal(isTaken(received({ extensions: [extensionOf(type)] })), false, JSON.stringify(type));
});

test("parseModuleDeclarations() refuses fields of a mutation that are of another shape", () => {
  for (
    const change of [
      { changes: { "/a": ["x", "y", "z"] } },
      { changes: { a: ["x", "y"] } },
      { changes: { "/a": ["", "y"] } },
      { requires: { "/a": null } },
      { requires: { "/a": 0.5 } },
      { excludes: { "/a": [["x"]] } },
      { failTo: { "/a": 1 } },
      { timeout: "1" },
      { timeout: 0.5 },
      { disruption: 0 },
      { duration: 1.5 },
      { about: 1 },
      { context: undefined },
    ]
  ) assert.equal(isTaken(received({ mutations: { on: { ...mutation, ...change } } })), false, JSON.stringify(change));
  assert.equal(isTaken(received({ mutations: { on: { ...mutation, timeout: 1, duration: 1 } } })), true);
});

test("parseModuleDeclarations() takes 16 levels of nesting", () => {
  const nested = (depth: number) => {
    let type: unknown = { kind: "boolean" };
    for (let left = depth; left > 0; left--) type = { kind: "list", items: type };
    return received({ extensions: [extensionOf(type)] });
  };
  // The list of modules, a module, its extensions, one of them, its variables, one of them, and at last the boolean: 7.
  assert.equal(isTaken(nested(9)), true);
  assert.match(problemsOf(nested(10)), /nested deeper than 16/);
});

test("parseModuleDeclarations() tells of at most 16 problems, each of at most 512 characters", () => {
  const parsed = parseModuleDeclarations(received({ discovers: many(40, () => "no URL") }));
  assert.equal(parsed.ok ? 0 : parsed.problems.length, 16);
  const long = parseModuleDeclarations(received({ extensions: [extensionOf({ kind: "x".repeat(2000) })] }));
  assert.equal(long.ok ? 0 : long.problems[0]?.length, 512);
});
