import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../support/property.ts";
import { createSlots, type Slot, type SlotLimits } from "../../aggregator/boot/tftp/slots.ts";

const LIMITS: SlotLimits = { transfers: 8, kept: 3, perClient: 3, halfOpen: 5 };
/** Addresses of known machines begin with k. */
const ADDRESSES = ["k1", "k2", "k3", "s1", "s2", "s3", "s4"];
const isKnown = (address: string) => address.startsWith("k");

type State = "waiting" | "answered" | "pushed out" | "left";
interface Transfer {
  readonly address: string;
  readonly slot: Slot;
  state: State;
}

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("enter" as const), address: fc.constantFrom(...ADDRESSES) }) },
  fc.record({ do: fc.constantFrom("answer" as const, "leave" as const), which: fc.nat() }),
);

test("whatever comes in whatever order, places are bounded, and strangers neither push known machines out nor take all places", () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 150 }), (actions) => {
    const slots = createSlots(LIMITS);
    const all: Transfer[] = [];
    let asking = "";
    const count = (state: State, fits: (address: string) => boolean = () => true) =>
      all.filter((each) => each.state === state && fits(each.address)).length;
    for (const step of actions) {
      if (step.do === "enter") {
        const { address } = step;
        asking = address;
        const isFull = count("answered") === LIMITS.transfers ||
          count("answered", (each) => each === address) === LIMITS.perClient ||
          (!isKnown(address) && count("answered", (each) => !isKnown(each)) === LIMITS.transfers - LIMITS.kept);
        let entered: Transfer | undefined;
        const slot = slots.enter({ address, port: 1 }, isKnown(address), () => {
          assert.equal(entered?.state, "waiting");
          assert.equal(isKnown(address), isKnown(asking), "of the same kind");
          if (entered !== undefined) entered.state = "pushed out";
        });
        assert.equal(slot === undefined, isFull, "only those that have answered keep others out");
        if (slot !== undefined) all.push(entered = { address, slot, state: "waiting" });
      } else {
        const transfer = all[step.which % Math.max(1, all.length)];
        if (transfer === undefined || transfer.state === "left") continue;
        if (step.do === "leave") {
          transfer.slot.leave();
          transfer.state = "left";
        } else if (transfer.slot.answered()) transfer.state = "answered";
        else if (transfer.state === "waiting") {
          transfer.slot.leave();
          transfer.state = "left";
        }
      }
      assert.ok(count("answered") <= LIMITS.transfers);
      assert.ok(count("answered", (address) => !isKnown(address)) <= LIMITS.transfers - LIMITS.kept);
      assert.ok(count("waiting", isKnown) <= LIMITS.halfOpen);
      assert.ok(count("waiting", (address) => !isKnown(address)) <= LIMITS.halfOpen);
      for (const address of ADDRESSES) {
        const own = (each: string) => each === address;
        assert.ok(count("waiting", own) + count("answered", own) <= LIMITS.perClient);
      }
      assert.equal(slots.size, count("waiting") + count("answered"));
    }
  }));
});

test("a flood of strangers pushes out strangers, the oldest first, and no known machine", () => {
  const slots = createSlots(LIMITS);
  const out: string[] = [];
  const enter = (address: string) => slots.enter({ address, port: 1 }, isKnown(address), () => out.push(address));
  const known = enter("k1");
  const first = enter("s1");
  for (let n = 0; n < 20; n++) enter(`x${n}`);
  assert.deepEqual(out.slice(0, 3), ["s1", "x0", "x1"]);
  assert.equal(first?.answered(), false);
  assert.equal(known?.answered(), true);
  for (let n = 0; n < 5; n++) assert.ok(enter(`y${n}`)?.answered());
  assert.equal(enter("y5"), undefined, "the rest is kept for known machines");
  assert.ok(enter("k2")?.answered());
});
