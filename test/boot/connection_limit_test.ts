import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createConnectionLimit } from "../../aggregator/broker/connection_limit.ts";

const ADDRESSES = ["n1", "n2", "n3", "s1", "s2", "s3", "s4"];
const isFor = (address: string) => address.startsWith("n");
/** Two connections come for each that goes, so that the limits are reached. */
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ address: fc.constantFrom("n1", "s1", ...ADDRESSES), closes: fc.constant(null) }),
  },
  { weight: 1, arbitrary: fc.record({ address: fc.constant(""), closes: fc.nat() }) },
);

/** A connection from an address. */
function socketFrom(address: string): Socket {
  return Object.defineProperty(new Socket(), "remoteAddress", { value: address });
}

test("connections are bounded in all and by address, and others do not take the places that are kept", () => {
  const covered = createCoverage("connections", ["all", "address", "kept", "let in", "closed"], 0.3);
  fc.assert(fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
    const limit = createConnectionLimit({ all: 8, perAddress: 3, kept: { places: 3, isFor } });
    const seen = new Set<"all" | "address" | "kept" | "let in" | "closed">();
    let open: { readonly address: string; readonly socket: Socket }[] = [];
    const count = (fits: (address: string) => boolean) => open.filter(({ address }) => fits(address)).length;
    for (const { address, closes } of steps) {
      if (closes !== null) {
        const closed = open[closes % Math.max(1, open.length)];
        closed?.socket.emit("close");
        if (closed !== undefined) seen.add("closed");
        open = open.filter((each) => each !== closed);
        assert.equal(limit.open, open.length);
        continue;
      }
      const socket = socketFrom(address);
      const against = open.length === 8
        ? "all"
        : count((each) => each === address) === 3
        ? "address"
        : !isFor(address) && count((each) => !isFor(each)) === 5
        ? "kept"
        : undefined;
      seen.add(against ?? "let in");
      assert.equal(limit.admit(socket), against === undefined, against);
      if (against === undefined) open.push({ address, socket });
      assert.equal(limit.open, open.length);
    }
    covered.saw(...seen);
  }));
  covered.check();
});

test("the last place of each limit is given out, and the one after it is not", () => {
  const admitted = (limits: Parameters<typeof createConnectionLimit>[0], addresses: readonly string[]) => {
    const limit = createConnectionLimit(limits);
    return addresses.map((address) => limit.admit(socketFrom(address)));
  };
  const kept = { places: 2, isFor };
  assert.deepEqual(admitted({ all: 4, perAddress: 9, kept }, ["n1", "n2", "n3", "n4", "n5"]), [
    ...[true, true, true, true, false],
  ]);
  assert.deepEqual(admitted({ all: 9, perAddress: 2, kept }, ["n1", "n1", "n1", "n2"]), [true, true, false, true]);
  assert.deepEqual(admitted({ all: 4, perAddress: 9, kept }, ["s1", "s2", "s3", "n1", "n2", "n3"]), [
    ...[true, true, false, true, true, false],
  ]);
});
