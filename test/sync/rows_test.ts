import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "cborg";
import { createCoverage, fc } from "../support/property.ts";
import { type Entry, type Value, versionText } from "../../src/state/mod.ts";
import { type DataFrame, decodeFrame, type DocumentChanges, encodeFrame, wireFrame } from "../../src/sync/mod.ts";
import { wireRows } from "../../src/sync/rows.ts";
import { wireMap } from "../../src/sync/wire_documents.ts";
import { anyDocuments } from "./frames.ts";
import { at } from "../support/versions.ts";

const [A, B] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];

function frameOf(documents: readonly DocumentChanges[]): DataFrame {
  return { type: "data", from: "child", to: "parent", since: 0, upTo: 1, newest: 1, documents };
}

/** The bytes of a data frame with these fields. */
function bytesOf(fields: object): Uint8Array {
  return encode({ ...wireFrame(frameOf([])), ...fields });
}

function mapBytes(documents: readonly DocumentChanges[]): Uint8Array {
  return bytesOf({ documents: documents.map(wireMap) });
}

function rowBytes(documents: readonly DocumentChanges[]): Uint8Array {
  const { saved: _saved, ...rows } = wireRows(documents);
  return bytesOf(rows);
}

function documentOf(id: string, self: { readonly [url: string]: Entry }): DocumentChanges {
  return { id, facets: { self: new Map(Object.entries(self)) } };
}

function entry(value: Value | null, run: number, rev: number): Entry {
  return { value, version: at(run, rev) };
}

/** What is wrong with rows. Unless other fields are given, they are of one document, which has 5 for /a and 6 for /b. */
function problemOf(fields: object): string {
  const fine = { columns: { self: ["/a", "/b"] }, schemas: [{ self: [0, 1] }], documents: [[0, A, 0, 1, 1, 5, 6]] };
  assert.equal(decodeFrame(bytesOf(fine)).ok, true);
  const decoded = decodeFrame(bytesOf({ ...fine, ...fields }));
  return decoded.ok ? "nothing" : decoded.problem;
}

/** What documents of a frame may be like, and have to be like now and then. */
const KINDS = [
  "none",
  "several",
  "a shared schema",
  "an empty facet",
  "an unset value",
  "versions that differ",
] as const;

function kindsOf(documents: readonly DocumentChanges[]): (typeof KINDS[number])[] {
  const facets = documents.flatMap(({ facets }) => [facets.cfg, facets.parent, facets.self]).filter((facet) =>
    facet !== undefined
  );
  const found: { readonly [kind in typeof KINDS[number]]: boolean } = {
    "none": documents.length === 0,
    "several": documents.length > 1,
    "a shared schema": wireRows(documents).schemas.length < documents.length,
    "an empty facet": facets.some(({ size }) => size === 0),
    "an unset value": facets.some((facet) => [...facet.values()].some(({ value }) => value === null)),
    "versions that differ": facets.some((facet) =>
      new Set([...facet.values()].map(({ version }) => versionText(version))).size > 1
    ),
  };
  return KINDS.filter((kind) => found[kind]);
}

test("documents come back as they were, as maps and as rows", () => {
  const covered = createCoverage("documents on the wire", KINDS, 0.06);
  fc.assert(
    fc.property(anyDocuments, (documents) => {
      covered.saw(...kindsOf(documents));
      const expected = { ok: true, frame: frameOf(documents) };
      assert.deepEqual(decodeFrame(mapBytes(documents)), expected);
      assert.deepEqual(decodeFrame(rowBytes(documents)), expected);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("maps and rows may be mixed", () => {
  const covered = createCoverage("maps and rows", ["maps", "rows", "both in a frame"], 0.2);
  fc.assert(fc.property(anyDocuments, fc.array(fc.boolean(), { minLength: 12 }), (documents, asMap) => {
    const { saved: _saved, ...rows } = wireRows(documents);
    const mixed = documents.map((document, place) => asMap[place] ? wireMap(document) : rows.documents[place]);
    const chosen = asMap.slice(0, documents.length);
    const [maps, some] = [chosen.includes(true), chosen.includes(false)];
    covered.saw(
      ...(maps ? ["maps" as const] : []),
      ...(some ? ["rows" as const] : []),
      ...(maps && some ? ["both in a frame" as const] : []),
    );
    const decoded = decodeFrame(bytesOf({ ...rows, documents: mixed }));
    assert.deepEqual(decoded, { ok: true, frame: frameOf(documents) });
  }));
  covered.check();
});

test("wireRows() tells to the byte what rows save, and a frame takes the shorter form", () => {
  const covered = createCoverage("what rows save", ["rows are shorter", "maps are shorter"], 0.15);
  fc.assert(fc.property(anyDocuments, (documents) => {
    const [maps, rows] = [mapBytes(documents).length, rowBytes(documents).length];
    const { saved } = wireRows(documents);
    assert.equal(saved, maps - rows);
    assert.equal(encodeFrame(frameOf(documents)).length, Math.min(maps, rows));
    covered.saw(...(saved > 0 ? ["rows are shorter" as const] : saved < 0 ? ["maps are shorter" as const] : []));
  }));
  covered.check();
});

test("what rows save is right for long rows and many schemas and columns, too", () => {
  const wide = (id: string, from: number) =>
    documentOf(id, Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`/v${from + n}`, entry([n], 1, n % 2)])));
  const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
  const apart = Array.from({ length: 300 }, (_, n) => documentOf(id(n), { [`/v${n}`]: entry(n, 1, 2) }));
  for (const documents of [[wide(A, 0)], [wide(A, 0), wide(B, 0)], [wide(A, 0), wide(B, 150)], apart]) {
    assert.equal(wireRows(documents).saved, mapBytes(documents).length - rowBytes(documents).length);
    assert.deepEqual(decodeFrame(rowBytes(documents)), { ok: true, frame: frameOf(documents) });
  }
});

test("documents with the same values share a schema, in whatever order they have them and come", () => {
  const documents = [
    documentOf(A, { "/a": entry(1, 3, 7), "/b": entry("x", 3, 7) }),
    documentOf("00000000-0000-4000-8000-00000000000c", { "/b": entry(null, 3, 7) }),
    documentOf(B, { "/b": entry([2], 4, 9), "/a": entry([true], 4, 8) }),
  ];
  assert.deepEqual(wireRows(documents), {
    saved: mapBytes(documents).length - rowBytes(documents).length,
    columns: { self: ["/a", "/b"] },
    schemas: [{ self: [0, 1] }, { self: [1] }],
    documents: [
      [0, A, 0, 3, 7, 1, "x"],
      [1, "00000000-0000-4000-8000-00000000000c", 0, 3, 7, null],
      [0, B, 0, 4, 9, [[true], 8], [[2]]],
    ],
  });
});

test("a value of another term has its whole version, and most values have that of their row", () => {
  const values = {
    "/a": entry(1, 2, 9),
    "/b": entry(2, 1, 1),
    "/c": entry(3, 1, 1),
    "/d": entry(4, 1, 1),
    "/e": entry(null, 1, 2),
  };
  assert.deepEqual(wireRows([documentOf(A, values)]).documents, [[0, A, 0, 1, 1, [1, 0, 2, 9], 2, 3, 4, [null, 2]]]);
});

test("a row has the version that most of its values have, whatever term or rev they share with others", () => {
  const versionOf = (...versions: readonly (readonly number[])[]) => {
    const values = Object.fromEntries(versions.map(([assignment = 0, run = 0, rev = 0], n) => {
      return [`/v${n}`, { value: n, version: { assignment, run, rev } }];
    }));
    return wireRows([documentOf(A, values)]).documents[0]?.slice(2, 5);
  };
  assert.deepEqual(versionOf([1, 1, 5], [1, 1, 7], [1, 1, 7]), [1, 1, 7]);
  assert.deepEqual(versionOf([1, 5, 1], [1, 7, 1], [1, 7, 1]), [1, 7, 1]);
  assert.deepEqual(versionOf([5, 1, 1], [7, 1, 1], [7, 1, 1]), [7, 1, 1]);
  assert.deepEqual(versionOf([0, 1, 2], [0, 2, 1], [0, 1, 2], [0, 2, 1], [0, 2, 1]), [0, 2, 1]);
  assert.deepEqual(versionOf([2, 3, 4]), [2, 3, 4]);
});

test("what rows save is right where a number takes another byte", () => {
  for (const count of [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1]) {
    for (const version of [at(count, 1), at(1, count), at(1, 1, count)]) {
      const documents = [A, B].map((id) => {
        return documentOf(id, { "/a": { value: 1, version }, "/b": { value: [2], version } });
      });
      assert.equal(
        wireRows(documents).saved,
        mapBytes(documents).length - rowBytes(documents).length,
        versionText(version),
      );
    }
  }
});

test("200 changes of one value take less than 50 bytes each", () => {
  const documents = Array.from(
    { length: 200 },
    (_, n) => documentOf(`00000000-0000-4000-8000-${String(n).padStart(12, "0")}`, { "/load": entry(n, 3, 1_000 + n) }),
  );
  assert.ok(encodeFrame(frameOf(documents)).length < 200 * 50);
});

test("columns that are malformed are refused", () => {
  assert.match(problemOf({ columns: [] }), /^columns is \[\]: expected a map of facets/);
  assert.match(problemOf({ columns: { self: 1 } }), /columns\/self is 1: expected a list of state URLs/);
  assert.match(problemOf({ columns: { self: ["/a", "b"] } }), /columns\/self\/1 is "b": expected a state URL/);
  assert.match(problemOf({ columns: { self: ["/a", 7] } }), /columns\/self\/1 is 7: expected a state URL/);
  assert.match(problemOf({ columns: { self: ["/a", ["/b"]] } }), /columns\/self\/1 is \["\/b"\]: expected a state URL/);
  assert.match(problemOf({ columns: { self: ["/a", "/{b}"] } }), /expected a state URL/);
  assert.match(
    problemOf({ columns: { self: ["/a", "/a"] } }),
    /columns\/self\/1 is "\/a": expected a column that has not/,
  );
});

test("schemas that are malformed are refused", () => {
  assert.match(problemOf({ schemas: {} }), /^schemas is \{\}: expected a list of at most 1000/);
  assert.match(problemOf({ schemas: Array(1_001).fill({}) }), /^schemas is .*: expected a list of at most 1000/);
  assert.match(problemOf({ schemas: [[]] }), /schemas\/0 is \[\]: expected a map of facets/);
  assert.match(problemOf({ schemas: [{ self: {} }] }), /schemas\/0\/self is \{\}: expected a list of columns' numbers/);
  assert.match(
    problemOf({ schemas: [{ self: [0, 2] }] }),
    /schemas\/0\/self\/1 is 2: expected a column's number below 2/,
  );
  assert.match(
    problemOf({ schemas: [{ self: [-1] }] }),
    /schemas\/0\/self\/0 is -1: expected a column's number below 2/,
  );
  assert.match(problemOf({ schemas: [{ cfg: [0] }] }), /schemas\/0\/cfg\/0 is 0: expected a column's number below 0/);
  assert.match(problemOf({ schemas: [{ self: ["length"] }] }), /schemas\/0\/self\/0 is "length": expected a column's/);
  assert.match(problemOf({ schemas: [{ self: [1, 1] }] }), /schemas\/0\/self\/1 is 1: expected a column that has not/);
  const columns = { self: Array.from({ length: 4_097 }, (_, n) => `/v${n}`) };
  const schemas = [{ self: [...columns.self.keys()] }];
  assert.match(problemOf({ columns, schemas }), /schemas\/0 is 4097: expected at most 4096 values/);
});

test("schemas may be as many, and as wide, as their limits say", () => {
  assert.equal(problemOf({ schemas: [{ self: [0, 1] }, ...Array(999).fill({})] }), "nothing");
  const self = Array.from({ length: 4_095 }, (_, n) => `/v${n}`);
  const [cfg, chosen] = [["/a"], [...self.keys()]];
  const row = [0, A, 0, 1, 1, 5, 0, 1, 1, ...self.map(() => 6)];
  const wide = { columns: { cfg, self }, schemas: [{ cfg: [0], self: chosen }], documents: [row] };
  assert.equal(problemOf(wide), "nothing");
  const wider = { ...wide, columns: { cfg: ["/a", "/b"], self }, schemas: [{ cfg: [0, 1], self: chosen }] };
  assert.match(problemOf(wider), /schemas\/0 is 4097: expected at most 4096 values/);
});

test("rows that are malformed are refused", () => {
  const row = (...items: unknown[]) => problemOf({ documents: [items] });
  assert.match(row(), /documents\/0\/0 is missing: expected a schema's number below 1/);
  assert.match(row(1, A, 0, 1, 1, 5, 6), /documents\/0\/0 is 1: expected a schema's number below 1/);
  assert.match(row("0", A, 0, 1, 1, 5, 6), /documents\/0\/0 is "0": expected a schema's number below 1/);
  assert.match(row(0, A, 0, 1, 1, 5), /documents\/0\/length is 6: expected 7, as schema 0 says/);
  assert.match(row(0, A, 0, 1, 1, 5, 6, 7), /documents\/0\/length is 8: expected 7, as schema 0 says/);
  assert.match(row(0, "n1", 0, 1, 1, 5, 6), /documents\/0\/1 is "n1": expected a UUID/);
  assert.match(row(0, [A], 0, 1, 1, 5, 6), /documents\/0\/1 is \["0.*"\]: expected a UUID/);
  assert.match(row(0, A, 0, -1, 1, 5, 6), /documents\/0\/self is \[0,-1,1\]: expected assignment, run and rev/);
  assert.match(row(0, A, 1, 1, "1", 5, 6), /documents\/0\/self is \[1,1,"1"\]: expected assignment, run and rev/);
  assert.match(row(0, A, 0, 1, 1, [], 6), /documents\/0\/self\/a is \[\]: expected a cell: a value, or a list/);
  assert.match(row(0, A, 0, 1, 1, 5, [6, 1, 1]), /documents\/0\/self\/b is \[6,1,1\]: expected a cell: a value, or/);
  assert.match(row(0, A, 0, 1, 1, [5, -1], 6), /documents\/0\/self\/a is \[5,-1\]: expected a value with its rev/);
  assert.match(
    row(0, A, 0, 1, 1, [5, 0, 1, null], 6),
    /documents\/0\/self\/a is \[0,1,null\]: expected assignment, run and rev/,
  );
  assert.match(
    row(0, A, 0, 1, 1, { x: [null] }, 6),
    /documents\/0\/self\/a is \{"x":\[null\]\}: expected a value without/,
  );
  assert.match(
    row(0, A, 0, 1, 1, [[null]], 6),
    /documents\/0\/self\/a is \[null\]: expected a value without null inside/,
  );
  const alone = decodeFrame(bytesOf({ documents: [[0, A, 0, 1, 1, 5, 6]] }));
  assert.match(alone.ok ? "nothing" : alone.problem, /documents\/0\/0 is 0: expected a schema's number below 0/);
});

test("a document that comes twice is refused, as a map and as a row", () => {
  const twice = /documents\/1 is "00000000-0000-4000-8000-00000000000a": expected a document that has not come yet/;
  const row = [0, A, 0, 1, 1, 5, 6];
  assert.match(problemOf({ documents: [row, row] }), twice);
  assert.match(problemOf({ documents: [row, { id: A }] }), twice);
  assert.match(problemOf({ documents: [{ id: A }, { id: A }] }), twice);
});

test("rows with bytes changed, cut or inserted never make decodeFrame() throw", () => {
  const covered = createCoverage("rows with changes", ["refused", "a frame all the same", "cut"], 0.03);
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("set", "cut", "insert") });
  fc.assert(
    fc.property(anyDocuments, fc.array(change, { minLength: 1, maxLength: 3 }), (documents, changes) => {
      const bytes = [...rowBytes(documents)];
      for (const { at: place, byte, how } of changes) {
        const start = place % bytes.length;
        if (how === "cut") bytes.splice(start, 1 + byte % 3);
        else bytes.splice(start, how === "set" ? 1 : 0, byte);
      }
      const decoded = decodeFrame(Uint8Array.from(bytes));
      covered.saw(
        decoded.ok ? "a frame all the same" : "refused",
        ...(changes.some(({ how }) => how === "cut") ? ["cut" as const] : []),
      );
      if (decoded.ok) assert.deepEqual(decodeFrame(encodeFrame(decoded.frame)), decoded);
    }),
    { numRuns: 500 },
  );
  covered.check();
});
