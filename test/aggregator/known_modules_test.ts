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

test("a digest is asked for once a second, whoever brings it", async () => {
  const clock = createVirtualClock();
  const known = createKnownModules(clock, []);
  assert.deepEqual(["a", "a", "b"].map((digest) => known.mayAsk(digest)), [true, false, true]);
  await clock.advance(1_000);
  assert.equal(known.mayAsk("a"), true);
});
