import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { createConnectionLimit } from "../../aggregator/broker/connection_limit.ts";

const ADDRESSES = ["n1", "n2", "n3", "s1", "s2", "s3", "s4"];
const isFor = (address: string) => address.startsWith("n");

test("connections are bounded in all and by address, and others do not take the places that are kept", () => {
  const step = fc.record({ address: fc.constantFrom(...ADDRESSES), closes: fc.option(fc.nat()) });
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const limit = createConnectionLimit({ all: 8, perAddress: 3, kept: { places: 3, isFor } });
    let open: { readonly address: string; readonly socket: Socket }[] = [];
    const count = (fits: (address: string) => boolean) => open.filter(({ address }) => fits(address)).length;
    for (const { address, closes } of steps) {
      if (closes !== null) {
        const closed = open[closes % Math.max(1, open.length)];
        closed?.socket.emit("close");
        open = open.filter((each) => each !== closed);
        continue;
      }
      const socket = Object.defineProperty(new Socket(), "remoteAddress", { value: address });
      const isFull = open.length === 8 || count((each) => each === address) === 3 ||
        (!isFor(address) && count((each) => !isFor(each)) === 5);
      assert.equal(limit.admit(socket), !isFull);
      if (!isFull) open.push({ address, socket });
      assert.equal(limit.open, open.length);
    }
  }));
});
