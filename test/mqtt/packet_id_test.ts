import assert from "node:assert/strict";
import { test } from "node:test";
import { nextPacketId } from "../../src/mqtt/client/session.ts";

test("a packet identifier is the next one that is not in use, from 1 to 65,535", () => {
  const used = (...ids: number[]) => new Set(ids);
  assert.equal(nextPacketId(0, used()), 1);
  assert.equal(nextPacketId(7, used(7, 9)), 8);
  assert.equal(nextPacketId(7, used(8, 9, 11)), 10);
  assert.equal(nextPacketId(65_534, used()), 65_535);
  assert.equal(nextPacketId(65_535, used()), 1);
  assert.equal(nextPacketId(65_534, used(65_535, 1, 2)), 3);
});
