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
  return { clock, admitted, world, admission, bear, sizes: () => admitted.map(({ length }) => length) };
}

test("the first hundred births are taken in at once, and then ten every 25 ms", async () => {
  const { clock, admission, bear, sizes } = make();
  bear(125);
  assert.deepEqual([sizes().length, admission.waiting], [100, 25]);
  await clock.advance(24);
  assert.equal(admission.waiting, 25);
  await clock.advance(1);
  assert.equal(admission.waiting, 15);
  await clock.advance(50);
  assert.deepEqual(sizes().slice(100), [10, 10, 5]);
  assert.deepEqual([admission.waiting, clock.waiting], [0, 0]);
});

test("no more than a hundred are taken in at once, however quiet it was before", async () => {
  const { clock, admission, bear } = make();
  await clock.advance(3_600_000);
  bear(300);
  assert.equal(admission.waiting, 200);
});

test("what was taken in counts for a quarter of a second", async () => {
  const { clock, admission, bear } = make();
  bear(100);
  await clock.advance(125);
  bear(100);
  assert.equal(admission.waiting, 50);
});

test("a newer birth of a child takes the place of the one that waits", async () => {
  const { clock, admission, bear, admitted } = make();
  bear(102);
  admission.born("c100", birth("later"));
  assert.equal(admission.waiting, 2);
  await clock.advance(25);
  assert.deepEqual(admitted.at(-1), ["c100 later", "c101 r"]);
});

test("a child that is removed is not taken in", async () => {
  const { clock, admission, bear, admitted } = make();
  bear(102);
  admission.remove("c100");
  await clock.advance(25);
  assert.deepEqual(admitted.at(-1), ["c101 r"]);
});

test("those that wait have their turn, though taking others in throws", async () => {
  const { clock, admission, world, bear } = make();
  bear(99);
  bear(1);
  world.onAdmit = () => {
    throw new Error("A bug");
  };
  admission.born("x", birth("r"));
  admission.born("y", birth("r"));
  await assert.rejects(clock.advance(25), /A bug/);
  world.onAdmit = () => {};
  await clock.advance(25);
  assert.equal(admission.waiting, 0);
});

test("a birth that comes while others are taken in is taken in with its turn", async () => {
  const { clock, admission, world, bear, admitted } = make();
  bear(103);
  world.onAdmit = () => {
    world.onAdmit = () => {};
    admission.born("late", birth("r"));
  };
  await clock.advance(25);
  await clock.advance(25);
  assert.deepEqual(admitted.slice(100), [["c100 r", "c101 r", "c102 r"], ["late r"]]);
});

test("births that come while others wait change nothing of when those have their turn", async () => {
  const { clock, admission, bear, admitted } = make();
  bear(102);
  await clock.advance(20);
  admission.born("late", birth("r"));
  assert.deepEqual([admission.waiting, clock.waiting], [3, 1]);
  await clock.advance(5);
  assert.deepEqual(admitted.at(-1), ["c100 r", "c101 r", "late r"]);
});

test("nobody is taken in after a stop", async () => {
  const { clock, admission, bear, sizes } = make();
  bear(110);
  admission.stop();
  assert.equal(clock.waiting, 0);
  await clock.advance(1_000);
  assert.deepEqual([sizes().length, admission.waiting, clock.waiting], [100, 0, 0]);
});
