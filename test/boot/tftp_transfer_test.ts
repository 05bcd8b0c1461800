import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import {
  inFlight,
  lastBlock,
  pauseOf,
  startTransfer,
  stepTransfer,
  type TransferInput,
  type TransferPlan,
} from "../../aggregator/boot/tftp/transfer.ts";

/** A receiver by RFC 1350 and RFC 7440: it acknowledges what it has in order, at the end of a window and where it sees a gap. */
function createReceiver(plan: TransferPlan) {
  let has = plan.negotiated ? -1 : 0;
  let inWindow = 0;
  return {
    has: () => has,
    done: () => has === lastBlock(plan),
    /** The block that it acknowledges; undefined: it says nothing. */
    take(block: number): number | undefined {
      if (block !== ((has + 1) & 0xffff)) {
        inWindow = 0;
        return Math.max(has, 0) & 0xffff;
      }
      has++;
      inWindow = has === 0 ? 0 : inWindow + 1;
      if (has !== 0 && inWindow < plan.window && has !== lastBlock(plan)) return undefined;
      inWindow = 0;
      return has & 0xffff;
    },
  };
}

const plans = fc.record({
  size: fc.oneof(fc.nat(20_000), fc.nat(600)),
  blockSize: fc.constantFrom(8, 512, 1468),
  window: fc.integer({ min: 1, max: 16 }),
  timeout: fc.constant(1000),
  negotiated: fc.boolean(),
});

/** What becomes of a packet: it is lost, it arrives, or it arrives twice. */
const fates = fc.infiniteStream(fc.constantFrom(0, 1, 1, 1, 1, 2));

test("a file arrives whole over a network that loses and doubles packets", () => {
  const covered = createCoverage("transfers", ["one block", "several windows", "options", "time is over"], 0.15);
  fc.assert(fc.property(plans, fates, (plan, fate) => {
    const reached = new Set<"one block" | "several windows" | "options" | "time is over">();
    if (lastBlock(plan) === 1) reached.add("one block");
    if (lastBlock(plan) > 2 * plan.window) reached.add("several windows");
    if (plan.negotiated) reached.add("options");
    const receiver = createReceiver(plan);
    let state = startTransfer(plan);
    for (let round = 0; round < 100_000; round++) {
      const flight = inFlight(state);
      const blocks = flight === "options"
        ? [0]
        : Array.from({ length: flight.to - flight.from + 1 }, (_, n) => flight.from + n);
      assert.ok(blocks.length >= 1 && blocks.length <= plan.window && (blocks.at(-1) ?? 0) <= lastBlock(plan));
      const acks = blocks.flatMap((block) => new Array<number>(fate.next().value ?? 1).fill(block & 0xffff))
        .map((block) => receiver.take(block))
        .flatMap((ack) => ack === undefined ? [] : new Array<number>(fate.next().value ?? 1).fill(ack));
      const inputs: TransferInput[] = acks.map((block) => ({ kind: "ack", block }));
      let moved = false;
      for (const input of inputs) {
        const step = stepTransfer(plan, state, input);
        if (step.do === "done") {
          covered.saw(...reached);
          return assert.ok(receiver.done());
        }
        assert.notEqual(step.do, "give-up");
        if (step.do === "send") [state, moved] = [step.state, true];
      }
      assert.ok(state.acked <= receiver.has(), "it does not take for received what was not");
      if (moved) continue;
      reached.add("time is over");
      const late = stepTransfer(plan, { ...state, attempts: 1 }, { kind: "timeout" });
      assert.equal(late.do, "send");
    }
    assert.fail("It does not end");
  }));
  covered.check();
});

test("an acknowledgement that comes twice is not answered twice", () => {
  const plan = { size: 3000, blockSize: 512, window: 1, timeout: 1000, negotiated: false };
  const state = startTransfer(plan);
  const next = stepTransfer(plan, state, { kind: "ack", block: 1 });
  assert.ok(next.do === "send");
  assert.deepEqual(inFlight(next.state), { from: 2, to: 2 });
  assert.equal(stepTransfer(plan, next.state, { kind: "ack", block: 1 }).do, "wait");
  assert.equal(stepTransfer(plan, next.state, { kind: "ack", block: 3 }).do, "wait", "it was not sent yet");
});

test("a part of a window that is acknowledged is followed by what comes after it", () => {
  const plan = { size: 100_000, blockSize: 512, window: 8, timeout: 1000, negotiated: true };
  const begun = stepTransfer(plan, startTransfer(plan), { kind: "ack", block: 0 });
  assert.ok(begun.do === "send");
  assert.deepEqual(inFlight(begun.state), { from: 1, to: 8 });
  const gap = stepTransfer(plan, begun.state, { kind: "ack", block: 5 });
  assert.ok(gap.do === "send");
  assert.deepEqual(inFlight(gap.state), { from: 6, to: 13 });
});

test("block numbers go on at 0 after 65,535", () => {
  const plan = { size: 70_000 * 512, blockSize: 512, window: 4, timeout: 1000, negotiated: false };
  const step = stepTransfer(plan, { acked: 65_533, sent: 65_537, attempts: 1 }, { kind: "ack", block: 1 });
  assert.ok(step.do === "send");
  assert.equal(step.state.acked, 65_537);
});

test("what is not acknowledged is sent six times, at growing distances, and then given up", () => {
  const plan = { size: 10, blockSize: 512, window: 1, timeout: 1000, negotiated: false };
  let state = startTransfer(plan);
  const pauses = [];
  for (;;) {
    pauses.push(pauseOf(plan, state));
    const step = stepTransfer(plan, state, { kind: "timeout" });
    if (step.do !== "send") {
      assert.equal(step.do, "give-up");
      break;
    }
    state = step.state;
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 8000, 8000]);
});
