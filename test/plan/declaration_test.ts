import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { compileDomain, parseModuleDeclarations } from "../../src/plan/mod.ts";
import { core, services, type Value } from "../../src/state/mod.ts";

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
  fc.assert(fc.property(fc.anything(), (value) => {
    assert.ok(Array.isArray(value) && value.length === 0 || !parseModuleDeclarations(value).ok);
  }));
  const part = fc.jsonValue() as fc.Arbitrary<Value | null>;
  fc.assert(fc.property(fc.constantFrom(...Object.keys(declaration)), part, (key, value) => {
    const parsed = parseModuleDeclarations(received({ [key]: value }));
    assert.equal(typeof parsed.ok, "boolean");
  }));
});
