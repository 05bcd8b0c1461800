import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../aggregator/links/admission.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";

function birth(from: string): BirthFrame {
  return {
    ...{ type: "birth", from, term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
    ...{ digest: "", knownDigest: "" },
  };
}

/** An admission, and who was taken in: a list for each time. */
function make() {
  const clock = createVirtualClock();
  const admitted: string[][] = [];
  const world = { onAdmit: (): void => {} };
  const admission = createAdmission({
    clock,
    admit(births) {
      admitted.push(births.map(([child, { from }]) => `${child} ${from}`));
      world.onAdmit();
    },
  });
  const bear = (count: number, from = "r") => {
    for (let child = 0; child < count; child++) admission.born(`c${child}`, birth(from));
  };
  /** Uses up what is taken in at once, and has a turn just before. */
  async function spend(): Promise<void> {
    for (let child = 0; child < 108; child++) admission.born(`before${child}`, birth("r"));
    await clock.advance(25);
    admitted.length = 0;
  }
  return { clock, admitted, world, admission, bear, spend, sizes: () => admitted.map(({ length }) => length) };
}

test("the first eight births are taken in one by one, what follows together, and then no more than ten every 25 ms", async () => {
  const { clock, admission, bear, sizes } = make();
  bear(125);
  assert.deepEqual([sizes(), admission.waiting], [Array.from({ length: 8 }, () => 1), 117]);
  await clock.advance(24);
  assert.equal(admission.waiting, 117);
  await clock.advance(1);
  assert.deepEqual([sizes().slice(8), admission.waiting], [[100], 17]);
  await clock.advance(50);
  assert.deepEqual(sizes().slice(8), [100, 10, 7]);
  assert.deepEqual([admission.waiting, clock.waiting], [0, 0]);
});

test("no more than a hundred are taken in together, however quiet it was before", async () => {
  const { clock, bear, sizes } = make();
  await clock.advance(3_600_000);
  bear(300);
  await clock.advance(25);
  assert.deepEqual(sizes().slice(8), [100]);
});

test("what was taken in counts for a quarter of a second", async () => {
  const { clock, admission, bear, spend } = make();
  await spend();
  await clock.advance(125);
  bear(100);
  await clock.advance(25);
  assert.equal(admission.waiting, 40);
});

test("births that come one by one for long have a turn together every 25 ms", async () => {
  const { clock, admission, spend, sizes } = make();
  await spend();
  for (let child = 0; child < 30; child++) {
    admission.born(`c${child}`, birth("r"));
    await clock.advance(5);
  }
  await clock.advance(25);
  assert.deepEqual(sizes(), [5, 5, 5, 5, 5, 5]);
});

test("a newer birth of a child takes the place of the one that waits", async () => {
  const { clock, admission, bear, spend, admitted } = make();
  await spend();
  bear(2);
  admission.born("c0", birth("later"));
  assert.equal(admission.waiting, 2);
  await clock.advance(25);
  assert.deepEqual(admitted, [["c0 later", "c1 r"]]);
});

test("a child that is removed is not taken in", async () => {
  const { clock, admission, bear, spend, admitted } = make();
  await spend();
  bear(2);
  admission.remove("c0");
  await clock.advance(25);
  assert.deepEqual(admitted, [["c1 r"]]);
});

test("those that wait have their turn, though taking others in throws", async () => {
  const { clock, admission, world, bear, spend } = make();
  await spend();
  world.onAdmit = () => {
    throw new Error("A bug");
  };
  bear(12);
  await assert.rejects(clock.advance(25), /A bug/);
  assert.equal(admission.waiting, 2);
  world.onAdmit = () => {};
  await clock.advance(25);
  assert.equal(admission.waiting, 0);
});

test("a birth that comes while others are taken in is taken in with its turn", async () => {
  const { clock, admission, world, bear, spend, admitted } = make();
  await spend();
  bear(3);
  world.onAdmit = () => {
    world.onAdmit = () => {};
    admission.born("late", birth("r"));
  };
  await clock.advance(25);
  await clock.advance(25);
  assert.deepEqual(admitted, [["c0 r", "c1 r", "c2 r"], ["late r"]]);
});

test("births that come while others wait change nothing of when those have their turn", async () => {
  const { clock, admission, bear, spend, admitted } = make();
  await spend();
  bear(2);
  await clock.advance(20);
  admission.born("late", birth("r"));
  assert.deepEqual([admission.waiting, clock.waiting], [3, 1]);
  await clock.advance(5);
  assert.deepEqual(admitted, [["c0 r", "c1 r", "late r"]]);
});

test("nobody is taken in after a stop", async () => {
  const { clock, admission, bear, sizes } = make();
  bear(110);
  admission.stop();
  assert.equal(clock.waiting, 0);
  await clock.advance(1_000);
  assert.deepEqual([sizes().length, admission.waiting, clock.waiting], [8, 0, 0]);
});
