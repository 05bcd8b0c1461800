import assert from "node:assert/strict";
import { test } from "node:test";
import { createKnownModules } from "../../aggregator/links/known_modules.ts";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { digestOf } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

function declaring(name: string): readonly ModuleDeclaration[] {
  return [declareModule({ name, about: "Nothing", extensions: [], discovers: [], mutations: {} })];
}

test("what is known already puts nothing out", () => {
  const sets = Array.from({ length: 256 }, (_, place) => declaring(`m${place}`));
  const known = createKnownModules(createVirtualClock(), sets);
  for (const modules of sets) known.learn(modules);
  assert.ok(sets.every((modules) => known.of(digestOf(modules)) === modules));
});

test("of more than 256 sets the oldest is forgotten", () => {
  const known = createKnownModules(createVirtualClock(), []);
  const sets = Array.from({ length: 257 }, (_, place) => declaring(`m${place}`));
  for (const modules of sets) known.learn(modules);
  const missing = sets.filter((modules) => known.of(digestOf(modules)) === undefined);
  assert.deepEqual(missing, sets.slice(0, 1));
});

test("declarations that are learnt again stay as old as they were", () => {
  const known = createKnownModules(createVirtualClock(), []);
  const sets = Array.from({ length: 257 }, (_, place) => declaring(`m${place}`));
  for (const modules of sets.slice(0, 256)) known.learn(modules);
  known.learn(declaring("m255"));
  assert.equal(known.of(digestOf(declaring("m0"))), sets[0], "nothing was put out for it");
});

test("of more than 256 digests that are asked for, the times are forgotten", async () => {
  const known = createKnownModules(createVirtualClock(), []);
  for (let digest = 0; digest < 256; digest++) known.mayAsk(`d${digest}`);
  assert.equal(known.mayAsk("d0"), false);
  known.mayAsk("one more");
  assert.deepEqual([known.mayAsk("one more"), known.mayAsk("d0")], [false, true]);
});

test("a digest is asked for once a second, whoever brings it", async () => {
  const clock = createVirtualClock();
  const known = createKnownModules(clock, []);
  assert.deepEqual(["a", "a", "b"].map((digest) => known.mayAsk(digest)), [true, false, true]);
  await clock.advance(1_000);
  assert.equal(known.mayAsk("a"), true);
});
