import { fc } from "../support/property.ts";
import { enumeration, type Facet, type Value } from "../../src/state/mod.ts";
import type { DocumentChanges, Frame } from "../../src/sync/mod.ts";

const options = { noNullPrototype: true };
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const term = fc.record({ assignment: count, run: count }, options);
const anyVersion = fc.record({ assignment: count, run: count, rev: count }, options);
const run = fc.uuid();
const runOrNone = fc.oneof(run, fc.constant(""));

/** Any value that a frame can carry. */
const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.boolean(),
    fc.integer({ min: -(2 ** 32 - 1), max: 2 ** 32 - 1 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"), tie("value"), {
      maxKeys: 4,
      ...options,
    }),
  ),
})).value;

const url = fc.array(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}$/), { minLength: 1, maxLength: 8 })
  .map((segments) => `/${segments.join("/")}`);

const facet: fc.Arbitrary<Facet> = fc.array(
  fc.tuple(url, fc.record({ value: fc.option(value), version: anyVersion }, options)),
  { maxLength: 4 },
).map((entries) => new Map(entries));

/** Documents that have little in common. */
const various: fc.Arbitrary<DocumentChanges[]> = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    facets: fc.record({ cfg: facet, parent: facet, self: facet }, { requiredKeys: [], ...options }),
  }, options),
  { maxLength: 3, selector: ({ id }) => id },
);

/** A facet with some of few values and few versions, as many documents have them. */
const commonFacet: fc.Arbitrary<Facet> = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom("/a", "/b", "/c/d", "/services/sshd/state"),
    fc.record({
      value: fc.option(value, { freq: 4 }),
      version: fc.record({
        assignment: fc.constantFrom(1, 1, 1, 0, 70_000),
        run: fc.constantFrom(1, 1, 2, 2 ** 32 - 1),
        rev: fc.constantFrom(1, 1, 1, 70, 300, 70_000),
      }, options),
    }, options),
  ),
  { maxLength: 4, selector: ([url]) => url },
).map((entries) => new Map(entries));

/** Documents that have much in common. */
const alike: fc.Arbitrary<DocumentChanges[]> = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    facets: fc.record({ cfg: commonFacet, parent: commonFacet, self: commonFacet }, { requiredKeys: [], ...options }),
  }, options),
  { maxLength: 12, selector: ({ id }) => id },
);

/** Documents of a fleet: all have the same values. */
const fleet: fc.Arbitrary<DocumentChanges[]> = fc.tuple(
  fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 12 }),
  fc.record({ cfg: commonFacet, parent: commonFacet, self: commonFacet }, { requiredKeys: [], ...options }),
).map(([ids, facets]) => ids.map((id) => ({ id, facets })));

/** Documents of a data frame: in some rows are shorter, in others plain maps. */
export const anyDocuments: fc.Arbitrary<DocumentChanges[]> = fc.oneof(various, alike, fleet);

const modules = fc.constantFrom(
  [],
  [{
    name: "fan",
    about: "Cools",
    extensions: [{
      name: "fan",
      variables: { "/fan": { type: enumeration("UNKNOWN", "ON"), writer: "self" as const, about: "Whether it turns" } },
    }],
    discovers: ["/fan"],
    mutations: { find: { context: "self" as const, changes: { "/fan": ["UNKNOWN", "ON"] as const }, timeout: 1_000 } },
  }],
);

function type<T extends string>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

const window = fc.tuple(count, count, count).map((three) => {
  const [since = 0, upTo = 0, newest = 0] = [...three].sort((a, b) => a - b);
  return { since, upTo, newest };
});

const digest = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });
const part = fc.oneof(fc.constant(""), digest.map((text) => text.slice(8)));
const holding = fc.record({ cfg: fc.array(part, { minLength: 1, maxLength: 4 }), parent: part }, options);
const broker = fc.constantFrom("mqtt://127.0.0.1:1883", "mqtts://broker.example");

const target = fc.record({ parent: fc.uuid(), broker }, { ...options, requiredKeys: ["parent"] });
const before = fc.array(target, { minLength: 1, maxLength: 3 });

const statement = fc.string({ unit: fc.constantFrom(..."kraken-run 0"), minLength: 1, maxLength: 40 });
const chain = fc.array(statement, { maxLength: 3 });
const key = fc.string({ unit: fc.constantFrom(..."AZaz09-_"), minLength: 43, maxLength: 43 });
const given = fc.record({ chain, run: statement, term: statement }, options);
const own = fc.record({ key, chain, run: statement }, options);
const assigned = fc.record({ number: count, parent: fc.uuid(), proof: fc.constant("A".repeat(86)) }, options);

/** The types of all frames. */
export const FRAME_TYPES = [
  ...["birth", "welcome", "declare", "moved", "where", "location", "left", "noted"],
  ...["rebirth", "data", "ack", "ping", "resync", "alive", "dead"],
] as const satisfies readonly Frame["type"][];

/** Any frame of the protocol. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record(
    {
      ...{ type: type("birth"), from: run, term, parent: runOrNone, received: count, parentTerm: term },
      ...{ epoch: count, blank: fc.constant(true as const), holdings: holding },
      ...{ digest, knownDigest: fc.oneof(fc.constant(""), digest), modules, shown: given, own, assigned },
    },
    {
      ...options,
      requiredKeys: ["type", "from", "term", "parent", "received", "epoch", "parentTerm", "digest", "knownDigest"],
    },
  ),
  fc.record(
    {
      ...{ type: type("welcome"), from: run, to: run, term, received: count, newest: count },
      ...{ keepalive: fc.integer({ min: 0, max: 3_600 }), digest, modules, epoch: count, unchanged: holding },
      ...{ given, certified: fc.record({ authority: key, chain }, options) },
    },
    {
      ...options,
      requiredKeys: ["type", "from", "to", "term", "received", "newest", "epoch", "keepalive", "digest"],
    },
  ),
  fc.record({ type: type("left"), from: run, number: count, assigned }, {
    ...options,
    requiredKeys: ["type", "from", "number"],
  }),
  fc.record({ type: type("declare"), from: run, to: run }, options),
  fc.record(
    {
      ...{ type: type("moved"), from: run, number: count, parent: fc.uuid(), broker },
      ...{ standby: target, before },
    },
    { ...options, requiredKeys: ["type", "from", "number", "parent"] },
  ),
  fc.record({ type: type("where"), from: run, to: run, child: fc.uuid() }, options),
  fc.record(
    {
      ...{
        type: type("location"),
        from: run,
        to: run,
        child: fc.uuid(),
        number: count,
        parent: fc.uuid(),
        broker,
      },
      ...{ standby: target, before },
    },
    { ...options, requiredKeys: ["type", "from", "to", "child", "number", "parent"] },
  ),
  fc.tuple(run, run, window, anyDocuments).map(([from, to, indexes, docs]): Frame => ({
    type: "data",
    from,
    to,
    ...indexes,
    documents: docs,
  })),
  ...(["ack", "ping"] as const).map((each) =>
    fc.record(
      { type: fc.constant(each), from: run, to: run, received: count, epoch: count },
      { ...options, requiredKeys: ["type", "from", "to", "received"] },
    )
  ),
  fc.record({ type: type("resync"), from: run, to: run, received: count }, options),
  fc.record({ type: type("rebirth"), from: run }, options),
  fc.record({ type: type("noted"), from: run, number: count }, options),
  fc.record({ type: type("alive"), from: run }, options),
  fc.record({ type: type("dead"), from: run, why: fc.constantFrom("lost" as const, "stopped" as const) }, options),
);
