import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPacketGate } from "../../aggregator/broker/packet_gate.ts";
import { packetHead } from "./raw_client.ts";

const LIMIT = 1_000;

/** Feeds bytes in pieces. @returns Whether all of them were admitted. */
function admitted(bytes: readonly number[], cuts: readonly number[]): boolean {
  const gate = createPacketGate(LIMIT);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (!gate.admits(Uint8Array.from(bytes.slice(from, to)))) return false;
    from = to;
  }
  assert.equal(gate.isBetween, true);
  return true;
}

function packet(length: number): number[] {
  return [...packetHead(0x30, length), ...Array<number>(length).fill(0xff)];
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

test("packets within the limit pass, however the stream is cut", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: LIMIT }), { maxLength: 8 });
  fc.assert(fc.property(lengths, cuts, (sizes, places) => {
    assert.equal(admitted(sizes.flatMap(packet), places), true);
  }));
});

test("a packet above the limit is seen by its head, wherever it comes and however the stream is cut", () => {
  const before = fc.array(fc.integer({ min: 0, max: LIMIT }), { maxLength: 4 });
  fc.assert(fc.property(before, fc.integer({ min: LIMIT + 1, max: 2 ** 28 - 1 }), cuts, (sizes, large, places) => {
    assert.equal(admitted([...sizes.flatMap(packet), ...packetHead(0x30, large)], places), false);
  }));
});

test("a length of more than four bytes is refused", () => {
  assert.equal(admitted([0x30, 0x80, 0x80, 0x80, 0x80, 0x00], []), false);
});
