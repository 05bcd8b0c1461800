import assert from "node:assert/strict";
import { test } from "node:test";
import { createRivals } from "../../aggregator/links/rivals.ts";
import type { UpFrame } from "../../src/sync/mod.ts";
import { createVirtualBoot } from "../boot/virtual_boot.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { ofRun } from "../support/versions.ts";

function makeRivals() {
  const clock = createVirtualClock();
  const told: string[] = [];
  const rivals = createRivals({
    clock,
    onRival: (child, old, newest) => told.push(`${child}: ${old} beside ${newest}`),
  });
  return { clock, told, born: (...runs: string[]) => runs.forEach((run) => rivals.born("n1", run)), rivals };
}

test("a run that goes on to be born after another one has taken its place is told of, once in ten minutes", async () => {
  const { clock, told, born } = makeRivals();
  born("a", "a", "b", "a", "a", "a");
  assert.deepEqual(told, ["n1: a beside b"]);
  await clock.advance(599_999);
  born("a");
  assert.equal(told.length, 1);
  await clock.advance(1);
  born("c", "b", "b");
  assert.deepEqual(told.slice(1), ["n1: b beside c"]);
});

test("an agent that is started again, and again, is one agent", () => {
  const { told, born } = makeRivals();
  for (let run = 0; run < 100; run++) born(`${run}`, `${run}`, `${run}`);
  assert.deepEqual(told, []);
});

test("one late birth of a run that is gone says nothing", () => {
  const { told, born } = makeRivals();
  born("a", "b", "a", "b", "b", "c", "b");
  assert.deepEqual(told, []);
});

test("eight runs of a node are remembered, the ones that came last", () => {
  const runs = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];
  const { told, born } = makeRivals();
  born(...runs, "r1", "r1");
  assert.deepEqual(told, ["n1: r1 beside r8"]);
  const other = makeRivals();
  other.born(...runs, "r0", "r0", "r0");
  assert.deepEqual(other.told, [], "the first one is as good as new");
});

test("what is known of a node's runs is forgotten with it", () => {
  const { told, born, rivals } = makeRivals();
  born("a", "b", "a");
  rivals.remove("n1");
  born("b", "a", "b");
  assert.deepEqual(told, []);
});

test("two agents with one identity are an event of their node, which names both and says what to do", async () => {
  const world = await createVirtualBoot();
  world.apply({ n1: {} });
  const birth = (from: string): UpFrame => ({
    ...{ type: "birth", from, term: ofRun(0), parent: "", received: 0, beginning: 0, above: ofRun(0) },
    ...{ digest: "", knows: "", modules: [] },
  });
  for (const run of ["a", "b", "a", "a"]) world.aggregator.receive(world.idOf("n1"), birth(run));
  const events = world.control.events(0, 1_000).filter(({ kind }) => kind === "identity");
  assert.deepEqual(events.map(({ node, why }) => [node, why]), [[
    "n1",
    "Two agents have the identity of n1: run a goes on though run b has taken its place. " +
    "End one of them, or give its machine a node of its own",
  ]]);
  await world.aggregator.stop();
});
