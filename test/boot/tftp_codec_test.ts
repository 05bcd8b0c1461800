import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { negotiate } from "../../aggregator/boot/tftp/negotiate.ts";
import { decodeTftp, encodeTftp, type TftpPacket } from "../../aggregator/boot/tftp/packet.ts";
import { FUZZ_RUNS } from "./fuzz.ts";

const text = (maxLength: number) => fc.string({ unit: "grapheme", maxLength }).filter((one) => !one.includes("\0"));
const options = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text(6), { maxKeys: 5, noNullPrototype: true })
  .map((record) => new Map(Object.entries(record)));
const u16 = fc.integer({ min: 0, max: 0xffff });
const plain = { noNullPrototype: true } as const;

const tftpPacket: fc.Arbitrary<TftpPacket> = fc.oneof(
  fc.record({
    op: fc.constantFrom("read" as const, "write" as const),
    file: text(20),
    mode: fc.constant("octet"),
    options,
  }, plain),
  fc.record({ op: fc.constant("data" as const), block: u16, data: fc.uint8Array({ maxLength: 1468 }) }, plain),
  fc.record({ op: fc.constant("ack" as const), block: u16 }, plain),
  fc.record({ op: fc.constant("error" as const), code: u16, message: text(40) }, plain),
  fc.record({ op: fc.constant("oack" as const), options }, plain),
);

test("what is encoded is decoded as the same", () => {
  fc.assert(fc.property(tftpPacket, (packet) => {
    const bytes = encodeTftp(packet);
    fc.pre(bytes.length <= 512 || packet.op === "data");
    assert.deepEqual(decodeTftp(bytes), { ok: true, packet });
  }));
});

test("what is malformed is told", () => {
  const latin1 = (...parts: string[]) => Uint8Array.from(parts.join(""), (one) => one.charCodeAt(0));
  const cases: [Uint8Array, RegExp][] = [
    [latin1(""), /0 bytes/],
    [latin1("\0\x07"), /Opcode is 7/],
    [latin1("\0\x01file"), /malformed/],
    [latin1("\0\x01file\0"), /malformed/],
    [latin1("\0\x01\xff\0octet\0"), /UTF-8/],
    [latin1("\0\x01f\0octet\0", "a".repeat(600), "\0", "1\0"), /at most 512/],
    [latin1("\0\x01f\0octet\0blksize\0"), /by turns/],
    [latin1("\0\x01f\0octet\0blksize\x008\0BLKSIZE\x009\0"), /"blksize" is there twice/],
    [latin1("\0\x01f\0octet\0", ...Array.from({ length: 17 }, (_, n) => `o${n}\0\0`)), /17 options/],
    [latin1("\0\x04\0"), /ACK has 3/],
    [new Uint8Array(70_000).with(1, 3), /DATA has 70000/],
  ];
  for (const [bytes, expected] of cases) {
    const result = decodeTftp(bytes);
    assert.match(result.ok ? "it was taken" : result.problem, expected);
  }
});

test(`fuzz: ${FUZZ_RUNS} inputs, damaged and random, do not make decodeTftp() throw`, () => {
  const damage = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 });
  const random = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 60 }))
    .map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest));
  fc.assert(
    fc.property(fc.oneof(tftpPacket.map(encodeTftp), random), damage, fc.nat(200), (bytes, changes, length) => {
      const damaged = bytes.slice(0, length);
      for (const [at, byte] of changes) if (at < damaged.length) damaged[at] = byte;
      const result = decodeTftp(damaged);
      if (!result.ok) return assert.notEqual(result.problem, "");
      if (result.packet.op === "read") negotiate(result.packet.options, 1000);
      encodeTftp(result.packet);
    }),
    { numRuns: FUZZ_RUNS },
  );
});

test("negotiate() agrees to no more than it does, and passes over nonsense", () => {
  const cases: [Record<string, string>, Record<string, string> | undefined, number, number][] = [
    [{}, undefined, 512, 1],
    [{ blksize: "1024", tsize: "0" }, { blksize: "1024", tsize: "9000" }, 1024, 1],
    [{ blksize: "65464", windowsize: "64" }, { blksize: "1468", windowsize: "16" }, 1468, 16],
    [{ blksize: "7", windowsize: "0", tsize: "-1", timeout: "0" }, undefined, 512, 1],
    [{ blksize: "1e3", timeout: "255", multicast: "" }, undefined, 512, 1],
    [{ timeout: "3" }, { timeout: "3" }, 512, 1],
  ];
  for (const [asked, accepted, blockSize, window] of cases) {
    const agreed = negotiate(new Map(Object.entries(asked)), 9000);
    assert.deepEqual(agreed.accepted && Object.fromEntries(agreed.accepted), accepted);
    assert.deepEqual([agreed.blockSize, agreed.window], [blockSize, window]);
  }
  assert.equal(negotiate(new Map([["timeout", "3"]]), 1).timeout, 3000);
});
