import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  canonicalText,
  core,
  createSchema,
  defineExtension,
  enumeration,
  equalValues,
  fromNested,
  isConcreteUrl,
  isNodeName,
  isPattern,
  isUuid,
  matchUrl,
  mergePatch,
  nodeIdOf,
  parseUrl,
  parseValue,
  services,
  toNested,
  type Value,
  valueIn,
  type VariableType,
} from "../../src/state/mod.ts";
import { anyValue } from "./arbitraries.ts";

const schema = createSchema([core, services]);

test("parseUrl() refuses what is not a state URL, and names it", () => {
  for (
    const bad of ["", "/", "physState", "/a//b", "/a/", "/a b", `/${"x".repeat(65)}`, "/a/b/c/d/e/f/g/h/i", "/../x"]
  ) {
    assert.throws(() => parseUrl(bad), (error: unknown) => error instanceof SyntaxError && error.message.includes(bad));
  }
  assert.deepEqual(parseUrl("/services/sshd/state"), ["services", "sshd", "state"]);
});

test("isConcreteUrl() takes what parseUrl() takes, patterns aside", () => {
  const taken = (text: string): boolean => {
    try {
      parseUrl(text);
    } catch {
      return false;
    }
    return !isPattern(text);
  };
  const segment = fc.constantFrom(
    "a",
    "_x.y-z",
    "9",
    "__proto__",
    "__proto__s",
    "-a",
    ".",
    "",
    "a\n",
    "{name}",
    "é",
    "x".repeat(64),
  );
  const segments = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom("a", "b", "__proto__") }, segment), {
    maxLength: 9,
  });
  const text = fc.oneof(segments.map((all) => all.map((one) => `/${one}`).join("")), fc.string());
  const covered = createCoverage("concrete URLs", ["taken", "refused"], 0.05);
  fc.assert(
    fc.property(text, (url) => {
      assert.equal(isConcreteUrl(url), taken(url), url);
      covered.saw(taken(url) ? "taken" : "refused");
    }),
    { numRuns: 300 },
  );
  covered.check();
  for (const long of [`/${"x".repeat(64)}`.repeat(3), `/${"x".repeat(64)}`.repeat(4), `/${"x".repeat(65)}`]) {
    assert.equal(isConcreteUrl(long), taken(long), long);
  }
});

test("fromNested() refuses '__proto__' as a name, which would reach the prototype of every object", () => {
  const read = fromNested(schema, JSON.parse('{"services":{"__proto__":{"state":"RUN"}}}'));
  assert.deepEqual(read, {
    ok: false,
    problems: ["'/services/__proto__/state' is not a state variable that this program knows"],
  });
});

test("matchUrl() binds placeholders and refuses other URLs", () => {
  assert.deepEqual(matchUrl("/services/{name}/state", "/services/sshd/state"), { name: "sshd" });
  assert.equal(matchUrl("/services/{name}/state", "/services/sshd/config"), undefined);
  assert.equal(matchUrl("/services/{name}/state", "/services/sshd"), undefined);
});

test("a schema finds variables behind URLs and knows their unknown values", () => {
  assert.equal(schema.find("/services/sshd/state")?.pattern, "/services/{name}/state");
  assert.equal(schema.find("/nothing"), undefined);
  assert.equal(schema.unknownOf("/physState"), "PHYS_UNKNOWN");
  assert.equal(valueIn(schema, new Map(), "/runState"), "UNKNOWN");
  assert.equal(valueIn(schema, new Map(), "/name"), undefined);
});

test("a URL that a second extension claims for another writer is refused at start-up", () => {
  const claim = defineExtension("claim", { "/physState": { type: enumeration("A"), writer: "self", about: "" } });
  assert.throws(
    () => createSchema([core, claim]),
    /'\/physState' is declared differently by extensions 'core' and 'claim' \(first: writer parent, second: writer self\)/,
  );
  createSchema([core, core]);
});

test("a claim is refused in the name of the first extension that declares the URL, however many declare it alike", () => {
  const declared = { "/x": { type: enumeration("A"), writer: "parent", about: "" } } as const;
  const other = defineExtension("other", { "/x": { ...declared["/x"], writer: "self" } });
  const alike = ["first", "second"].map((name) => defineExtension(name, declared));
  assert.throws(() => createSchema([...alike, other]), /by extensions 'first' and 'other'/);
  assert.equal(createSchema(alike).find("/x")?.variable.writer, "parent");
});

test("validate() names URL, value and what was expected", () => {
  assert.equal(schema.validate("/physState", "POWER_ON"), undefined);
  assert.equal(
    schema.validate("/physState", "ON"),
    '/physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF, POWER_ON, POWER_CYCLE, PHYS_HANG, PHYS_ERROR',
  );
  assert.match(schema.validate("/fysState", "ON") ?? "", /'\/fysState' is not a state variable/);
});

test("parseValue() names the place inside a value that does not fit", () => {
  const type: VariableType = {
    kind: "object",
    fields: {
      args: { kind: "list", items: { kind: "string" } },
      env: { kind: "record", values: { kind: "string" } },
      times: { kind: "integer", min: 1, max: 3 },
      on: { kind: "boolean" },
    },
    optional: ["env", "times", "on"],
  };
  assert.deepEqual(parseValue(type, { args: ["x"], times: 2 }, "/c"), { args: ["x"], times: 2 });
  assert.throws(
    () => parseValue(type, { args: ["x", 3] }, "/c"),
    /\/c\/args\/1 is 3: expected a string of at most 4096/,
  );
  assert.throws(
    () => parseValue(type, { args: [], times: 9 }, "/c"),
    /\/c\/times is 9: expected an integer from 1 to 3/,
  );
  assert.throws(() => parseValue(type, {}, "/c"), /\/c\/args is missing: expected a list of a string/);
  assert.throws(() => parseValue(type, { args: [], more: 1 }, "/c"), /\/c\/more is 1: expected no such field/);
  assert.throws(() => parseValue(type, { args: [], env: { A: 1 } }, "/c"), /\/c\/env\/A is 1/);
  assert.throws(() => parseValue(type, { args: [], on: "yes" }, "/c"), /\/c\/on is "yes": expected true or false/);
  assert.throws(() => parseValue(type, null, "/c"), /\/c is null: expected an object with args, env, times, on/);
  assert.throws(() => parseValue({ kind: "integer" }, 2 ** 33, "/c"), /expected an integer from/);
  assert.throws(() => parseValue({ kind: "integer" }, 1.5, "/c"), /is 1.5/);
});

test("nested form and values by URL turn into each other", () => {
  const values = new Map<string, Value>([["/physState", "POWER_ON"], ["/services/a/state", "RUN"], ["/name", "n1"]]);
  const nested = toNested(values);
  assert.deepEqual(nested, { name: "n1", physState: "POWER_ON", services: { a: { state: "RUN" } } });
  const back = fromNested(schema, nested);
  assert.ok(back.ok);
  assert.deepEqual(new Map([...back.values].sort()), new Map([...values].sort()));
});

test("fromNested() tells everything that is wrong at once", () => {
  const result = fromNested(schema, { physState: "ON", services: { a: { state: 1 } }, nonsense: { x: 1 } });
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 3);
  assert.match(result.problems.join("\n"), /\/physState is "ON".*\n\/services\/a\/state is 1.*\n'\/nonsense\/x' is no/);
});

test("fromNested() ends on input that is nested without end", () => {
  let deep: unknown = "x";
  for (let level = 0; level < 10_000; level++) deep = { a: deep };
  assert.equal(fromNested(schema, deep).ok, false);
});

test("mergePatch() does what the examples of RFC 7396, appendix A, say", () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a", "b"], ["c", "d"], ["c", "d"]],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, expected] of cases) assert.deepEqual(mergePatch(target, patch), expected);
});

test("mergePatch() refuses a patch that is nested without end", () => {
  let deep: unknown = "x";
  for (let level = 0; level < 10_000; level++) deep = { a: deep };
  assert.throws(() => mergePatch({}, deep), RangeError);
});

test("canonicalText() is equal exactly for equal values", () => {
  const covered = createCoverage("canonical texts", ["equal", "different", "objects", "lists"], 0.02);
  const isList = (value: unknown) => Array.isArray(value);
  fc.assert(fc.property(anyValue, fc.option(anyValue, { freq: 3 }), (a, other) => {
    const b = other ?? structuredClone(a);
    covered.saw(
      equalValues(a, b) ? "equal" : "different",
      ...(typeof a === "object" && !isList(a) ? ["objects"] as const : []),
      ...(isList(a) && isList(b) ? ["lists"] as const : []),
    );
    assert.equal(equalValues(a, b), canonicalText(a) === canonicalText(b));
  }));
  covered.check();
  assert.equal(canonicalText({ b: 1, a: [{ d: 1, c: 2 }] }), '{"a":[{"c":2,"d":1}],"b":1}');
});

test("nodeIdOf() gives the same UUID for the same name, and another for any other", () => {
  assert.equal(nodeIdOf("demo", "n1"), nodeIdOf("demo", "n1"));
  assert.notEqual(nodeIdOf("demo", "n1"), nodeIdOf("demo", "n2"));
  assert.notEqual(nodeIdOf("demo", "n1"), nodeIdOf("prod", "n1"));
  assert.ok(isUuid(nodeIdOf("demo", "n1")));
  assert.equal(nodeIdOf("demo", "n1")[14], "5");
});

test("isNodeName() takes host names and refuses what a topic or a URL would trip over", () => {
  for (const good of ["n1", "rack-3.n001", "a_b", "N", "a--b", "x1000c0s0b0n0", "x".repeat(64)]) {
    assert.ok(isNodeName(good), good);
  }
  for (
    const bad of [
      "",
      "-n1",
      "n1.",
      "n 1",
      "n/1",
      "n+",
      "#",
      "x".repeat(65),
      "a..b",
      "a.-b",
      "a-.b",
      "a_.b",
      "..",
      "n\n",
    ]
  ) assert.ok(!isNodeName(bad), bad);
});
