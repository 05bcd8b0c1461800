import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { describeClient } from "../../aggregator/boot/dhcp/client.ts";
import { decodeDhcp, MAX_PACKET } from "../../aggregator/boot/dhcp/decode.ts";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import { AT, type DhcpPacket, OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { dhcpPacket } from "./dhcp_arbitraries.ts";
import { FUZZ_RUNS } from "./fuzz.ts";

function decoded(bytes: Uint8Array): DhcpPacket {
  const result = decodeDhcp(bytes);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.packet;
}

/** A packet of only these bytes of options. */
function withOptions(...options: number[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(300, AT.options + options.length));
  bytes.set([1, 1, 6, 0]);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...options], AT.cookie);
  return bytes;
}

test("what is encoded is decoded as the same, at any size that it fits into", () => {
  const covered = createCoverage("DHCP packets", ["no room", "long options", "file", "sname"], 0.02);
  fc.assert(
    fc.property(dhcpPacket, fc.integer({ min: 300, max: MAX_PACKET }), (packet, maxSize) => {
      const bytes = encodeDhcp(packet, maxSize);
      covered.saw(
        ...(bytes === undefined ? ["no room" as const] : []),
        ...([...packet.options.values()].some(({ length }) => length > 255) ? ["long options" as const] : []),
        ...(packet.file !== "" ? ["file" as const] : []),
        ...(packet.sname !== "" ? ["sname" as const] : []),
      );
      const enough = [...packet.options.values()].reduce((sum, { length }) => sum + 4 + 3 * length, 300);
      if (bytes === undefined) return assert.ok(maxSize < enough);
      assert.ok(bytes.length >= 300 && bytes.length <= maxSize);
      assert.deepEqual(decoded(bytes), packet);
    }),
    { numRuns: 1000 },
  );
  covered.check();
});

test("options that do not fit go into file and sname, but a relay's never", () => {
  const relay = Uint8Array.from({ length: 20 }, (_, n) => n);
  const options = new Map([[OPTION.relayAgent, relay], [43, new Uint8Array(300).fill(7)], [12, Uint8Array.of(1)]]);
  const [packet] = fc.sample(dhcpPacket, { numRuns: 1, seed: 1 });
  assert.ok(packet);
  const bytes = encodeDhcp({ ...packet, file: "", sname: "", options }, 548);
  assert.ok(bytes);
  const whole = [...bytes];
  assert.equal(bytes[bytes.length - 23], OPTION.relayAgent, "it is the last one");
  assert.deepEqual(whole.slice(AT.file, AT.file + 2), [43, 45], "the rest of the long one");
  assert.equal(encodeDhcp({ ...packet, file: "a", sname: "b", options }, 548), undefined);
});

test("parts of an option are put together in the order options, file, sname", () => {
  const bytes = withOptions(52, 1, 3, 43, 1, 10, 255, 43, 1, 99);
  bytes.set([43, 2, 20, 21, 255], AT.file);
  bytes.set([0, 43, 1, 30], AT.sname);
  const packet = decoded(bytes);
  assert.deepEqual(packet.options, new Map([[43, Uint8Array.of(10, 20, 21, 30)]]));
  assert.deepEqual([packet.file, packet.sname], ["", ""]);
});

test("what is malformed is told", () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /0 bytes: expected 240 to 4096/],
    [new Uint8Array(MAX_PACKET + 1), /4097 bytes/],
    [withOptions().with(0, 3), /op is 3: expected 1 \(request\) or 2/],
    [withOptions().with(2, 17), /hlen is 17/],
    [withOptions().with(AT.cookie, 0), /magic cookie/],
  ];
  for (const [bytes, expected] of cases) {
    const result = decodeDhcp(bytes);
    assert.match(result.ok ? "it was taken" : result.problem, expected);
  }
});

test("an option that is wrong by itself is passed over, and the others are read", () => {
  const room = 60; // bytes of the options of such a packet
  const hostName = [12, 2, 110, 49];
  const cases: [string, number[]][] = [
    ["it goes beyond the end", [...hostName, ...new Array(room - 7).fill(0), 60, 9, 1]],
    ["its length is missing", [...hostName, ...new Array(room - 5).fill(0), 60]],
    ["overload says nothing that there is", [52, 1, 4, ...hostName, 255]],
    ["overload is empty", [52, 0, ...hostName, 255]],
  ];
  for (const [what, options] of cases) {
    assert.deepEqual(decoded(withOptions(...options)).options, new Map([[12, Uint8Array.of(110, 49)]]), what);
  }
  const twice = withOptions(52, 1, 1, 52, 1, 2, 255);
  twice.set([...hostName, 255], AT.file);
  assert.deepEqual(decoded(twice).options, new Map([[12, Uint8Array.of(110, 49)]]), "the first overload counts");
});

test("an option that ends with its field, without option 255 behind it, is read", () => {
  const bytes = withOptions(...new Array(56).fill(0), 12, 2, 110, 49);
  assert.equal(bytes.length, 300);
  assert.deepEqual(decoded(bytes).options, new Map([[12, Uint8Array.of(110, 49)]]));
});

test("a large option finds room in any field, and in parts where it finds none as a whole", () => {
  const [sample] = fc.sample(dhcpPacket, { numRuns: 1, seed: 1 });
  assert.ok(sample);
  const packet = { ...sample, file: "", sname: "" };
  const value = (length: number) => Uint8Array.from({ length }, (_, n) => n);
  const cases: [number, number][][] = [
    [[43, 200], [61, 120], [97, 50], [12, 60]], // 61 does not fit behind 43, but 97 and 12 do
    [[43, 250], [61, 200]], // fits nowhere as a whole
    [[61, 255], [43, 230]],
    [[67, 300], [43, 150]],
  ];
  for (const sizes of cases) {
    const options = new Map(sizes.map(([code, size]) => [code, value(size)]));
    const bytes = encodeDhcp({ ...packet, options }, 548);
    assert.ok(bytes, JSON.stringify(sizes));
    assert.ok(bytes.length <= 548);
    assert.deepEqual(decoded(bytes).options, options);
  }
  assert.equal(encodeDhcp({ ...packet, options: new Map([[43, value(500)]]) }, 548), undefined);
});

test("the names of a boot file and its server end with a NUL, for ROMs that read options as texts", () => {
  const [packet] = fc.sample(dhcpPacket, { numRuns: 1, seed: 1 });
  assert.ok(packet);
  for (const code of [OPTION.bootFile, OPTION.tftpServer]) {
    const name = new TextEncoder().encode("undionly.kpxe");
    for (const options of [new Map([[code, name]]), new Map([[code, name], [12, name]])]) {
      const bytes: Uint8Array = encodeDhcp({ ...packet, options }) ?? assert.fail();
      const at = bytes.indexOf(code, AT.options);
      assert.equal(bytes[at + 1], name.length, "the NUL is no part of it");
      assert.equal(bytes[at + 2 + name.length], 0);
      assert.deepEqual(decoded(bytes).options, options);
    }
  }
  const longest = encodeDhcp({ ...packet, file: "f".repeat(127), sname: "s".repeat(63), options: new Map() });
  assert.deepEqual([longest?.[AT.cookie - 1], longest?.[AT.file - 1]], [0, 0]);
  assert.throws(() => encodeDhcp({ ...packet, file: "f".repeat(128) }), RangeError);
  assert.throws(() => encodeDhcp({ ...packet, sname: "s".repeat(64) }), RangeError);
});

test(`fuzz: ${FUZZ_RUNS} inputs, whole, cut short and damaged, are decoded or told to be wrong`, () => {
  const damage = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 6 });
  const covered = createCoverage("damaged DHCP packets", ["taken", "refused", "read again"], 0.1);
  fc.assert(
    fc.property(dhcpPacket, damage, fc.nat(900), fc.boolean(), (packet, changes, length, cut) => {
      const bytes = encodeDhcp(packet, MAX_PACKET)?.slice(0, cut ? length : MAX_PACKET) ?? new Uint8Array();
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      const result = decodeDhcp(bytes);
      if (!result.ok) {
        covered.saw("refused");
        return assert.notEqual(result.problem, "");
      }
      describeClient(result.packet);
      const hasNuls = result.packet.sname.length <= 63 && result.packet.file.length <= 127; // we write none without
      const again = hasNuls ? encodeDhcp(result.packet, 2 * MAX_PACKET) : undefined;
      const isWritten = again !== undefined && again.length <= MAX_PACKET;
      covered.saw("taken", ...(isWritten ? ["read again" as const] : []));
      if (isWritten) assert.deepEqual(decoded(again), result.packet);
    }),
    { numRuns: FUZZ_RUNS },
  );
  covered.check();
});

test(`fuzz: ${FUZZ_RUNS} inputs of random options behind a good head do not make decodeDhcp() throw`, () => {
  const area = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 52, 82, 255)), { maxLength: 200 });
  const covered = createCoverage("random options", ["none is read", "some are read"], 0.02);
  fc.assert(
    fc.property(area, (options) => {
      const result = decodeDhcp(withOptions(...options));
      covered.saw(result.ok && result.packet.options.size > 0 ? "some are read" : "none is read");
      if (result.ok) describeClient(result.packet);
    }),
    { numRuns: FUZZ_RUNS },
  );
  covered.check();
});
