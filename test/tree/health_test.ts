import assert from "node:assert/strict";
import { test } from "node:test";
import { createTreeWorld } from "./tree_world.ts";

test("an aggregator that serves nothing is FULL once it has joined, and what others serve is explained as they have told it", async () => {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(20_000);
  const { control } = world.root;
  assert.deepEqual(control.tree().map(({ name, health }) => [name, health]), [
    ["root", "FULL"],
    ["a", "FULL"],
    ["b", "FULL"],
  ]);
  assert.equal(control.explain(world.member("n1").id)?.phase, "converged");
  world.kill("a", 0);
  await world.clock.advance(120_000);
  assert.match(
    control.explain(world.member("n1").id)?.reason ?? "",
    /^nothing is known of it since .*'a' is not heard/,
  );
  await world.stop();
});
