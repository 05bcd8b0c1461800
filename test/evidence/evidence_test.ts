import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createSecret,
  createSigner,
  followChain,
  isSigned,
  isStated,
  MAX_CHAIN,
  PUBLIC_KEY,
  readStatement,
  signStatement,
  type Statement,
  statementText,
} from "../../src/evidence/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

const A = "00000000-0000-4000-8000-00000000000a";
const B = "00000000-0000-4000-8000-00000000000b";
const root = createSigner(createSecret());
const rack = createSigner(createSecret());

const id = fc.uuid();
const count = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1), fc.nat());
const cluster = fc.constantFrom("demo", "a.b-c_d", "x");
const runName = fc.oneof(fc.uuid(), fc.constantFrom("r", "A-0", "x".repeat(64)));
const options = { noNullPrototype: true };
const anyStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({ kind: fc.constant("key" as const), cluster, aggregator: id, key: fc.constant(rack.publicKey) }, options),
  fc.record(
    { kind: fc.constant("run" as const), cluster, aggregator: id, process: runName, child: id, run: count },
    options,
  ),
  fc.record(
    { kind: fc.constant("term" as const), cluster, aggregator: id, child: id, assignment: count, run: count },
    options,
  ),
  fc.record({ kind: fc.constant("assignment" as const), cluster, node: id, number: count, parent: id }, options),
);

test("a signer's key has 43 characters, and the same secret makes the same key", () => {
  const secret = createSecret();
  assert.match(createSigner(secret).publicKey, PUBLIC_KEY);
  assert.equal(createSigner(secret).publicKey, createSigner(secret).publicKey);
  assert.notEqual(createSigner(createSecret()).publicKey, createSigner(secret).publicKey);
  assert.throws(() => createSigner("c2hvcnQ"), /^TypeError: Cannot use a key of 5 bytes: expected 32$/);
});

test("signatures are Ed25519's, as RFC 8032 has them", () => {
  // RFC 8032, section 7.1, TEST 2
  const hex = (text: string) => Buffer.from(text, "hex").toString("base64url");
  const signer = createSigner(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  assert.equal(signer.publicKey, hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  const expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  assert.equal(signer.sign("r"), hex(expected));
});

test("what is no signature, or no key, is not signed", () => {
  const signature = root.sign("text");
  assert.equal(isSigned("text", signature, root.publicKey), true);
  for (
    const [text, by, key] of [
      ["texT", signature, root.publicKey],
      ["text", signature, rack.publicKey],
      ["text", rack.sign("text"), root.publicKey],
      ["text", "", root.publicKey],
      ["text", signature.slice(0, 80), root.publicKey],
      ["text", signature, ""],
      ["text", signature, "A".repeat(43)],
      ["text", signature, "_".repeat(43)],
      ["text", signature, `${root.publicKey}A`],
    ] as const
  ) assert.equal(isSigned(text, by, key), false, `${text} ${by} ${key}`);
});

test("a statement is read as it was signed, and by no other key; one that was changed is none", () => {
  const covered = createCoverage("statements", ["key", "run", "term", "assignment"], 0.1);
  fc.assert(
    fc.property(anyStatement, fc.nat(), fc.constantFrom(..."0a 9-."), (statement, place, letter) => {
      const signed = signStatement(statement, root);
      assert.deepEqual(readStatement(signed, root.publicKey), statement);
      assert.equal(readStatement(signed, rack.publicKey), undefined);
      assert.ok(isStated(statement, signed.slice(signed.lastIndexOf(" ") + 1), root.publicKey));
      const at = place % statementText(statement).length;
      const changed = signed.slice(0, at) + letter + signed.slice(at + 1);
      if (changed !== signed) assert.equal(readStatement(changed, root.publicKey), undefined);
      covered.saw(statement.kind);
    }),
    { numRuns: 60 },
  );
  covered.check();
});

test("a text that is signed and says nothing that is known is no statement", () => {
  for (
    const text of [
      "",
      "kraken-run",
      `kraken-run demo ${A}`,
      `kraken-run demo ${A} 1`,
      `kraken-run demo ${A} r ${B}`,
      `kraken-run demo ${A} r ${B} 01`,
      `kraken-run demo ${A} r ${B} -1`,
      `kraken-run demo ${A} r ${B} 4294967296`,
      `kraken-run demo ${A} r ${B} 1 2`,
      `kraken-run demo ${A} r x 1`,
      `kraken-run demo ${A} r.r ${B} 1`,
      `kraken-run demo ${A} ${"r".repeat(65)} ${B} 1`,
      `kraken-run demo ${A}  ${B} 1`,
      `kraken-run demo x r ${B} 1`,
      `kraken-run -demo ${A} r ${B} 1`,
      `kraken-term demo ${A} ${B} 1`,
      `kraken-assignment demo ${A} 1 x`,
      `kraken-key demo ${A} short`,
      `kraken-other demo ${A} 1`,
      `kraken-run demo ${A} r ${B} ${"1".repeat(600)}`,
    ]
  ) assert.equal(readStatement(`${text} ${root.sign(text)}`, root.publicKey), undefined, text);
});

test("a chain leads from the root's key to the last one, and holds only as a whole", () => {
  const row = createSigner(createSecret());
  const cluster = "demo";
  const first = signStatement({ kind: "key", cluster, aggregator: A, key: row.publicKey }, root);
  const second = signStatement({ kind: "key", cluster, aggregator: B, key: rack.publicKey }, row);
  assert.deepEqual(followChain(root.publicKey, cluster, [first]), { aggregator: A, key: row.publicKey });
  assert.deepEqual(followChain(root.publicKey, cluster, [first, second]), { aggregator: B, key: rack.publicKey });
  const run = signStatement({ kind: "run", cluster, aggregator: A, process: "r", child: B, run: 1 }, root);
  for (
    const [authority, name, chain] of [
      [root.publicKey, cluster, []],
      [root.publicKey, cluster, [second]],
      [root.publicKey, cluster, [second, first]],
      [root.publicKey, cluster, [run]],
      [root.publicKey, "other", [first, second]],
      [row.publicKey, cluster, [first, second]],
      [root.publicKey, cluster, Array(MAX_CHAIN + 1).fill(first)],
    ] as const
  ) assert.equal(followChain(authority, name, chain), undefined);

  const above = signStatement({ kind: "key", cluster, aggregator: A, key: row.publicKey }, rack);
  assert.equal(followChain(root.publicKey, cluster, [first, second, above]), undefined, "nobody is below itself");
  assert.equal(followChain(root.publicKey, cluster, [first, second], A), undefined, "who shows it is not above");
});
