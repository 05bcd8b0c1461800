import assert from "node:assert/strict";
import { test } from "node:test";
import type { Power, PowerChange } from "../../modules/power/mod.ts";
import type { OrderOutcome } from "../../modules/power/guard.ts";
import { createHand } from "../../modules/power/hand.ts";
import { beginStory } from "../../modules/power/story.ts";
import type { MutationRun } from "../../src/module/mod.ts";
import { unread } from "../../src/reports.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { testNode } from "./module_fixture.ts";

/** The hand for one controller, which settles within five seconds and says what a test has it say. */
function benchHand() {
  const clock = createVirtualClock();
  const said: { power: Power; outcome: OrderOutcome } = { power: "off", outcome: { kind: "taken" } };
  const orders: PowerChange[] = [];
  const hand = createHand(
    clock,
    {
      look: async () => ({ power: said.power, said: said.power, silent: false }),
      async order(_node, change) {
        orders.push(change);
        return said.outcome;
      },
    },
    () => 5_000,
    () => {},
  );
  const { signal } = new AbortController();
  const run: MutationRun = {
    ...{ ...unread, node: testNode("n1"), mutation: "power-on", bindings: {}, execution: "1", signal, discover() {} },
  };
  const story = beginStory(run, clock);
  return { clock, said, orders, hand, run, story };
}

test("a machine that was on in between has not been on its way all the time", async () => {
  for (const between of ["on", "off"] as const) {
    const { clock, said, hand, run, story } = benchHand();
    hand.saw("changing");
    await clock.advance(30_000);
    hand.saw(between);
    said.power = "changing";
    let found: string | undefined;
    void hand.findStuck(run, story, 60_000).then((power) => found = power);
    await clock.advance(59_000);
    assert.equal(found, undefined, between);
    await clock.advance(2_000);
    assert.equal(found, "changing", between);
  }
});

test("looks that are 40 s apart show the time between them, and those that are further apart do not", async () => {
  for (const [gap, isStuck] of [[40_000, true], [40_001, false]] as const) {
    const { clock, said, hand, run, story } = benchHand();
    hand.saw("changing");
    await clock.advance(gap);
    said.power = "changing";
    let found: string | undefined;
    void hand.findStuck(run, story, gap).then((power) => found = power);
    await clock.advance(0);
    assert.equal(found === "changing", isStuck);
  }
});

test("an interrupt changes nothing of what is known of the power", async () => {
  const { said, hand, run, story } = benchHand();
  said.power = "on";
  assert.equal(await hand.interrupt(run, story, 3), "taken");
  assert.deepEqual([hand.seen(), hand.unsettledFor(), hand.isAwaited()], ["on", 0, false]);
});

test("after a restart a machine is awaited to be on, and nothing of before is known", async () => {
  const { clock, said, hand, run, story } = benchHand();
  said.power = "on";
  assert.equal(await hand.restart(run, story, 3), "taken");
  assert.deepEqual([hand.seen(), hand.unsettledFor(), hand.isAwaited()], [undefined, 5_000, true]);
  hand.saw("off");
  assert.equal(hand.seen(), undefined, "it may say so for a while");
  hand.saw("on");
  assert.deepEqual([hand.seen(), hand.isAwaited()], ["on", false]);
  await clock.advance(5_000);
  hand.saw("off");
  assert.equal(hand.seen(), "off");
});

test("a look that tells neither on nor off takes nothing of what was seen back", async () => {
  const { clock, said, hand, run, story } = benchHand();
  hand.saw("on");
  said.power = "changing";
  void hand.findStuck(run, story, 60_000);
  await clock.advance(1_000);
  assert.equal(hand.seen(), "on");
});
