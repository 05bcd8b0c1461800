import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { generate, type Packet, parser } from "mqtt-packet";
import { MalformedPacketError } from "../../src/mqtt/client/decode.ts";
import { createPacketDecoder } from "../../src/mqtt/client/decoder.ts";
import { encodePacket } from "../../src/mqtt/client/encode.ts";
import type { ClientPacket, ServerPacket } from "../../src/mqtt/client/packets.ts";

const LIMIT = 100_000;
/** Where a stream is cut: nowhere now and then. */
const cuts = fc.oneof({ arbitrary: fc.constant([]), weight: 1 }, {
  arbitrary: fc.array(fc.nat(), { maxLength: 12 }),
  weight: 2,
});
const ids = fc.integer({ min: 1, max: 0xffff });
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(100, 127, 128, 129, 16_300, 16_384, 16_400, 70_000).map((length) => new Uint8Array(length).fill(7)),
);
/** Well-formed Unicode without U+0000. */
const texts = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll("\0", "?"));
const topics = fc.tuple(texts, fc.constantFrom("", "x".repeat(110), "é".repeat(8_200)))
  .map(([text, more]) => `t${text.replaceAll(/[+#]/g, "/")}${more}`);
const options = { noNullPrototype: true } as const;

const publishes = fc.record(
  { type: fc.constant("publish" as const), topic: topics, payload: payloads, retain: fc.boolean(), id: ids },
  { ...options, requiredKeys: ["type", "topic", "payload", "retain"] },
);
const pubacks = fc.record({ type: fc.constant("puback" as const), id: ids }, options);
const connects = fc.record({
  ...{ type: fc.constant("connect" as const), clientId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }) },
  keepalive: fc.integer({ min: 0, max: 0xffff }),
  credentials: fc.record({
    username: texts.filter((text) => text !== ""),
    password: texts.filter((text) => text !== ""),
  }, {
    ...options,
    requiredKeys: ["username"],
  }),
  will: fc.record({ topic: topics, payload: payloads.filter(({ length }) => length > 0 && length < 0x10000) }, options),
}, { ...options, requiredKeys: ["type", "clientId", "keepalive"] })
  .map(({ credentials, ...rest }) => ({ ...rest, ...credentials }));
const clientPackets: fc.Arbitrary<ClientPacket> = fc.oneof(
  connects,
  publishes,
  pubacks,
  fc.record(
    { type: fc.constant("subscribe" as const), id: ids, filters: fc.array(topics, { minLength: 1, maxLength: 5 }) },
    options,
  ),
  fc.record({ type: fc.constantFrom("pingreq" as const, "disconnect" as const) }, options),
);
const serverPackets: fc.Arbitrary<Exclude<ServerPacket, { type: "oversized" }>> = fc.oneof(
  fc.record(
    { type: fc.constant("connack" as const), sessionPresent: fc.boolean(), code: fc.integer({ min: 0, max: 5 }) },
    options,
  ),
  publishes,
  pubacks,
  fc.record({
    ...{ type: fc.constant("suback" as const), id: ids },
    codes: fc.array(fc.constantFrom(0, 1, 2, 128), { minLength: 1, maxLength: 200 }),
  }, options),
  fc.record({ type: fc.constant("pingresp" as const) }, options),
);

/** A packet of a client, as mqtt-packet names its parts. */
function expectedOf(packet: ClientPacket): Record<string, unknown> {
  switch (packet.type) {
    case "connect": {
      const { clientId, keepalive, username, password, will } = packet;
      return {
        ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId, keepalive },
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password) }),
        ...(will !== undefined && {
          will: { retain: true, qos: 1, topic: will.topic, payload: Buffer.from(will.payload) },
        }),
      };
    }
    case "publish": {
      const { topic, payload, retain, id } = packet;
      const quality = id === undefined ? { qos: 0 } : { qos: 1, messageId: id };
      return { cmd: "publish", topic, payload: Buffer.from(payload), retain, dup: false, ...quality };
    }
    case "puback":
      return { cmd: "puback", messageId: packet.id };
    case "subscribe":
      return {
        ...{ cmd: "subscribe", messageId: packet.id },
        subscriptions: packet.filters.map((topic) => ({ topic, qos: 1 })),
      };
    default:
      return { cmd: packet.type };
  }
}

/** The bytes that mqtt-packet makes of a packet of a server. */
function generated(packet: Exclude<ServerPacket, { type: "oversized" }>): Uint8Array {
  switch (packet.type) {
    case "connack":
      return generate({ cmd: "connack", sessionPresent: packet.sessionPresent, returnCode: packet.code });
    case "publish": {
      const { topic, payload, retain, id } = packet;
      const quality = id === undefined ? { qos: 0 as const } : { qos: 1 as const, messageId: id };
      return generate({ cmd: "publish", topic, payload: Buffer.from(payload), retain, dup: false, ...quality });
    }
    case "puback":
      return generate({ cmd: "puback", messageId: packet.id });
    case "suback":
      return generate({ cmd: "suback", messageId: packet.id, granted: [...packet.codes] });
    case "pingresp":
      return generate({ cmd: "pingresp" });
  }
}

/** What a decoder makes of a stream that is cut into pieces. Each piece is thrown away after it was read. */
function decoded(pieces: readonly Uint8Array[], limit = LIMIT): ServerPacket[] {
  const decoder = createPacketDecoder(limit);
  return pieces.flatMap((piece) => [...decoder.push(piece)].map(plain));
}

/** With payloads as plain bytes, for comparison. */
function plain<P extends ServerPacket>(packet: P): P {
  return "payload" in packet ? { ...packet, payload: Uint8Array.from(packet.payload) } : packet;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.slice(edges[index], end));
}

test("mqtt-packet reads what encodePacket() writes", () => {
  const covered = createCoverage(
    "packets of clients",
    ["connect", "publish", "puback", "subscribe", "pingreq", "disconnect", "with a will", "with a password"],
    0.05,
  );
  fc.assert(
    fc.property(clientPackets, (packet) => {
      covered.saw(
        packet.type,
        ...(packet.type === "connect" && packet.will !== undefined ? ["with a will" as const] : []),
        ...(packet.type === "connect" && packet.password !== undefined ? ["with a password" as const] : []),
      );
      const seen: Packet[] = [];
      const reader = parser({ protocolVersion: 4 });
      reader.on("packet", (found: Packet) => seen.push(found));
      reader.on("error", (error: Error) => assert.fail(error));
      reader.parse(Buffer.from(encodePacket(packet)));
      assert.equal(seen.length, 1);
      const expected = expectedOf(packet);
      const { [0]: found = {} } = seen;
      assert.deepEqual(pick(found, Object.keys(expected)), expected);
    }),
    { numRuns: 400 },
  );
  covered.check();
});

/** The parts of an object by these names. */
function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const parts = new Map(Object.entries(from));
  return Object.fromEntries(names.map((name) => [name, normal(parts.get(name))]));
}

/** Without what mqtt-packet adds to a will. */
function normal(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Buffer.isBuffer(value) || Array.isArray(value)) return value;
  const { properties: _properties, ...rest } = Object.fromEntries(Object.entries(value));
  return rest;
}

test("a decoder reads what mqtt-packet writes, wherever the stream is cut", () => {
  const covered = createCoverage(
    "packets of servers",
    ["connack", "publish", "puback", "suback", "pingresp", "in one piece", "cut"],
    0.15,
  );
  fc.assert(
    fc.property(
      fc.array(serverPackets, { maxLength: 6 }),
      cuts,
      (packets, places) => {
        covered.saw(...packets.map(({ type }) => type), places.length === 0 ? "in one piece" : "cut");
        const bytes = Buffer.concat(packets.map(generated));
        assert.deepEqual(decoded(cut(bytes, places)), packets.map(plain));
      },
    ),
    { numRuns: 200 },
  );
  covered.check();
});

test("a decoder reads a stream at every split into two, and byte by byte", () => {
  const covered = createCoverage("splits", ["one packet", "several packets"], 0.3);
  fc.assert(
    fc.property(fc.array(serverPackets, { minLength: 1, maxLength: 3 }), (packets) => {
      const bytes = Buffer.concat(packets.map(generated));
      fc.pre(bytes.length < 400);
      const expected = packets.map(plain);
      covered.saw(packets.length === 1 ? "one packet" : "several packets");
      for (let at = 0; at <= bytes.length; at++) assert.deepEqual(decoded(cut(bytes, [at])), expected);
      assert.deepEqual(decoded([...bytes].map((byte) => Uint8Array.of(byte))), expected);
    }),
    { numRuns: 60 },
  );
  covered.check();
});

test("garbage makes a decoder throw MalformedPacketError or nothing, and hold no more than its limit", () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // What begins as a packet does.
    fc.tuple(
      fc.constantFrom(0x20, 0x30, 0x31, 0x32, 0x33, 0x34, 0x3d, 0x40, 0x90, 0xd0),
      fc.uint8Array({ maxLength: 60 }),
    )
      .map(([first, rest]) => Uint8Array.of(first, ...rest)),
    // A packet of which a byte was changed.
    fc.tuple(serverPackets, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([packet, at, byte]) => {
      const bytes = Uint8Array.from(generated(packet));
      bytes[at % Math.min(bytes.length, 40)] = byte;
      return bytes;
    }),
  );
  const covered = createCoverage("garbage", ["refused", "nothing", "packets all the same"], 0.01);
  fc.assert(
    fc.property(fc.array(garbage, { maxLength: 4 }), fc.integer({ min: 4, max: 300 }), (pieces, limit) => {
      let given = 0;
      let found: "refused" | "nothing" | "packets all the same" = "nothing";
      const decoder = createPacketDecoder(limit);
      try {
        for (const piece of pieces) {
          given += piece.length;
          for (const packet of decoder.push(piece)) {
            found = "packets all the same";
            if (packet.type !== "publish") continue;
            assert.ok(packet.payload.length <= Math.min(limit, given));
          }
        }
      } catch (error) {
        assert.ok(error instanceof MalformedPacketError, String(error));
        found = "refused";
      }
      covered.saw(found);
    }),
    { numRuns: 1_000 },
  );
  covered.check();
});

test("a message over the limit is passed over, and the next one read", () => {
  const topic = "kraken/1/demo/p/c/down";
  const long = { cmd: "publish", topic, retain: false, dup: false } as const;
  const payload = Buffer.alloc(5_000, 1);
  const after = { type: "publish", topic: "t", payload: Uint8Array.of(1), retain: false, id: 3 } as const;
  const bytes = Buffer.concat([
    generate({ ...long, qos: 1, messageId: 9, payload }),
    generate({ ...long, qos: 0, payload }),
    generated(after),
  ]);
  const length = 2 + topic.length + 5_000;
  const covered = createCoverage("messages over the limit", ["in one piece", "cut"], 0.2);
  fc.assert(fc.property(cuts, (places) => {
    covered.saw(places.length === 0 ? "in one piece" : "cut");
    assert.deepEqual(decoded(cut(bytes, places), 1_000), [
      { type: "oversized", topic, length: length + 2, id: 9 },
      { type: "oversized", topic, length },
      after,
    ]);
  }));
  covered.check();
});

test("a length takes one byte to four", () => {
  for (const length of [3, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const payload = Buffer.alloc(length - 3);
    const bytes = generate({ cmd: "publish", topic: "t", payload, qos: 0, retain: false, dup: false });
    const digits = length < 2 ** 7 ? 1 : length < 2 ** 14 ? 2 : length < 2 ** 21 ? 3 : 4;
    assert.equal(bytes.length, 1 + digits + length);
    const [packet, ...more] = decoded([bytes, generate({ cmd: "pingresp" })]);
    assert.equal(
      packet?.type === "publish" ? packet.payload.length : packet?.type === "oversized" && packet.length - 3,
      length - 3,
    );
    assert.deepEqual(more, [{ type: "pingresp" }]);
    const encoded = encodePacket({ type: "publish", topic: "t", payload, retain: false });
    assert.equal(Buffer.compare(encoded, bytes), 0);
  }
});

test("a topic stays as it is, also where it begins with a byte order mark", () => {
  const topic = "\ufefft";
  const bytes = generate({ cmd: "publish", topic, payload: Buffer.of(1), qos: 0, retain: false, dup: false });
  assert.deepEqual(decoded([bytes]).map((packet) => packet.type === "publish" && packet.topic), [topic]);
});

test("what is no packet of a server is seen at its first byte", () => {
  for (const first of [0x00, 0x10, 0x50, 0x80, 0xc0, 0xf0, 0x34, 0x41]) {
    assert.throws(() => decoded([Uint8Array.of(first)]), MalformedPacketError, String(first));
  }
  assert.deepEqual(decoded([Uint8Array.of(0x30)]), []);
});

test("a message that is as long as the limit is taken whole, and a longer one is not", () => {
  for (const [length, type] of [[1_000, "publish"], [1_001, "oversized"]] as const) {
    const payload = Buffer.alloc(length - 3);
    const bytes = generate({ cmd: "publish", topic: "t", payload, qos: 0, retain: false, dup: false });
    for (const pieces of [[bytes], cut(bytes, [500])]) {
      assert.deepEqual(decoded(pieces, 1_000).map((packet) => packet.type), [type]);
    }
  }
});

test("a decoder refuses what a server may not send", () => {
  const refused: readonly (readonly [RegExp, readonly number[]])[] = [
    [/remaining length of more than four bytes/, [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [/packet type 5: /, [0x50, 2, 0, 1]], // PUBREC: QoS 2 was not asked for
    [/packet type 0: /, [0x00, 0]],
    [/PUBLISH with QoS 2/, [0x34, 6, 0, 1, 97, 0, 1, 1]],
    [/PUBLISH with QoS 3/, [0x36, 6, 0, 1, 97, 0, 1, 1]],
    [/an empty topic or wildcards/, [0x30, 3, 0, 1, 0x23]],
    [/an empty topic or wildcards/, [0x30, 2, 0, 0]],
    [/topic that is not UTF-8/, [0x30, 3, 0, 1, 0xff]],
    [/topic with U\+0000/, [0x30, 3, 0, 1, 0]],
    [/topic beyond its end/, [0x30, 3, 0, 2, 97]],
    [/packet identifier of 0/, [0x40, 2, 0, 0]],
    [/PUBACK of 3 bytes/, [0x40, 3, 0, 1, 0]],
    [/packet type 4 with flags 2/, [0x42, 2, 0, 1]],
    [/CONNACK with flags 2/, [0x20, 2, 2, 0]],
    [/PUBACK of 1 bytes/, [0x40, 1, 1]],
    [/CONNACK of 1 bytes/, [0x20, 1, 0]],
    [/CONNACK of 3 bytes/, [0x20, 3, 0, 0, 0]],
    [/PINGRESP of 1 bytes: expected 0/, [0xd0, 1, 0]],
    [/a packet of 0 bytes: expected more/, [0x30, 0]],
    [/a packet of 1 bytes: expected more/, [0x30, 1, 0]],
    [/a packet of 3 bytes: expected more/, [0x32, 3, 0, 1, 97]],
    [/a packet of 4 bytes: expected more/, [0x32, 4, 0, 1, 97, 0]],
    [/SUBACK of 2 bytes/, [0x90, 2, 0, 1]],
    [/SUBACK with return code 3/, [0x90, 3, 0, 1, 3]],
    [/packet type 9 of 200000 bytes/, [0x90, 0xc0, 0x9a, 0x0c, ...new Uint8Array(200_000)]],
  ];
  for (const [problem, bytes] of refused) {
    assert.throws(() => decoded([Uint8Array.from(bytes)]), (error) => {
      return error instanceof MalformedPacketError && problem.test(error.message);
    }, String(problem));
  }
});

test("a CONNECT has the flags of what is in it, and its parts in their order (section 3.1)", () => {
  const flagsOf = (more: object) => encodePacket({ type: "connect", clientId: "c", keepalive: 300, ...more })[9];
  const will = { topic: "t", payload: Uint8Array.of(7) };
  assert.deepEqual([flagsOf({}), flagsOf({ will }), flagsOf({ username: "u" })], [0b10, 0b10_1110, 0b1000_0010]);
  assert.equal(flagsOf({ username: "u", password: "p", will }), 0b1110_1110);
  const packet = { type: "connect", clientId: "c", keepalive: 300, username: "u", password: "p", will } as const;
  const parts = [..."\0\x04MQTT\x04\xee\x01\x2c\0\x01c\0\x01t\0\x01\x07\0\x01u\0\x01p"].map((char) =>
    char.charCodeAt(0)
  );
  assert.deepEqual([...encodePacket(packet)], [0x10, parts.length, ...parts]);
  assert.deepEqual([...encodePacket({ type: "connect", clientId: "c", keepalive: 0, username: "u" })].slice(12), [
    ...[0, 1, 99, 0, 1, 117],
  ]);
});

test("a PUBLISH has the flags of its quality and of whether it is retained (section 3.3.1)", () => {
  const firstOf = (retain: boolean, id?: number) =>
    encodePacket({
      type: "publish",
      topic: "t",
      payload: Uint8Array.of(1),
      retain,
      ...(id !== undefined && { id }),
    })[0];
  assert.deepEqual([firstOf(false), firstOf(true), firstOf(false, 7), firstOf(true, 7)], [0x30, 0x31, 0x32, 0x33]);
});

test("texts and numbers are taken up to what two bytes can tell", () => {
  const connect = { type: "connect", clientId: "c", keepalive: 0 } as const;
  for (const clientId of ["x".repeat(65_535), "x".repeat(300)]) {
    const bytes = encodePacket({ ...connect, clientId });
    const at = bytes.length - clientId.length - 2;
    assert.equal((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0), clientId.length);
  }
  assert.throws(() => encodePacket({ ...connect, clientId: "x".repeat(65_536) }), /a client id of 65536 bytes/);
  assert.deepEqual([...encodePacket({ ...connect, keepalive: 65_535 })].slice(10, 12), [255, 255]);
  for (const keepalive of [-1, 0.5, 65_536, NaN]) {
    assert.throws(() => encodePacket({ ...connect, keepalive }), /Cannot encode a keep-alive of/, String(keepalive));
  }
  assert.deepEqual([...encodePacket({ type: "puback", id: 65_535 })], [0x40, 2, 255, 255]);
});

test("encodePacket() refuses what the protocol can't tell", () => {
  const publish = { type: "publish", topic: "t", payload: new Uint8Array(0), retain: false } as const;
  const connect = { type: "connect", clientId: "c", keepalive: 10 } as const;
  assert.throws(() => encodePacket({ ...publish, topic: "é".repeat(40_000) }), /a topic of 80000 bytes/);
  assert.throws(() => encodePacket({ ...publish, id: 0 }), /packet identifier of 0/);
  assert.throws(() => encodePacket({ ...publish, id: 65_536 }), /packet identifier of 65536/);
  assert.throws(() => encodePacket({ ...connect, keepalive: 70_000 }), /keep-alive of 70000/);
  assert.throws(() => encodePacket({ ...connect, password: "p" }), /password and no user name/);
  assert.throws(() => encodePacket({ type: "subscribe", id: 1, filters: [] }), /without a filter/);
});
