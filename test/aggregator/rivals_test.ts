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

test("supervised agents that end each other are told of by their second farewell that comes after the next run's birth", async () => {
  const { clock, told, born, rivals } = makeRivals();
  born("a1", "b1");
  rivals.stopped("n1", "a1");
  assert.deepEqual(told, [], "one may have come late");
  born("a2");
  rivals.stopped("n1", "b1");
  assert.deepEqual(told, ["n1: b1 beside a2"]);
  const other = makeRivals();
  other.born("a1", "b1");
  other.rivals.stopped("n1", "a1");
  await other.clock.advance(600_000);
  other.born("a2");
  other.rivals.stopped("n1", "b1");
  assert.deepEqual(other.told, [], "they are ten minutes apart");
  assert.equal(clock.waiting, 0);
});

test("a crash loop is one agent, however it ends, and so is a run that nobody has heard of", () => {
  const { told, born, rivals } = makeRivals();
  for (let run = 0; run < 100; run++) {
    born(`${run}`);
    rivals.stopped("n1", `${run}`);
    rivals.stopped("n1", "stranger");
    rivals.stopped("n2", `${run}`);
  }
  assert.deepEqual(told, []);
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
    ...{ type: "birth", from, term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
    ...{ digest: "", knownDigest: "", modules: [] },
  });
  for (const run of ["a", "b", "a", "a"]) world.aggregator.receive(world.idOf("n1"), birth(run));
  const events = world.control.events(0, 1_000).filter(({ kind }) => kind === "identity");
  assert.deepEqual(events.map(({ node, why }) => [node, why]), [[
    "n1",
    "Two agents have the identity of n1: run a was alive after run b had taken its place. " +
    "End one of them, or give its machine a node of its own",
  ]]);
  await world.aggregator.stop();
});

test("supervised agents with one identity are an event of their node, by what they say when they end each other", async () => {
  const world = await createVirtualBoot();
  world.apply({ n1: {} });
  const birth = (from: string): UpFrame => ({
    ...{ type: "birth", from, term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
    ...{ digest: "", knownDigest: "", modules: [] },
  });
  const id = world.idOf("n1");
  world.aggregator.receive(id, birth("a"));
  for (const [run, before, why] of [["b", "a", "lost"], ["c", "b", "stopped"], ["d", "c", "stopped"]] as const) {
    world.aggregator.receive(id, birth(run));
    world.aggregator.life(id, { type: "dead", from: before, why });
  }
  const events = world.control.events(0, 1_000).filter(({ kind }) => kind === "identity");
  assert.deepEqual(events.map(({ node, why }) => [node, why]), [[
    "n1",
    "Two agents have the identity of n1: run c was alive after run d had taken its place. " +
    "End one of them, or give its machine a node of its own",
  ]]);
  await world.aggregator.stop();
});
