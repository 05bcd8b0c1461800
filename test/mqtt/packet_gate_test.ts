import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createPacketGate, gateSocket } from "../../aggregator/broker/packet_gate.ts";
import { packetHead } from "./raw_client.ts";

const LIMIT = 1_000;
const FIRST = 200;
const CONNECT = 0x10;

/** Feeds bytes in pieces. @returns Whether all of them were admitted. */
function admitted(bytes: readonly number[], cuts: readonly number[]): boolean {
  const gate = createPacketGate({ first: FIRST, max: LIMIT });
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (!gate.admits(Uint8Array.from(bytes.slice(from, to)))) return false;
    from = to;
  }
  assert.equal(gate.isBetween, true);
  return true;
}

function packet(length: number, first = 0x30): number[] {
  return [...packetHead(first, length), ...Array<number>(length).fill(0xff)];
}

/** What a stream may be like, and has to be like now and then. */
const STREAMS = ["in one piece", "cut", "cut within a head", "several packets"] as const;

/** @param lengths Of the packets, without their heads. */
function kindsOf(lengths: readonly number[], cuts: readonly number[]): (typeof STREAMS[number])[] {
  const heads: { readonly from: number; readonly to: number }[] = [];
  let end = 0;
  for (const length of lengths) {
    const to = end + packetHead(0x30, length).length;
    heads.push({ from: end, to });
    end = to + length;
  }
  const places = cuts.map((cut) => cut % (end + 1)).filter((place) => place > 0 && place < end);
  const found: { readonly [kind in typeof STREAMS[number]]: boolean } = {
    "in one piece": places.length === 0,
    "cut": places.length > 0,
    "cut within a head": places.some((place) => heads.some(({ from, to }) => place > from && place < to)),
    "several packets": lengths.length > 1,
  };
  return STREAMS.filter((kind) => found[kind]);
}

const size = fc.integer({ min: 0, max: FIRST });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

test("packets within the limit pass, however the stream is cut", () => {
  const covered = createCoverage("packets within the limit", STREAMS, 0.04);
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: LIMIT }), fc.nat(3)), { maxLength: 8 });
  fc.assert(
    fc.property(size, lengths, cuts, (connect, sizes, places) => {
      const bytes = [...packet(connect, CONNECT), ...sizes.flatMap((length) => packet(length))];
      covered.saw(...kindsOf([connect, ...sizes], places));
      assert.equal(admitted(bytes, places), true);
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("a packet above the limit is seen by its head, wherever it comes and however the stream is cut", () => {
  const covered = createCoverage("packets above the limit", ["the first after CONNECT", "later", "cut"], 0.15);
  const before = fc.array(fc.integer({ min: 0, max: LIMIT }), { maxLength: 4 });
  fc.assert(fc.property(before, fc.integer({ min: LIMIT + 1, max: 2 ** 28 - 1 }), cuts, (sizes, large, places) => {
    covered.saw(
      sizes.length === 0 ? "the first after CONNECT" : "later",
      ...(places.length > 0 ? ["cut" as const] : []),
    );
    assert.equal(
      admitted([
        ...packet(10, CONNECT),
        ...sizes.flatMap((length) => packet(length)),
        ...packetHead(0x30, large),
      ], places),
      false,
    );
  }));
  covered.check();
});

test("packets up to the limit pass and the first one above it does not, also the first of all", () => {
  assert.equal(admitted([...packet(FIRST, CONNECT), ...packet(LIMIT), ...packet(0), ...packet(LIMIT)], []), true);
  assert.equal(admitted(packet(FIRST + 1, CONNECT), []), false);
  assert.equal(admitted([...packet(0, CONNECT), ...packetHead(0x30, LIMIT + 1)], []), false);
  assert.equal(admitted([...packet(1, CONNECT), ...packet(5, CONNECT)], [3]), true);
  for (const first of [0x00, 0x11, 0x20, 0x30, 0xff]) assert.equal(admitted(packet(1, first), []), false);
});

test("a gate knows where packets begin, and whether the first is over", () => {
  const gate = createPacketGate({ first: FIRST, max: LIMIT });
  const states: string[] = [];
  for (const byte of [CONNECT, 2, 0xff, 0xff, 0x30, 0x81, 0x00, 0xff, 0xd0, 0]) {
    assert.equal(gate.admits(Uint8Array.of(byte)), true);
    states.push(`${gate.isBetween ? "between" : "within"}${gate.isFirst ? " first" : ""}`);
  }
  assert.deepEqual(states, [
    ...["within first", "within", "within", "between", "within", "within", "within", "between", "within", "between"],
  ]);
});

/** A socket of which a test says what has arrived. */
function makeSocket() {
  const socket = new Socket();
  const arrived: Uint8Array[] = [];
  const problems: string[] = [];
  socket.read = () => arrived.shift() ?? null;
  socket.destroy = (error) => {
    problems.push(error?.message ?? "");
    return socket;
  };
  return { socket, arrived, problems };
}

test("a reader of a gated socket gets all that has arrived, and whoever sieves it sees what begins with a packet first", () => {
  const { socket, arrived, problems } = makeSocket();
  const sieved: number[][] = [];
  let left: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes;
  gateSocket(socket, { first: FIRST, max: LIMIT }, (bytes) => {
    sieved.push([...bytes]);
    return left(bytes);
  });
  const read = () => {
    const chunk: unknown = socket.read();
    return chunk instanceof Uint8Array ? [...chunk] : chunk;
  };
  assert.equal(read(), null);
  arrived.push(Uint8Array.of(CONNECT, 1, 7), Uint8Array.of(0x30, 2, 8), Uint8Array.of(9));
  assert.deepEqual(read(), [CONNECT, 1, 7, 0x30, 2, 8, 9]);
  assert.deepEqual(sieved, [[CONNECT, 1, 7], [0x30, 2, 8]], "what goes on with a packet is not for the sieve");
  arrived.push(Uint8Array.of(0xc0, 0));
  assert.deepEqual(read(), [0xc0, 0]);
  left = () => undefined;
  arrived.push(Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 0));
  assert.equal(read(), null, "all was taken");
  left = (bytes) => bytes.subarray(2);
  arrived.push(Uint8Array.of(0x30, 0, 0xc0, 0));
  assert.deepEqual([read(), problems], [[0xc0, 0], []]);
});

test("a socket that brings what it must not is destroyed with why, and nothing of that is read", () => {
  const cases = [
    [[Uint8Array.of(0x30, 1)], `First packet is no CONNECT of at most ${FIRST} bytes`],
    [[packetHead(CONNECT, FIRST + 1)], `First packet is no CONNECT of at most ${FIRST} bytes`],
    [[Uint8Array.of(CONNECT, 0), packetHead(0x30, LIMIT + 1)], `Packet is larger than ${LIMIT} bytes`],
  ] as const;
  for (const [chunks, why] of cases) {
    const { socket, arrived, problems } = makeSocket();
    gateSocket(socket, { first: FIRST, max: LIMIT }, (bytes) => bytes);
    arrived.push(...chunks);
    assert.deepEqual([socket.read(), problems], [null, [why]]);
  }
});

test("a length of more than four bytes is refused", () => {
  assert.equal(admitted([CONNECT, 0x80, 0x80, 0x80, 0x80, 0x00], []), false);
});

test("who has not introduced itself may send a small CONNECT and nothing else", () => {
  const covered = createCoverage("what comes first", ["a large CONNECT", "another packet", "a cut"], 0.3);
  const large = fc.integer({ min: FIRST + 1, max: LIMIT });
  fc.assert(fc.property(large, cuts, (length, places) => {
    covered.saw("a large CONNECT", ...(places.length > 0 ? ["a cut" as const] : []));
    assert.equal(admitted(packet(length, CONNECT), places), false);
  }));
  const other = fc.integer({ min: 0, max: 255 }).filter((byte) => byte !== CONNECT);
  fc.assert(fc.property(other, size, cuts, (byte, length, places) => {
    covered.saw("another packet", ...(places.length > 0 ? ["a cut" as const] : []));
    assert.equal(admitted(packet(length, byte), places), false);
  }));
  covered.check();
});
