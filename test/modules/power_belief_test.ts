import assert from "node:assert/strict";
import { test } from "node:test";
import { createBelief } from "../../modules/power/belief.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A belief about a controller that settles within five seconds, and its clock. */
function make() {
  const clock = createVirtualClock();
  const world = { settle: 5_000 };
  return { clock, world, belief: createBelief(clock, () => world.settle) };
}

test("a controller that was ordered nothing is believed, and one that was is after its time to settle", async () => {
  const { clock, world, belief } = make();
  assert.equal(belief.unsettledFor(), 0);
  await clock.advance(1_000);
  belief.ordered("on");
  assert.equal(belief.unsettledFor(), 5_000);
  await clock.advance(2_000);
  assert.equal(belief.unsettledFor(), 3_000);
  world.settle = 10_000;
  assert.equal(belief.unsettledFor(), 8_000, "as it is set at present");
  await clock.advance(20_000);
  assert.equal(belief.unsettledFor(), 0);
});

test("what a controller says is certain where it is what was ordered, or once it has settled", async () => {
  const { clock, belief } = make();
  const settled = () => (["on", "off", "changing", "unknown"] as const).filter(belief.isSettled);
  assert.deepEqual(settled(), ["on", "off"]);
  belief.ordered("on");
  assert.deepEqual(settled(), ["on"]);
  belief.ordered("off");
  await clock.advance(4_999);
  assert.deepEqual(settled(), ["off"]);
  await clock.advance(1);
  assert.deepEqual(settled(), ["on", "off"]);
});

test("what was reached has the time to settle anew, from when it was reached", async () => {
  const { clock, belief } = make();
  belief.ordered("off");
  await clock.advance(60_000);
  belief.reached("off");
  assert.equal(belief.unsettledFor(), 5_000);
  assert.deepEqual([belief.isSettled("off"), belief.isSettled("on")], [true, false]);
});

test("what is seen is the last certain state since the last order", async () => {
  const { clock, belief } = make();
  assert.equal(belief.seen(), undefined);
  belief.saw("on");
  assert.equal(belief.seen(), "on");
  for (const power of ["changing", "unknown"] as const) belief.saw(power);
  assert.equal(belief.seen(), "on");
  belief.ordered("off");
  assert.equal(belief.seen(), undefined);
  belief.saw("on");
  assert.equal(belief.seen(), undefined, "as it was before");
  belief.saw("off");
  assert.equal(belief.seen(), "off");
  belief.ordered("on");
  await clock.advance(5_000);
  belief.saw("off");
  assert.equal(belief.seen(), "off");
});

test("an order that is taken back leaves everything as it was before", async () => {
  const { clock, belief } = make();
  belief.ordered("off");
  await clock.advance(3_000);
  belief.saw("off");
  const undo = belief.ordered("on");
  assert.deepEqual([belief.seen(), belief.unsettledFor(), belief.isAwaited()], [undefined, 5_000, true]);
  undo();
  assert.deepEqual([belief.seen(), belief.unsettledFor(), belief.isAwaited()], ["off", 2_000, false]);
});

test("a machine is awaited from the order to be on until it is seen on, and no other one is", () => {
  const { belief } = make();
  assert.equal(belief.isAwaited(), false);
  belief.saw("off");
  assert.equal(belief.isAwaited(), false, "nobody has ordered it on");
  belief.ordered("off");
  assert.equal(belief.isAwaited(), false);
  belief.ordered("on");
  assert.equal(belief.isAwaited(), true);
  belief.saw("off");
  assert.equal(belief.isAwaited(), true);
  belief.saw("on");
  assert.equal(belief.isAwaited(), false);
});

test("a machine is stuck once it was seen changing for the time, with no gap of more than 40 s, and the controller has settled", async () => {
  const { clock, belief } = make();
  assert.equal(belief.isStuck("changing", 0), false, "it was never seen");
  belief.saw("changing");
  await clock.advance(40_000);
  belief.saw("changing");
  await clock.advance(19_999);
  assert.equal(belief.isStuck("changing", 60_000), false);
  await clock.advance(1);
  assert.equal(belief.isStuck("changing", 60_000), true);
  assert.deepEqual((["on", "off", "unknown"] as const).filter((power) => belief.isStuck(power, 60_000)), []);
  belief.ordered("on");
  assert.equal(belief.isStuck("changing", 60_000), false, "it has not settled");
  await clock.advance(5_000);
  assert.equal(belief.isStuck("changing", 60_000), true);
  belief.saw("unknown");
  assert.equal(belief.isStuck("changing", 60_000), true, "what tells nothing takes nothing back");
  await clock.advance(15_001); // 40,001 ms since it was seen changing last
  belief.saw("changing");
  assert.equal(belief.isStuck("changing", 60_000), false);
  assert.equal(belief.isStuck("changing", 0), true);
});

test("a machine that is seen on or off in between begins to change anew", async () => {
  for (const between of ["on", "off"] as const) {
    const { clock, belief } = make();
    belief.saw("changing");
    await clock.advance(30_000);
    belief.saw(between);
    assert.equal(belief.isStuck("changing", 30_000), false);
    belief.saw("changing");
    await clock.advance(29_999);
    assert.equal(belief.isStuck("changing", 30_000), false, between);
    await clock.advance(1);
    assert.equal(belief.isStuck("changing", 30_000), true, between);
  }
});
