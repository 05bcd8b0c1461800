import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDomain, type ModuleDeclaration, type Mutation } from "../../src/plan/mod.ts";
import { type Condition, defineExtension, enumeration, type Extension } from "../../src/state/mod.ts";

const machine = defineExtension("machine", {
  "/platform": { type: { kind: "string" }, writer: "cfg", about: "Chooses the power module" },
  "/mode": { type: enumeration("ANY", "FAST"), writer: "cfg", about: "What is asked for" },
  "/power": { type: enumeration("UNKNOWN", "OFF", "ON"), writer: "parent", about: "Power" },
  "/run": { type: enumeration("UNKNOWN", "INIT", "SYNC"), writer: "parent", about: "Link" },
  "/load": { type: { kind: "integer", min: 0 }, writer: "self", about: "Load" },
  "/jobs/{name}/state": { type: enumeration("UNKNOWN", "STOP", "RUN"), writer: "self", about: "A job" },
  "/disks/{disk}/state": { type: enumeration("UNKNOWN", "BAD", "GOOD"), writer: "self", about: "A disk" },
});

function moduleOf(
  mutations: { readonly [id: string]: Partial<Mutation> },
  rest: Partial<ModuleDeclaration> = {},
): ModuleDeclaration {
  const filled = Object.entries(mutations).map(([id, mutation]) =>
    [id, { context: "parent", changes: { "/power": ["OFF", "ON"] }, timeout: 1000, ...mutation }] as const
  );
  return {
    name: "m",
    about: "For tests",
    extensions: [machine],
    discovers: [],
    mutations: Object.fromEntries(filled),
    ...rest,
  };
}

function refuses(mutation: Partial<Mutation>, message: RegExp): void {
  assert.throws(() => compileDomain([moduleOf({ a: mutation })]), { name: "TypeError", message });
}

test("compileDomain() orders modules and mutations by name, whatever the order of registration", () => {
  const one = moduleOf({ b: {}, a: {} }, { name: "one" });
  const two = moduleOf({ c: {} }, { name: "two" });
  for (const modules of [[one, two], [two, one], [two, one, two]]) {
    const keys = compileDomain(modules).mutations.map(({ module, id }) => `${module}/${id}`);
    assert.deepEqual(keys, ["one/a", "one/b", "two/c"]);
  }
});

test("compileDomain() tells goals from what no mutation changes", () => {
  const domain = compileDomain([
    moduleOf({ a: {}, b: { context: "self", changes: { "/jobs/{name}/state": ["STOP", "RUN"] } } }),
  ]);
  const urls = ["/power", "/jobs/x/state", "/run", "/platform", "/disks/x/state", "/nothing"];
  assert.deepEqual(urls.map(domain.isMutable), [true, true, false, false, false, false]);
});

test("compileDomain() resolves the context 'any' to the writer of what is changed", () => {
  const domain = compileDomain([
    moduleOf({
      a: { context: "any" },
      b: { context: "any", changes: { "/jobs/{name}/state": ["STOP", "RUN"] } },
    }),
  ]);
  assert.deepEqual(domain.mutations.map(({ context }) => context), ["parent", "self"]);
});

test("compileDomain() refuses URLs that are not declared", () => {
  refuses({ changes: { "/powr": ["OFF", "ON"] } }, /'m\/a'.*'\/powr' in changes is not declared/);
  refuses({ requires: { "/x": "y" } }, /'\/x' in requires is not declared/);
  refuses({ excludes: { "/x": "y" } }, /'\/x' in excludes is not declared/);
  refuses({ failTo: { "/x": "y" } }, /'\/x' in failTo is not declared/);
  refuses({ changes: { "/jobs/{other}/state": ["STOP", "RUN"] } }, /'\/jobs\/\{other\}\/state' in changes is not/);
});

test("compileDomain() refuses values that their variable does not have", () => {
  refuses({ changes: { "/power": ["OFF", "HOT"] } }, /'m\/a': \/power is "HOT": expected one of .* \(in changes\)/);
  refuses({ changes: { "/power": ["COLD", "ON"] } }, /\/power is "COLD"/);
  refuses({ requires: { "/run": "GONE" } }, /\/run is "GONE": expected one of UNKNOWN, INIT, SYNC \(in requires\)/);
  refuses({ requires: { "/load": -1 } }, /\/load is -1: expected an integer from 0/);
  refuses({ excludes: { "/run": ["SYNC", "GONE"] } }, /\/run is "GONE".* \(in excludes\)/);
  refuses({ failTo: { "/power": "BROKEN" } }, /\/power is "BROKEN".* \(in failTo\)/);
});

test("compileDomain() refuses changes of anything but 1 to 16 enumerations that are discovered", () => {
  refuses({ changes: {} }, /changes 0 variables: expected 1 to 16/);
  const many = Array.from({ length: 17 }, (_, disk) => [`/disks/d${disk}/state`, ["BAD", "GOOD"]] as const);
  refuses({ context: "self", changes: Object.fromEntries(many) }, /changes 17 variables: expected 1 to 16/);
  refuses({ context: "self", changes: { "/load": ["1", "2"] } }, /'\/load' in changes is of kind 'integer'/);
  refuses({ changes: { "/mode": ["ANY", "FAST"] } }, /'\/mode' in changes has the writer 'cfg'/);
});

test("compileDomain() refuses what the mutation's context does not write", () => {
  refuses({ context: "self" }, /'\/power' in changes has the writer 'parent': expected 'self'/);
  refuses({ failTo: { "/jobs/x/state": "STOP" } }, /'\/jobs\/x\/state' in failTo has the writer 'self'/);
  const mixed = { "/power": ["OFF", "ON"], "/jobs/x/state": ["STOP", "RUN"] } as const;
  refuses(
    { context: "any", changes: mixed },
    /'any' and it changes .*'self'\) and .*'parent'\): expected .* one writer/,
  );
});

test("compileDomain() refuses timeouts, disruptions and durations that are out of bounds", () => {
  for (const timeout of [0, -1, NaN, Infinity]) refuses({ timeout }, /its timeout is .*: expected a positive number/);
  for (const disruption of [0, -1, 1.5, NaN, 10_001]) {
    refuses({ disruption }, /its disruption is .*: expected an integer from 1 to 10000/);
  }
  for (const duration of [0, -1, 1.5, NaN, 1001]) {
    refuses(
      { timeout: 1000, duration },
      /its duration is .*: expected a positive integer, at most its timeout of 1000/,
    );
  }
});

test("compileDomain() refuses placeholders that the changes don't bind", () => {
  const changes = { "/jobs/{name}/state": ["STOP", "RUN"] } as const;
  const stray = /'\/disks\/\{disk\}\/state' in .* has the placeholder '\{disk\}'/;
  refuses({ context: "self", changes, requires: { "/disks/{disk}/state": "GOOD" } }, stray);
  refuses({ context: "self", changes, excludes: { "/disks/{disk}/state": "BAD" } }, stray);
  refuses({ context: "self", changes, failTo: { "/disks/{disk}/state": "BAD" } }, stray);
  const both = { ...changes, "/disks/{disk}/state": ["BAD", "GOOD"] } as const;
  refuses({ context: "self", changes: both }, /in changes have different placeholders/);
});

test("compileDomain() refuses two modules of one name that differ, and takes the same one twice", () => {
  const mutations = { a: {} };
  assert.equal(compileDomain([moduleOf(mutations), moduleOf(mutations)]).modules.length, 1);
  assert.throws(() => compileDomain([moduleOf(mutations), moduleOf({ a: { timeout: 2 } })]), {
    name: "TypeError",
    message: /module 'm': it is declared twice and differently/,
  });
});

test("compileDomain() refuses extensions that contradict each other", () => {
  const other = defineExtension("other", { "/power": { type: { kind: "string" }, writer: "self", about: "" } });
  const modules = [moduleOf({}), moduleOf({}, { name: "n", extensions: [other] })];
  assert.throws(() => compileDomain(modules), { name: "TypeError", message: /'\/power' is declared differently/ });
});

test("compileDomain() refuses to discover what nobody can discover", () => {
  const discovering = (url: string) => () => compileDomain([moduleOf({}, { discovers: [url] })]);
  assert.throws(discovering("/nothing"), { name: "TypeError", message: /module 'm': '\/nothing' in discovers is not/ });
  assert.throws(discovering("/platform"), {
    name: "TypeError",
    message: /'\/platform' in discovers has the writer 'cfg'/,
  });
  assert.doesNotThrow(discovering("/jobs/{name}/state"));
});

test("compileDomain() refuses names that can't be told apart in keys", () => {
  assert.throws(() => compileDomain([moduleOf({}, { name: "a/b" })]), { message: /name 'a\/b' for a module/ });
  assert.throws(() => compileDomain([moduleOf({ "a/b": {} })]), {
    message: /name 'a\/b' for a mutation of module 'm'/,
  });
});

test("compileDomain() derives a condition from what all discoveries of a variable have in common", () => {
  const domain = compileDomain([moduleOf({
    "find-slow": {
      changes: { "/run": ["UNKNOWN", "INIT"] },
      requires: { "/power": "ON", "/platform": "x", "/load": 1 },
    },
    "find-fast": { changes: { "/run": ["UNKNOWN", "SYNC"] }, requires: { "/power": "ON", "/load": 2 } },
    on: {},
  })]);
  assert.deepEqual([...domain.conditions], [["/run", { "/power": "ON" }]]);
});

test("compileDomain() counts what a discovery changes with it, unless that is discovered too", () => {
  const domain = compileDomain([moduleOf({
    boot: { changes: { "/power": ["OFF", "ON"], "/run": ["UNKNOWN", "INIT"] } },
  })]);
  assert.deepEqual([...domain.conditions], [["/run", { "/power": "ON" }]]);
  const both = compileDomain([moduleOf({
    find: { changes: { "/power": ["UNKNOWN", "ON"], "/run": ["UNKNOWN", "INIT"] } },
  })]);
  assert.deepEqual([...both.conditions], []);
});

test("compileDomain() prefers the condition that an extension states, also that there is none", () => {
  const stated = (knownWhile: Condition): Extension => ({
    name: "machine",
    variables: { ...machine.variables, "/run": { ...machine.variables["/run"], knownWhile } },
  });
  const mutations = { find: { changes: { "/run": ["UNKNOWN", "INIT"] }, requires: { "/power": "ON" } } } as const;
  const conditions = (knownWhile: Condition) => [
    ...compileDomain([moduleOf(mutations, { extensions: [stated(knownWhile)] })]).conditions,
  ];
  assert.deepEqual(conditions({}), []);
  assert.deepEqual(conditions({ "/power": "OFF" }), [["/run", { "/power": "OFF" }]]);
  assert.throws(() => conditions({ "/powr": "ON" }), {
    name: "TypeError",
    message: /knownWhile of '\/run': '\/powr' is not/,
  });
  assert.throws(() => conditions({ "/power": "HOT" }), { message: /knownWhile of '\/run': \/power is "HOT"/ });
  assert.throws(() => conditions({ "/power": "UNKNOWN" }), { message: /'\/power' is 'UNKNOWN', which means unknown/ });
  assert.throws(() => conditions({ "/jobs/{name}/state": "RUN" }), { message: /has the placeholder '\{name\}'/ });
});

test("compileDomain() refuses conditions that lead back to themselves", () => {
  assert.throws(
    () =>
      compileDomain([moduleOf({
        a: { changes: { "/run": ["UNKNOWN", "INIT"] }, requires: { "/power": "ON" } },
        b: { changes: { "/power": ["UNKNOWN", "ON"] }, requires: { "/run": "INIT" } },
      })]),
    { name: "TypeError", message: /'\/power' while '\/run' while '\/power' could never be known/ },
  );
});

test("compileDomain() takes limits, and what a mutation needs, up to their bounds", () => {
  const disks = Array.from({ length: 16 }, (_, disk) => [`/disks/d${disk}/state`, ["BAD", "GOOD"]] as const);
  for (
    const mutation of [
      { timeout: 86_400_000 },
      { timeout: 0.5 },
      { disruption: 10_000 },
      { disruption: 1 },
      { timeout: 1000, duration: 1000 },
      { timeout: 1, duration: 1 },
      { context: "self", changes: Object.fromEntries(disks) },
      { requires: { "/platform": "x", "/load": 0 }, excludes: { "/run": "SYNC" }, failTo: { "/power": "OFF" } },
    ] satisfies Partial<Mutation>[]
  ) assert.equal(compileDomain([moduleOf({ a: mutation })]).mutations.length, 1);
  refuses({ timeout: 86_400_001 }, /at most 86400000/);
});

test("compileDomain() refuses an excluded value that is not in a list, as those in lists", () => {
  refuses({ excludes: { "/run": "GONE" } }, /\/run is "GONE".* \(in excludes\)/);
});

test("compileDomain() takes placeholders that all changes have, whatever their order, in what a mutation needs too", () => {
  const ports = defineExtension("ports", {
    "/switches/{switch}/ports/{port}/link": { type: enumeration("?", "down", "up"), writer: "self", about: "" },
    "/ports/{port}/of/{switch}": { type: enumeration("?", "off", "on"), writer: "self", about: "" },
    "/switches/{switch}/power": { type: enumeration("?", "off", "on"), writer: "self", about: "" },
  });
  const changes = {
    "/switches/{switch}/ports/{port}/link": ["down", "up"],
    "/ports/{port}/of/{switch}": ["off", "on"],
  } as const;
  const compile = (mutation: Partial<Mutation>) => () =>
    compileDomain([moduleOf({ a: { context: "self", ...mutation } }, { extensions: [machine, ports] })]);
  assert.doesNotThrow(compile({ changes, requires: { "/switches/{switch}/power": "on" } }));
  assert.throws(compile({ changes: { ...changes, "/switches/{switch}/power": ["off", "on"] } }), {
    message: /in changes have different placeholders: expected the same/,
  });
  assert.throws(compile({ requires: { "/switches/{switch}/power": "on" }, context: "parent" }), {
    message: /in requires has the placeholder '\{switch\}': expected one that is in its changes/,
  });
});

test("compileDomain() takes only URLs of an extension, or what one of its patterns means", () => {
  assert.doesNotThrow(() =>
    compileDomain([moduleOf({ a: { context: "self", changes: { "/jobs/x/state": ["STOP", "RUN"] } } })])
  );
  assert.throws(
    () => compileDomain([moduleOf({}, { discovers: ["/jobs/{other}/state"] })]),
    { message: /'\/jobs\/\{other\}\/state' in discovers is not declared/ },
  );
});

test("compileDomain() refuses a module of one name that differs in any field", () => {
  const one = moduleOf({ a: {} });
  const others: readonly Partial<ModuleDeclaration>[] = [
    { about: "Other" },
    { extensions: [] },
    { discovers: ["/power"] },
    { mutations: {} },
  ];
  for (const other of others) {
    assert.throws(() => compileDomain([one, { ...one, ...other }]), { message: /declared twice and differently/ });
  }
});

test("compileDomain() keeps every discovery's needs apart by pattern, whichever name a mutation has", () => {
  const find = (url: string, requires: Condition): Partial<Mutation> => ({
    context: "self",
    changes: { [url]: ["UNKNOWN", "STOP"] },
    requires,
  });
  const conditionsOf = (mutations: { readonly [id: string]: Partial<Mutation> }) => [
    ...compileDomain([moduleOf(mutations)]).conditions,
  ];
  const pattern = "/jobs/{name}/state";
  assert.deepEqual(
    conditionsOf({ a: find(pattern, { "/power": "ON" }), b: find("/jobs/x/state", { "/power": "ON" }) }),
    [
      [pattern, { "/power": "ON" }],
    ],
  );
  assert.deepEqual(
    conditionsOf({ a: find(pattern, { "/power": "ON" }), b: find("/jobs/x/state", { "/power": "OFF" }) }),
    [],
  );
  assert.deepEqual(conditionsOf({ a: find("/jobs/x/state", { "/power": "ON", "/disks/d/state": "GOOD" }) }), [
    [pattern, { "/disks/d/state": "GOOD", "/power": "ON" }],
  ]);
});

test("compileDomain() has no condition of what is only changed, not discovered", () => {
  const domain = compileDomain([
    moduleOf({ on: { changes: { "/power": ["OFF", "ON"] }, requires: { "/run": "INIT" } } }),
  ]);
  assert.deepEqual([...domain.conditions], []);
});

test("compileDomain() orders conditions by URL", () => {
  const domain = compileDomain([moduleOf({
    run: { changes: { "/run": ["UNKNOWN", "INIT"] }, requires: { "/load": 1 } },
    power: { changes: { "/power": ["UNKNOWN", "ON"] }, requires: { "/load": 1 } },
    job: { context: "self", changes: { "/jobs/{name}/state": ["UNKNOWN", "RUN"] }, requires: { "/load": 1 } },
  })]);
  assert.deepEqual([...domain.conditions.keys()], ["/jobs/{name}/state", "/power", "/run"]);
});

test("compileDomain() names only the circle, not what leads to it", () => {
  assert.throws(
    () =>
      compileDomain([moduleOf({
        job: { context: "self", changes: { "/jobs/{name}/state": ["UNKNOWN", "RUN"] }, requires: { "/power": "ON" } },
        run: { changes: { "/run": ["UNKNOWN", "INIT"] }, requires: { "/power": "ON" } },
        power: { changes: { "/power": ["UNKNOWN", "ON"] }, requires: { "/run": "INIT" } },
      })]),
    { message: /themselves: '\/power' while '\/run' while '\/power' could never be known$/ },
  );
});

test("compileDomain() lets several conditions rest on the same one", () => {
  assert.doesNotThrow(() =>
    compileDomain([moduleOf({
      a: { context: "self", changes: { "/jobs/{name}/state": ["UNKNOWN", "RUN"] }, requires: { "/run": "INIT" } },
      b: { context: "self", changes: { "/disks/{disk}/state": ["UNKNOWN", "GOOD"] }, requires: { "/run": "INIT" } },
      c: { changes: { "/run": ["UNKNOWN", "INIT"] }, requires: { "/power": "ON" } },
    })])
  );
});
