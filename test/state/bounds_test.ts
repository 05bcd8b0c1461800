import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assignmentIn,
  assignmentNumber,
  assignmentValue,
  bindUrl,
  core,
  createSchema,
  defineExtension,
  describeIssue,
  describeType,
  emptyDocument,
  type Entry,
  enumeration,
  equalValues,
  type Facet,
  findIssue,
  fromNested,
  isBrokerUrl,
  isConcreteUrl,
  isRecord,
  isUuid,
  KEPT_URLS,
  matchUrl,
  MAX_INTEGER,
  mergeDocuments,
  mergePatch,
  newestVersion,
  type NodeDocument,
  nodeIdOf,
  packFacet,
  parseUrl,
  parseValue,
  profiles,
  readAssignment,
  services,
  statedConditions,
  supersedes,
  toNested,
  tree,
  type Value,
  valueIn,
  type VariableType,
  viewOf,
} from "../../src/state/mod.ts";
import { at } from "../support/versions.ts";

const ID = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
const OTHER = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
const text = (length: number) => "x".repeat(length);
const list = (count: number, item: Value) => Array.from({ length: count }, () => item);
const record = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, true]));

function facetOf(values: { readonly [url: string]: Value | null }): Facet {
  return new Map(Object.entries(values).map(([url, value]) => [url, { value, version: at(1, 1) }]));
}

test("a type takes values up to its bounds, and not one more", () => {
  const bounds: readonly (readonly [type: VariableType, last: unknown, beyond: unknown])[] = [
    [{ kind: "string" }, text(4096), text(4097)],
    [{ kind: "string", maxLength: 3 }, "abc", "abcd"],
    [{ kind: "string", maxLength: 0 }, "", "a"],
    [{ kind: "integer" }, 2 ** 32 - 1, 2 ** 32],
    [{ kind: "integer" }, -(2 ** 32 - 1), -(2 ** 32)],
    [{ kind: "integer", min: -2, max: 3 }, 3, 4],
    [{ kind: "integer", min: -2, max: 3 }, -2, -3],
    [{ kind: "integer", min: 0 }, 0, -1],
    [{ kind: "list", items: { kind: "boolean" } }, list(256, true), list(257, true)],
    [{ kind: "list", items: { kind: "boolean" }, maxItems: 0 }, [], [true]],
    [{ kind: "record", values: { kind: "boolean" } }, record(256), record(257)],
    [{ kind: "enum", values: ["A", "B"] }, "B", "C"],
    [{ kind: "boolean" }, false, 0],
  ];
  for (const [type, last, beyond] of bounds) {
    assert.equal(findIssue(type, last, "/x"), undefined, JSON.stringify(type));
    assert.equal(findIssue(type, beyond, "/x")?.path, "/x", JSON.stringify(type));
  }
});

test("a type takes nothing of another kind", () => {
  const values = { boolean: true, string: "x", integer: 5, list: [true], record: { k: true }, object: { f: true } };
  const types: { readonly [kind in keyof typeof values]: VariableType } = {
    boolean: { kind: "boolean" },
    string: { kind: "string" },
    integer: { kind: "integer" },
    list: { kind: "list", items: { kind: "boolean" } },
    record: { kind: "record", values: { kind: "boolean" } },
    object: { kind: "object", fields: { f: { kind: "boolean" } } },
  };
  for (const [kind, type] of Object.entries(types)) {
    for (
      const [other, value] of [...Object.entries(values), ["null", null] as const, ["nothing", undefined] as const]
    ) {
      const fits = other === kind || (kind === "record" && other === "object"); // any key may be one of a record
      assert.equal(findIssue(type, value, "/x") === undefined, fits, `${other} for ${kind}`);
    }
  }
  for (const value of [NaN, Infinity, 0.5, 5n, "5"]) assert.ok(findIssue(types.integer, value, "/x"));
});

test("a field that an object inherits is no field of its type", () => {
  const type: VariableType = { kind: "object", fields: {}, optional: [] };
  assert.match(
    describeIssue(findIssue(type, { toString: 1 }, "/x") ?? { path: "", found: 1, expected: "" }),
    /^\/x\/toString is 1: expected no such field/,
  );
});

test("an optional field may be missing, but not be of another type", () => {
  const type: VariableType = { kind: "object", fields: { a: { kind: "boolean" } }, optional: ["a"] };
  assert.equal(findIssue(type, {}, "/x"), undefined);
  assert.deepEqual(findIssue(type, { a: 1 }, "/x"), { path: "/x/a", found: 1, expected: "true or false" });
});

test("a issue says what was there, and what was expected", () => {
  const say = (type: VariableType, value: unknown) => {
    const issue = findIssue(type, value, "/x");
    return issue === undefined ? "" : describeIssue(issue);
  };
  assert.equal(
    say({ kind: "string", maxLength: 2 }, "abc"),
    '/x is "abc": expected a string of at most 2 characters, and it has 3',
  );
  assert.equal(say({ kind: "string", maxLength: 2 }, 5), "/x is 5: expected a string of at most 2 characters");
  assert.equal(say({ kind: "integer", min: 1 }, 0), "/x is 0: expected an integer from 1 to 4294967295");
  assert.equal(say({ kind: "integer" }, "a"), '/x is "a": expected an integer from -4294967295 to 4294967295');
  assert.equal(say({ kind: "boolean" }, undefined), "/x is missing: expected true or false");
  assert.equal(say({ kind: "boolean" }, () => {}), "/x is not data: expected true or false");
  assert.equal(say({ kind: "boolean" }, text(100)), `/x is "${text(79)}: expected true or false`);
  assert.equal(
    say({ kind: "record", values: { kind: "boolean" } }, []),
    "/x is []: expected an object of at most 256 keys",
  );
  const either: VariableType = {
    kind: "either",
    of: [{ kind: "boolean" }, { kind: "list", items: { kind: "string" } }],
  };
  assert.equal(say(either, 5), "/x is 5: expected true or false or a list of a string");
});

test("describeType() has words for every type", () => {
  const types: readonly VariableType[] = [
    { kind: "enum", values: ["A", "B"] },
    { kind: "string" },
    { kind: "integer" },
    { kind: "boolean" },
    { kind: "list", items: { kind: "integer" } },
    { kind: "record", values: { kind: "string" } },
    { kind: "object", fields: { a: { kind: "string" }, b: { kind: "string" } } },
    { kind: "either", of: [{ kind: "string" }, { kind: "boolean" }] },
  ];
  assert.deepEqual(types.map(describeType), [
    "one of A, B",
    "a string",
    "an integer",
    "true or false",
    "a list of an integer",
    "an object of a string",
    "an object with a, b",
    "a string or true or false",
  ]);
});

test("parseValue() gives back the value itself", () => {
  const value = [true];
  assert.equal(parseValue({ kind: "list", items: { kind: "boolean" } }, value, "/x"), value);
  assert.throws(() => parseValue({ kind: "boolean" }, 1, "/x"), { name: "TypeError", message: /^\/x is 1/ });
});

test("parseUrl() takes URLs up to their bounds, and not one more", () => {
  const url = (length: number) => `/${text(63)}`.repeat(4).slice(0, length);
  assert.equal(url(256).length, 256);
  assert.equal(parseUrl(url(256)).length, 4);
  assert.ok(isConcreteUrl(url(256)));
  const long = `${url(256)}/a`;
  for (const bad of [long, `/${text(65)}`, "/a".repeat(9)]) {
    assert.throws(() => parseUrl(bad), SyntaxError);
    assert.ok(!isConcreteUrl(bad));
  }
  for (const good of ["/a".repeat(8), `/${text(64)}`]) {
    assert.doesNotThrow(() => parseUrl(good));
    assert.ok(isConcreteUrl(good));
  }
  assert.throws(() => parseUrl(`/${"y".repeat(300)}`), (error: Error) => !error.message.includes("y".repeat(256)));
});

test("parseUrl() takes placeholders in patterns, and only as names", () => {
  assert.deepEqual(parseUrl("/services/{name}/state"), ["services", "{name}", "state"]);
  for (const bad of ["/{}", "/{Name}", "/{a-b}", "/x{name}", "/{name}x", "/{name", "services/{name}"]) {
    assert.throws(() => parseUrl(bad), SyntaxError, bad);
  }
});

test("matchUrl() binds no placeholder to what can't be a segment", () => {
  for (const segment of ["", "-a", "a b", text(65), "__proto__", "{name}"]) {
    assert.equal(matchUrl("/services/{name}", `/services/${segment}`), undefined, segment);
  }
  assert.deepEqual(matchUrl("/{a}/x/{b}", "/1/x/2"), { a: "1", b: "2" });
  assert.equal(matchUrl("/{a}/x/{b}", "/1/y/2"), undefined);
  assert.equal(matchUrl("/a", "/a/b"), undefined);
});

test("bindUrl() takes only what stands in braces for a name", () => {
  assert.equal(bindUrl("/a/{b}c/{d}", { b: "1", d: "2" }), "/a/1c/2");
  assert.equal(bindUrl("/{B}/{d}", { B: "1", d: "2" }), "/{B}/2");
});

test("a schema prefers the URL itself to a pattern, and of patterns the one that was declared first", () => {
  const variable = { type: { kind: "boolean" }, writer: "self" } as const;
  const schema = createSchema([defineExtension("x", {
    "/{one}/state": { ...variable, about: "first" },
    "/{two}/{three}": { ...variable, about: "second" },
    "/a/state": { ...variable, about: "itself" },
  })]);
  const about = (url: string) => schema.find(url)?.variable.about;
  assert.deepEqual(["/a/state", "/b/state", "/b/c"].map(about), ["itself", "first", "second"]);
  assert.deepEqual(schema.find("/b/c")?.bindings, { two: "b", three: "c" });
  assert.deepEqual(schema.find("/a/state")?.bindings, {});
});

test("a schema remembers the variables of 4096 URLs", () => {
  const schema = createSchema([services]);
  const url = (number: number) => `/services/s${number}/state`;
  const first = schema.find(url(0));
  for (let number = 1; number < 4096; number++) schema.find(url(number));
  assert.equal(schema.find(url(0)), first);
  schema.find(url(4096));
  assert.notEqual(schema.find(url(0)), first);
  assert.deepEqual(schema.find(url(0)), first);
});

test("a schema remembers that there is no variable behind a URL", () => {
  const schema = createSchema([services]);
  assert.deepEqual([schema.find("/nothing"), schema.find("/nothing")], [undefined, undefined]);
});

test("a schema takes only state URLs, and tells which extension declares one differently", () => {
  const about = { type: { kind: "boolean" }, writer: "self", about: "" } as const;
  assert.throws(() => createSchema([defineExtension("x", { "no URL": about })]), SyntaxError);
  const other = { ...about, writer: "parent" } as const;
  assert.throws(
    () => createSchema([defineExtension("a", { "/x": about }), defineExtension("b", { "/x": other })]),
    { name: "TypeError", message: /'\/x' is declared differently by extensions 'a' and 'b'/ },
  );
});

test("a schema knows the unknown values of enumerations only", () => {
  const schema = createSchema([core]);
  assert.deepEqual(["/busy", "/name", "/nothing"].map(schema.unknownOf), ["FREE", undefined, undefined]);
  assert.equal(valueIn(schema, new Map([["/busy", "BUSY"]]), "/busy"), "BUSY");
});

test("readAssignment() reads what assignmentValue() makes", () => {
  const target = { parent: OTHER, broker: "mqtts://10.0.0.1:8883" };
  const assignments = [
    { number: 0, parent: ID },
    { number: MAX_INTEGER, parent: ID, broker: "mqtt://b" },
    { number: 3, parent: ID, standby: { parent: OTHER } },
    { number: 3, parent: ID, broker: "ws://b", standby: target, before: [target, { parent: ID }] },
  ];
  for (const assignment of assignments) {
    assert.deepEqual(readAssignment(assignmentValue(assignment)), assignment);
    const facet = facetOf({ "/assignment": assignmentValue(assignment, ["a"]) });
    assert.deepEqual([assignmentIn(facet), assignmentNumber(facet)], [assignment, assignment.number]);
  }
  assert.deepEqual(assignmentValue({ number: 1, parent: ID }, ["a", "b"]), { number: 1, parent: ID, held: ["a", "b"] });
  assert.deepEqual([assignmentIn(undefined), assignmentNumber(undefined)], [undefined, 1]);
});

test("readAssignment() takes nothing else", () => {
  const good = { number: 1, parent: ID };
  for (
    const bad of [
      undefined,
      null,
      "x",
      [good],
      { ...good, number: -1 },
      { ...good, number: 0.5 },
      { ...good, number: "1" },
      { ...good, number: MAX_INTEGER + 1 },
      { ...good, parent: "n1" },
      { ...good, parent: 5 },
      { ...good, parent: ID.toUpperCase() },
      { ...good, broker: 5 },
      { ...good, broker: "http://b" },
      { ...good, broker: null },
      { ...good, standby: { parent: "n1" } },
      { ...good, standby: null },
      { ...good, standby: { parent: OTHER, broker: "b" } },
    ]
  ) assert.equal(readAssignment(bad), undefined, JSON.stringify(bad));
});

test("readAssignment() takes of those that had the node before the first 16, without what is none", () => {
  const before = (all: unknown) => readAssignment({ number: 1, parent: ID, before: all })?.before?.length;
  assert.equal(before(list(17, { parent: OTHER })), 16);
  assert.equal(before([{ parent: "n1" }, { parent: OTHER }, null]), 1);
  assert.equal(before([...list(16, "none"), { parent: OTHER }]), undefined);
  assert.deepEqual([before("x"), before([])], [undefined, undefined]);
  assert.deepEqual(Object.keys(readAssignment({ number: 1, parent: ID, before: [] }) ?? {}), ["parent", "number"]);
});

test("isBrokerUrl() takes the four kinds of an MQTT broker's URL, of at most 256 characters", () => {
  for (const scheme of ["mqtt", "mqtts", "ws", "wss"]) assert.ok(isBrokerUrl(`${scheme}://10.0.0.1:1883`), scheme);
  for (const bad of ["http://b", "xmqtt://b", "mqttx://b", "10.0.0.1", "", "mqtt:"]) {
    assert.equal(isBrokerUrl(bad), bad === "mqtt:", bad);
  }
  const url = (length: number) => `mqtt://b/${text(length - 9)}`;
  assert.deepEqual([isBrokerUrl(url(256)), isBrokerUrl(url(257))], [true, false]);
});

test("what Kraken itself keeps in cfg is declared as such, and only that", () => {
  const kept = Object.entries({ ...core.variables, ...tree.variables, ...profiles.variables })
    .filter(([, { about }]) => about.startsWith("Internal")).map(([url]) => url);
  assert.deepEqual([...KEPT_URLS].sort(), kept.sort());
});

/** For each variable what it takes at most, and what is beyond it. */
const LIMITS: { readonly [url: string]: readonly [last: Value, beyond: Value] } = {
  "/name": [text(64), text(65)],
  "/arch": [text(32), text(33)],
  "/platform": [text(32), text(33)],
  "/parent": [text(64), text(65)],
  "/rack": [text(64), text(65)],
  "/chassis": [text(64), text(65)],
  "/deleted": [true, "true"],
  "/freeze": [true, "true"],
  "/physState": ["PHYS_ERROR", "ON"],
  "/runState": ["ERROR", "LOST"],
  "/link": ["UP", "ON"],
  "/busy": ["BUSY", "YES"],
  "/frozen": [true, "true"],
  "/approval": [text(256), text(257)],
  "/retry": [0, -1],
  "/engine/checkpoint": [checkpoint(16, 0, 256), checkpoint(17, 0, 256)],
  "/seen": [text(32), text(33)],
  "/drained": ["YES", "BUSY"],
  "/stuck/parent": [{ mutation: "m", reason: "r", target: "t", attempts: 1 }, {
    mutation: "m",
    reason: "r",
    target: "t",
  }],
  "/stuck/self": [{ mutation: "m", reason: "r", target: "t", attempts: 1 }, {
    mutation: "m",
    attempts: 1,
    target: "t",
  }],
  "/services/x/state": ["ERROR", "LOST"],
  "/services/x/error": [text(512), text(513)],
  "/role": ["AGGREGATOR", "ROOT"],
  "/log/level": ["error", "loud"],
  "/standby": [text(64), text(65)],
  "/assignment": [
    { number: 0, parent: ID, held: list(16, ID), before: list(16, { parent: ID, broker: text(256) }) },
    { number: 0, parent: ID, held: list(17, ID) },
  ],
  "/release/requested": [list(64, text(64)), list(65, "n")],
  "/release/confirmed": [list(64, text(64)), list(64, text(65))],
  "/retries": [0, -1],
  "/restored": [0, -1],
  "/staleSince": [text(32), text(33)],
  "/brokerLost": [{ since: text(32), why: text(256) }, { since: text(32), why: text(257) }],
  "/rootApi": [text(256), text(257)],
  "/engine/status": [
    { phase: text(16), cfg: text(32), reason: text(512), late: text(512) },
    { phase: text(16), cfg: text(33) },
  ],
  "/api": [text(256), text(257)],
  "/broker": [text(256), text(257)],
  "/standbyFor": [text(64), text(65)],
  "/standbySeen": [text(128), text(129)],
  "/subtree/health": ["LOST", "GONE"],
  "/subtree/counts": [counts(0), counts(-1)],
};

function checkpoint(failures: number, least: number, length: number): Value {
  const failure = { mutation: "m", attempts: least, held: true, at: least, reason: text(length), unavailable: least };
  return { reached: text(64), out: "CUT", failed: { target: text(64), mutations: list(failures, failure) } };
}

function counts(count: number): Value {
  const names = ["nodes", "converged", "sync", "failed", "stale", "aggregators", "lost"];
  return Object.fromEntries(names.map((name) => [name, count]));
}

test("every variable of the core, of services and of trees takes values up to its bounds", () => {
  const schema = createSchema([core, services, tree]);
  const declared = [core, services, tree].flatMap(({ variables }) => Object.keys(variables));
  assert.deepEqual(Object.keys(LIMITS).map((url) => schema.find(url)?.pattern).sort(), declared.sort());
  for (const [url, [last, beyond]] of Object.entries(LIMITS)) {
    assert.equal(schema.validate(url, last), undefined, url);
    assert.notEqual(schema.validate(url, beyond), undefined, url);
  }
  for (const bad of [checkpoint(16, -1, 256), checkpoint(16, 0, 257)]) {
    assert.notEqual(schema.validate("/engine/checkpoint", bad), undefined);
  }
  assert.equal(schema.validate("/engine/checkpoint", { reached: "", out: "NO" }), undefined);
  for (
    const bad of [{ number: -1, parent: ID }, { number: 0, parent: text(37) }, {
      number: 0,
      parent: ID,
      broker: text(257),
    }]
  ) {
    assert.notEqual(schema.validate("/assignment", bad), undefined);
  }
});

test("people and other programs report only whether a node is busy", () => {
  const reported = [core, services, tree].flatMap(({ variables }) =>
    Object.entries(createSchema([{ name: "x", variables }]).extensions[0]?.variables ?? {})
      .filter(([, variable]) => variable.reported === true).map(([url]) => url)
  );
  assert.deepEqual(reported, ["/busy"]);
});

test("what can be known of a node depends on its power, its link and on nothing else", () => {
  const conditions = statedConditions(createSchema([core, services, tree]));
  const needing = (url: string, value: string) =>
    [...conditions].filter(([, condition]) => condition[url] === value).map(([other]) => other).sort();
  assert.deepEqual(needing("/physState", "POWER_ON"), ["/link", "/runState"]);
  assert.deepEqual(needing("/runState", "SYNC"), [
    "/drained",
    "/seen",
    "/services/{name}/error",
    "/services/{name}/state",
    "/stuck/self",
  ]);
  const [total] = [[...conditions.values()].reduce((sum, condition) => sum + Object.keys(condition).length, 0)];
  assert.equal(total, 7);
  assert.ok(!conditions.has("/name"));
});

test("toNested() orders by URL, and reads nothing of what every object inherits", () => {
  const nested = toNested(new Map([["/b/c", 1], ["/a", 2], ["/b/a", 3], ["/constructor/x", 4]]));
  assert.equal(JSON.stringify(nested), '{"a":2,"b":{"a":3,"c":1},"constructor":{"x":4}}');
  assert.deepEqual(toNested(new Map()), {});
});

test("fromNested() follows 16 levels", () => {
  const at = (depth: number) => {
    let nested: unknown = 5;
    for (let level = 0; level < depth; level++) nested = { a: nested };
    const read = fromNested(createSchema([]), nested);
    return read.ok ? "" : read.problems[0]?.split("/").length;
  };
  assert.deepEqual([at(15), at(16), at(17), at(30)], [16, 17, 17, 17]);
});

test("fromNested() takes an object as the value of a variable that is one", () => {
  const read = fromNested(createSchema([tree]), { subtree: { counts: counts(1) } });
  assert.deepEqual(read.ok && [...read.values], [["/subtree/counts", counts(1)]]);
  assert.deepEqual(fromNested(createSchema([tree]), {}), { ok: true, values: new Map() });
});

test("mergePatch() leaves what it patches as it was", () => {
  const target = { a: { b: 1 }, c: 2 };
  assert.deepEqual(mergePatch(target, { a: { b: null }, c: null }), { a: {} });
  assert.deepEqual(target, { a: { b: 1 }, c: 2 });
});

test("equalValues() compares data, not what it is written like", () => {
  const [one, other]: Value[] = [{ a: [1, { b: 2, c: 3 }] }, { a: [1, { c: 3, b: 2 }] }];
  assert.ok(equalValues(one, other));
  for (
    const [a, b] of [[1, "1"], [[1, 2], [2, 1]], [{}, []], [{}, null], [null, undefined], ["x", { x: 1 }], [
      true,
      1,
    ]] as const
  ) {
    assert.equal(equalValues(a, b), false, JSON.stringify([a, b]));
    assert.equal(equalValues(b, a), false);
  }
  assert.ok(equalValues(null, null) && equalValues(undefined, undefined));
  assert.deepEqual([isRecord({}), isRecord([]), isRecord(null), isRecord("x")], [true, false, false, false]);
});

test("of two values of one version the one of the greater text holds, and of the same value neither", () => {
  const entry = (value: Value | null, term = 1, rev = 1): Entry => ({ value, version: at(term, rev) });
  assert.ok(supersedes(entry("b"), entry("a")));
  assert.ok(!supersedes(entry("a"), entry("b")));
  assert.ok(!supersedes(entry("a"), entry("a")));
  assert.ok(!supersedes(entry({ a: 1, b: 2 }), entry({ b: 2, a: 1 })));
  assert.ok(supersedes(entry("a", 2, 0), entry("b", 1, 9)));
  assert.ok(supersedes(entry("a", 1, 2), entry("b", 1, 1)));
  assert.ok(supersedes(entry(null), undefined));
});

test("mergeDocuments() takes what is newer of each facet, and the document itself where nothing is", () => {
  const document = emptyDocument(ID);
  assert.deepEqual(document, { id: ID, facets: { cfg: new Map(), parent: new Map(), self: new Map() } });
  for (const facet of ["cfg", "parent", "self"] as const) {
    const other: NodeDocument = { id: OTHER, facets: { ...document.facets, [facet]: facetOf({ "/x": "a" }) } };
    const merged = mergeDocuments(document, other);
    assert.deepEqual(merged, { ...other, id: ID });
    assert.equal(mergeDocuments(merged, other), merged);
  }
  assert.deepEqual(newestVersion(facetOf({ "/x": 1 })), at(1, 1));
});

test("viewOf() shows the words of the parent and of the node itself, each about what it writes", () => {
  const schema = createSchema([core, services]);
  const view = viewOf(schema, new Map(), {
    id: ID,
    facets: {
      cfg: facetOf({ "/name": "n1", "/rack": null, "/nothing": "x" }),
      parent: facetOf({ "/runState": "SYNC", "/seen": "x", "/name": "other", "/nothing": "x", "/link": null }),
      self: facetOf({ "/seen": "1-1", "/runState": "ERROR", "/drained": "UNKNOWN", "/retry": 1 }),
    },
  });
  assert.deepEqual(Object.fromEntries(view), { "/name": "n1", "/runState": "SYNC", "/seen": "1-1" });
});

test("viewOf() binds the condition of a pattern to the name", () => {
  const type = enumeration("U", "A", "B");
  const schema = createSchema([defineExtension("disks", {
    "/disks/{disk}/power": { type, writer: "parent", about: "" },
    "/disks/{disk}/state": { type, writer: "parent", about: "", knownWhile: { "/disks/{disk}/power": "A" } },
  })]);
  const parent = facetOf({
    "/disks/a/power": "A",
    "/disks/a/state": "B",
    "/disks/b/power": "B",
    "/disks/b/state": "B",
  });
  const view = viewOf(schema, statedConditions(schema), {
    id: ID,
    facets: { cfg: new Map(), parent, self: new Map() },
  });
  assert.deepEqual([...view.keys()], ["/disks/a/power", "/disks/a/state", "/disks/b/power"]);
});

test("nodeIdOf() makes version 5 UUIDs of the variant of RFC 9562, as others make them", () => {
  // python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID("8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55"), "demo/n1"))'
  assert.equal(nodeIdOf("demo", "n1"), "2722a0f5-92d6-5cbb-bd1c-5d953d5d3303");
  for (let number = 0; number < 50; number++) assert.match(nodeIdOf("demo", `n${number}`), /^.{14}5.{4}[89ab]/);
});

test("isUuid() takes lower case only", () => {
  assert.deepEqual([isUuid(ID), isUuid(ID.toUpperCase()), isUuid(`${ID}\n`), isUuid(`x${ID}`)], [
    true,
    false,
    false,
    false,
  ]);
});

test("facets of up to 256 values with the same URLs share them in memory", () => {
  const facet = (count: number, value: number) =>
    packFacet(new Map(Array.from({ length: count }, (_, n) => [`/v${n}`, { value, version: at(1, 1) }])));
  assert.equal(facet(256, 1).urls, facet(256, 2).urls);
  assert.notEqual(facet(257, 1).urls, facet(257, 2).urls);
  const other = packFacet(facetOf({ "/v1": 0, "/v0": 0 }));
  assert.notEqual(other.urls, facet(2, 0).urls); // in another order
  const grown = facet(2, 0);
  assert.equal(grown.with(facetOf({ "/v0": 5 })).urls, grown.urls);
  assert.equal(grown.with(facetOf({ "/v2": 5 })).urls, facet(3, 0).urls);
});

test("a packed facet has one object for equal versions that follow each other", () => {
  const versions = [at(1, 1), at(1, 1), at(1, 2), at(1, 2), at(1, 1)];
  const packed = packFacet(
    new Map(versions.map((version, n) => [`/v${n}`, { value: n, version: { ...version } }])),
  );
  const held = [...packed.values()].map(({ version }) => version);
  assert.deepEqual(held, versions);
  assert.deepEqual([held[0] === held[1], held[2] === held[3], held[1] === held[2]], [true, true, false]);
  const same = packFacet(new Map([["/a", { value: 1, version: at(1, 1) }], ["/b", { value: 2, version: at(1, 1) }]]));
  assert.equal(same.get("/a")?.version, same.get("/b")?.version);
});
