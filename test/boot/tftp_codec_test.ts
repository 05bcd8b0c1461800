import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
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
  const covered = createCoverage("TFTP packets", ["read", "write", "data", "ack", "error", "oack"], 0.05);
  fc.assert(
    fc.property(tftpPacket, (packet) => {
      const bytes = encodeTftp(packet);
      fc.pre(bytes.length <= 512 || packet.op === "data");
      covered.saw(packet.op);
      assert.deepEqual(decodeTftp(bytes), { ok: true, packet });
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("what is malformed is told", () => {
  const latin1 = (...parts: string[]) => Uint8Array.from(parts.join(""), (one) => one.charCodeAt(0));
  const cases: [Uint8Array, RegExp][] = [
    [latin1(""), /0 bytes/],
    [latin1("\0\x07"), /Opcode is 7/],
    [latin1("\0\x01"), /malformed/],
    [latin1("\0\x01file"), /malformed/],
    [latin1("\0\x02file\0\0\0"), /malformed/],
    [latin1("\0\x01f\0octet\0", "a".repeat(600), "\0", "1\0"), /at most 512/],
    [latin1("\0\x05", "a".repeat(600)), /ERROR has 602/],
    [latin1("\0\x06", "a".repeat(600)), /OACK has 602/],
    [latin1("\0\x04\0"), /ACK has 3/],
    [new Uint8Array(70_000).with(1, 3), /DATA has 70000/],
  ];
  for (const [bytes, expected] of cases) {
    const result = decodeTftp(bytes);
    assert.match(result.ok ? "it was taken" : result.problem, expected);
    assert.equal(!result.ok && result.isRequest, bytes[1] === 1 || bytes[1] === 2, "only requests are answered");
  }
});

test("requests of old ROMs are read: names that end in 0xff or NULs or are no UTF-8, fillers, options that are there twice", () => {
  const latin1 = (text: string) => Uint8Array.from(text, (one) => one.charCodeAt(0));
  const cases: [string, string, [string, string][]][] = [
    ["pxelinux.0\xff\0octet\0", "pxelinux.0", []],
    ["pxelinux.0\xff\xff\xff\0octet\0", "pxelinux.0", []],
    ["pxelinux.0\0\0octet\0", "pxelinux.0", []],
    ["pxelinux.0\0\0\0octet\0tsize\x000\0", "pxelinux.0", [["tsize", "0"]]],
    ["caf\xe9.efi\0octet\0", "caf\u00e9.efi", []],
    ["caf\xc3\xa9.efi\0octet\0", "caf\u00e9.efi", []],
    ["\xff\xfea\0octet\0", "\u00ff\u00fea", []],
    ["\xff\0octet\0", "", []],
    ["f\0OCTET", "f", []],
    ["f\0octet\0blksize\x001024\0BLKSIZE\x00512\0tsize\x000\0", "f", [["blksize", "1024"], ["tsize", "0"]]],
    ["f\0octet\0tsize\x000\0blksize\0", "f", [["tsize", "0"]]],
    [`f\0octet\0tsize\x000${"\0".repeat(200)}`, "f", [["tsize", "0"]]],
  ];
  for (const [text, file, options] of cases) {
    const packet = { op: "read", file, mode: "octet", options: new Map(options) };
    assert.deepEqual(decodeTftp(latin1(`\0\x01${text}`)), { ok: true, packet }, JSON.stringify(text));
  }
  const many = decodeTftp(latin1(`\0\x01f\0octet\0${Array.from({ length: 40 }, (_, n) => `o${n}\0\0`).join("")}`));
  assert.equal(many.ok && many.packet.op === "read" && many.packet.options.size, 16);
});

test(`fuzz: ${FUZZ_RUNS} inputs, damaged and random, do not make decodeTftp() throw`, () => {
  const damage = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 });
  const random = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 60 }))
    .map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest));
  const covered = createCoverage(
    "damaged TFTP packets",
    ["refused", "read", "write", "data", "ack", "error", "oack"],
    0.01,
  );
  fc.assert(
    fc.property(fc.oneof(tftpPacket.map(encodeTftp), random), damage, fc.nat(200), (bytes, changes, length) => {
      const damaged = bytes.slice(0, length);
      for (const [at, byte] of changes) if (at < damaged.length) damaged[at] = byte;
      const result = decodeTftp(damaged);
      covered.saw(result.ok ? result.packet.op : "refused");
      if (!result.ok) return assert.notEqual(result.problem, "");
      if (result.packet.op === "read") negotiate(result.packet.options, 1000, 1468);
      encodeTftp(result.packet);
    }),
    { numRuns: FUZZ_RUNS },
  );
  covered.check();
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
    const agreed = negotiate(new Map(Object.entries(asked)), 9000, 1468);
    assert.deepEqual(agreed.accepted && Object.fromEntries(agreed.accepted), accepted);
    assert.deepEqual([agreed.blockSize, agreed.window], [blockSize, window]);
  }
  assert.equal(negotiate(new Map([["timeout", "3"]]), 1, 1468).timeout, 3000);
  for (const [asked, most, agreed] of [["65464", 8968, 8968], ["1468", 8968, 1468], ["1468", 512, 512]] as const) {
    const { accepted, blockSize } = negotiate(new Map([["blksize", asked]]), 9000, most);
    assert.deepEqual([accepted?.get("blksize"), blockSize], [String(agreed), agreed]);
  }
});
