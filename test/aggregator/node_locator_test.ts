import assert from "node:assert/strict";
import { test } from "node:test";
import { createNodeLocator } from "../../aggregator/tree/node_locator.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";

function make() {
  const { replica, set } = createSmallTree();
  const clock = createVirtualClock();
  const asked: string[] = [];
  return { set, clock, asked, locator: createNodeLocator({ replica, clock, ask: (id) => void asked.push(id) }) };
}

test("whose cfg is here is not asked about; others are, at most once a second, and the answer serves from then on", async () => {
  const { set, clock, asked, locator } = make();
  set("n", { "/assignment": assigned(1, "a") });
  assert.equal(locator.of(idOf("n"))?.parent, idOf("a"));
  assert.equal(locator.of("m"), undefined);
  assert.equal(locator.of("m"), undefined);
  assert.deepEqual(asked, ["m"]);
  locator.learn("m", { number: 2, parent: idOf("b") });
  locator.learn("m", { number: 1, parent: idOf("a") });
  assert.equal(locator.of("m")?.parent, idOf("b"));
  await clock.advance(1_000);
  locator.of("m");
  assert.deepEqual(asked, ["m", "m"]);
});

test("however many unknown nodes are heard, there are at most 100 questions a second", async () => {
  const { clock, asked, locator } = make();
  for (let node = 0; node < 1_000; node++) locator.of(`s${node}`);
  assert.equal(asked.length, 100);
  await clock.advance(1_000);
  for (let node = 0; node < 1_000; node++) locator.of(`s${node}`);
  assert.equal(asked.length, 200);
});
