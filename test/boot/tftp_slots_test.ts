import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
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

const enter = fc.record({ do: fc.constant("enter" as const), address: fc.constantFrom(...ADDRESSES) });
/** Those that came last answer most, and some of all leave: so places are taken as well as pushed out. */
const action = fc.oneof(
  { weight: 6, arbitrary: enter },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("answer" as const), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), back: fc.nat(20) }) },
);

/** What has to be met: what keeps one out, who pushes out, and what an answer comes to. */
const CLASSES = [
  "all",
  "kept",
  "client",
  "pushed by its own",
  "pushed by others",
  "answered",
  "too late",
  "no room",
] as const;
type Class = typeof CLASSES[number];

/** Slots by their rules, in the plainest way: lists that are looked through. */
function createModel() {
  const all: Transfer[] = [];
  const those = (state: State, fits: (address: string) => boolean = () => true) =>
    all.filter((each) => each.state === state && fits(each.address));
  const is = (address: string) => (each: string) => each === address;
  return {
    all,
    those,
    /** What keeps another answered transfer of this address out; undefined: nothing does. */
    against(address: string): "all" | "kept" | "client" | undefined {
      if (those("answered").length >= LIMITS.transfers) return "all";
      if (!isKnown(address) && those("answered", (each) => !isKnown(each)).length >= LIMITS.transfers - LIMITS.kept) {
        return "kept";
      }
      return those("answered", is(address)).length >= LIMITS.perClient ? "client" : undefined;
    },
    /** Who is pushed out by a request of this address, in their order. */
    pushedBy(address: string): Transfer[] {
      const own = those("waiting", is(address));
      const [first] = own.length + those("answered", is(address)).length >= LIMITS.perClient ? own : [];
      const rest = those("waiting", (each) => isKnown(each) === isKnown(address)).filter((each) => each !== first);
      const [oldest] = rest.length >= LIMITS.halfOpen ? rest : [];
      return [first, oldest].filter((each) => each !== undefined);
    },
  };
}

test("whatever comes in whatever order, places are given as the rules say, and just those that they say are pushed out", () => {
  const covered = createCoverage("TFTP places", CLASSES, 0.03);
  fc.assert(fc.property(fc.array(action, { minLength: 60, maxLength: 150 }), (actions) => {
    const slots = createSlots(LIMITS);
    const model = createModel();
    const seen = new Set<Class>();
    let pushed: Transfer[] = [];
    function enterOne(address: string): void {
      const against = model.against(address);
      const expected = against === undefined ? model.pushedBy(address) : [];
      let entered: Transfer | undefined;
      pushed = [];
      const slot = slots.enter({ address, port: 1 }, isKnown(address), () => {
        if (entered !== undefined) pushed.push(entered);
      });
      assert.equal(
        slot === undefined,
        against !== undefined,
        `only those that have answered keep others out: ${against}`,
      );
      assert.deepEqual(pushed, expected);
      for (const each of pushed) {
        each.state = "pushed out";
        seen.add(each.address === address ? "pushed by its own" : "pushed by others");
      }
      if (against !== undefined) seen.add(against);
      if (slot !== undefined) model.all.push(entered = { address, slot, state: "waiting" });
    }
    function answerOne(transfer: Transfer): void {
      const { state, slot, address } = transfer;
      const hasRoom = state === "answered" || (state === "waiting" && model.against(address) === undefined);
      assert.equal(slot.answered(), hasRoom);
      seen.add(hasRoom ? "answered" : state === "waiting" ? "no room" : "too late");
      transfer.state = hasRoom ? "answered" : state === "waiting" ? "left" : state;
      if (!hasRoom) slot.leave(); // as a transfer does that was told no
    }
    for (const step of actions) {
      const transfer = step.do === "enter"
        ? undefined
        : model.all.filter(({ state }) => state !== "left").at(-1 - step.back);
      if (step.do === "enter") enterOne(step.address);
      else if (transfer === undefined) continue;
      else if (step.do === "answer") answerOne(transfer);
      else {
        transfer.slot.leave();
        transfer.state = "left";
      }
      assert.equal(slots.size, model.those("waiting").length + model.those("answered").length);
    }
    covered.saw(...seen);
  }));
  covered.check();
});

test("a flood of unknownMachines pushes out unknownMachines, the oldest first, and no known machine", () => {
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
