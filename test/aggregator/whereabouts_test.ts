import assert from "node:assert/strict";
import { test } from "node:test";
import { createWhereabouts } from "../../aggregator/tree/whereabouts.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";

function make() {
  const { replica, set } = createSmallTree();
  const clock = createVirtualClock();
  const asked: string[] = [];
  return { set, clock, asked, whereabouts: createWhereabouts({ replica, clock, ask: (id) => void asked.push(id) }) };
}

test("whose cfg is here is not asked about; others are, at most once a second, and the answer serves from then on", async () => {
  const { set, clock, asked, whereabouts } = make();
  set("n", { "/assignment": assigned(1, "a") });
  assert.equal(whereabouts.of(idOf("n"))?.parent, idOf("a"));
  assert.equal(whereabouts.of("m"), undefined);
  assert.equal(whereabouts.of("m"), undefined);
  assert.deepEqual(asked, ["m"]);
  whereabouts.learn("m", { number: 2, parent: idOf("b") });
  whereabouts.learn("m", { number: 1, parent: idOf("a") });
  assert.equal(whereabouts.of("m")?.parent, idOf("b"));
  await clock.advance(1_000);
  whereabouts.of("m");
  assert.deepEqual(asked, ["m", "m"]);
});

test("however many strangers are heard, there are at most 100 questions a second", async () => {
  const { clock, asked, whereabouts } = make();
  for (let node = 0; node < 1_000; node++) whereabouts.of(`s${node}`);
  assert.equal(asked.length, 100);
  await clock.advance(1_000);
  for (let node = 0; node < 1_000; node++) whereabouts.of(`s${node}`);
  assert.equal(asked.length, 200);
});
