import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { generate } from "mqtt-packet";
import { sievePublishes } from "../../aggregator/broker/publish_sieve.ts";
import { packetHead } from "./raw_client.ts";

interface Sent {
  readonly topic: string;
  readonly payload: readonly number[];
  readonly id: number | undefined;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  topic: fc.stringMatching(/^[a-zé/]{1,40}$/),
  payload: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 }),
  id: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
}, { noNullPrototype: true });

/** Written by another codec. */
function publishBytes({ topic, payload, id }: Sent, retain = false): Buffer {
  const fields = { cmd: "publish", topic, payload: Buffer.from(payload), retain, dup: id !== undefined } as const;
  return id === undefined
    ? generate({ ...fields, dup: false, qos: 0 })
    : generate({ ...fields, qos: 1, messageId: id });
}

/** What is taken, and what is left. */
function sieve(bytes: Uint8Array, most = Infinity): { taken: Sent[]; left: Uint8Array | undefined } {
  const taken: Sent[] = [];
  const left = sievePublishes(bytes, ({ topic, payload, id }) => {
    if (taken.length === most) return false;
    taken.push({ topic: Buffer.from(topic).toString(), payload: [...payload], id });
    return true;
  });
  return { taken, left };
}

test("plain publishes are taken as another codec has written them; what another packet begins is left", () => {
  const others = fc.constantFrom<() => Buffer>(
    () => generate({ cmd: "pingreq" }),
    () => generate({ cmd: "puback", messageId: 7 }),
    () => publishBytes({ topic: "kept", payload: [1], id: 2 }, true),
    () =>
      generate({ ...{ cmd: "publish", topic: "twice", payload: "", retain: false, dup: false }, qos: 2, messageId: 3 }),
    () => Buffer.alloc(0),
  );
  const covered = createCoverage("plain publishes", [
    ...["three packets or more", "a payload of more than 127 bytes", "QoS 1", "another packet after them"],
  ]);
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 5 }), others, fc.array(sent, { maxLength: 2 }), (first, other, last) => {
      const rest = other().length === 0 ? [] : [other(), ...last.map((each) => publishBytes(each))];
      const left = Buffer.concat(rest);
      const all = sieve(Buffer.concat([...first.map((each) => publishBytes(each)), left]));
      assert.deepEqual(all.taken, first);
      assert.deepEqual(Buffer.from(all.left ?? []), left);
      covered.saw(
        ...first.length >= 3 ? ["three packets or more"] : [],
        ...first.some(({ payload }) => payload.length > 127) ? ["a payload of more than 127 bytes"] : [],
        ...first.some(({ id }) => id !== undefined) ? ["QoS 1"] : [],
        ...first.length > 0 && left.length > 0 ? ["another packet after them"] : [],
      );
    }),
  );
  covered.check();
});

test("a packet is taken once its last byte is there, and its parts are what its bytes say", () => {
  const plain = [0x30, 5, 0, 2, 0x61, 0x62, 9];
  const acked = [0x32, 7, 0, 2, 0x61, 0x62, 1, 2, 9];
  assert.deepEqual(sieve(Uint8Array.from(plain)), {
    taken: [{ topic: "ab", payload: [9], id: undefined }],
    left: undefined,
  });
  assert.deepEqual(sieve(Uint8Array.from(acked)), { taken: [{ topic: "ab", payload: [9], id: 258 }], left: undefined });
  const again = Uint8Array.from([0x3a, ...acked.slice(1)]); // DUP
  assert.deepEqual(sieve(again).taken, [{ topic: "ab", payload: [9], id: 258 }]);
  for (const bytes of [plain, acked]) {
    for (let length = 0; length < bytes.length; length++) {
      const some = Uint8Array.from(bytes.slice(0, length));
      assert.deepEqual(sieve(some), { taken: [], left: some }, String(length));
    }
    const left = sieve(Uint8Array.from([...bytes, 0xc0, 0])).left;
    assert.deepEqual([...left ?? []], [0xc0, 0]);
  }
  for (const first of [0x00, 0x10, 0x31, 0x33, 0x34, 0x36, 0x40, 0xb0]) {
    assert.deepEqual(sieve(Uint8Array.from([first, ...plain.slice(1)])).taken, [], first.toString(16));
  }
  const empty = [0x32, 6, 0, 2, 0x61, 0x62, 0, 1];
  assert.deepEqual(sieve(Uint8Array.from(empty)).taken, [{ topic: "ab", payload: [], id: 1 }]);
  assert.deepEqual(sieve(Uint8Array.from([0x30, 2, 0, 0])).taken, [{ topic: "", payload: [], id: undefined }]);
});

test("a length is read from one byte to four", () => {
  for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const bytes = publishBytes({ topic: "t", payload: [], id: undefined });
    const body = Buffer.alloc(length);
    body.set([0, 1, 0x74]);
    const whole = Buffer.concat([packetHead(0x30, length), body]);
    const { taken, left } = sieve(Buffer.concat([whole, bytes]));
    assert.deepEqual([taken.map(({ payload }) => payload.length), left], [[length - 3, 0], undefined]);
    assert.equal(sieve(whole.subarray(0, whole.length - 1)).taken.length, 0);
  }
});

test("a packet that is not there as a whole, or is not taken, is left with all that comes after it", () => {
  const covered = createCoverage("streams that are cut", ["within a packet", "none is taken"], 0.15);
  fc.assert(fc.property(fc.array(sent, { minLength: 1, maxLength: 5 }), fc.nat(), (all, place) => {
    const packets = all.map((each) => publishBytes(each));
    const bytes = Buffer.concat(packets);
    const cut = place % bytes.length;
    const whole = packets.filter((_packet, index) => Buffer.concat(packets.slice(0, index + 1)).length <= cut).length;
    const some = sieve(bytes.subarray(0, cut));
    assert.deepEqual(some.taken, all.slice(0, whole));
    assert.deepEqual(Buffer.from(some.left ?? []), bytes.subarray(Buffer.concat(packets.slice(0, whole)).length, cut));
    const most = place % (all.length + 1);
    covered.saw(
      ...((some.left?.length ?? 0) > 0 ? ["within a packet" as const] : []),
      ...(most === 0 ? ["none is taken" as const] : []),
    );
    assert.deepEqual(Buffer.from(sieve(bytes, most).left ?? []), Buffer.concat(packets.slice(most)));
  }));
  covered.check();
});

test("bytes that are no MQTT are taken in without harm, and what is malformed is left to the broker", () => {
  const covered = createCoverage("bytes that are no MQTT", ["as a PUBLISH begins", "otherwise"], 0.3);
  const begun = fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.of(0x30, ...rest));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), begun), (bytes) => {
    covered.saw(bytes[0] === 0x30 ? "as a PUBLISH begins" : "otherwise");
    sieve(bytes);
  }));
  covered.check();
  const malformed = [
    [0x30, 3, 0, 9, 1], // a topic that is longer than the packet
    [0x32, 4, 0, 2, 0x61, 0x62], // no packet identifier
    [0x32, 6, 0, 2, 0x61, 0x62, 0, 0], // packet identifier 0
    [0x30, 0x80, 0x80, 0x80, 0x80, 1], // a length of more than four bytes
    [0x30, 1, 0],
  ];
  for (const bytes of malformed) {
    assert.deepEqual(sieve(Uint8Array.from(bytes)), { taken: [], left: Uint8Array.from(bytes) });
  }
});
