import assert from "node:assert/strict";
import { test } from "node:test";
import { groupChanges } from "../../aggregator/http/groups.ts";
import { createToTime } from "../../aggregator/http/time.ts";
import { createTreeWorld } from "./tree_world.ts";

test("a dry run at the root goes by the limits and invariants of the racks that serve the nodes", async () => {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    ...["n1", "n2"].map((name) => ({ name, parent: "a" })),
    ...["n3", "n4", "n5"].map((name) => ({ name, parent: "b" })),
  ], { seed: 1, brokersOutlive: false, calm: [] });
  const { control } = world.root;
  try {
    await world.clock.advance(20_000);
    const dryRun = async () => {
      await world.clock.advance(0);
      const patches = ["n1", "n2", "n3", "n4", "n5"].map((name) => ({
        id: world.member(name).id,
        values: new Map([["/physState", "POWER_OFF"]]),
      }));
      const result = control.patchCfg(patches, { dryRun: true });
      assert.ok(result.ok);
      return groupChanges(control, result.changes, createToTime(world.clock));
    };
    assert.deepEqual((await dryRun()).map(({ queued }) => queued), [undefined]);
    world.set(["root"], { "/limits/power": { mutations: ["simpower/*"], atMost: 1 } });
    assert.deepEqual((await dryRun()).map(({ queued }) => queued), [undefined], "that is for the root's own children");
    world.set(["b"], { "/limits/power": { mutations: ["simpower/*"], atMost: 2 } });
    const [one] = await dryRun();
    assert.deepEqual(one?.queued?.map(({ words }) => words), ["at most 2 at once by limit 'power' of b"]);
    world.set(["a"], { "/invariants/calm": { kind: "never", when: { "/platform": "sim" } } });
    const refused = (await dryRun()).map(({ nodeset, refused }) => [nodeset, refused?.invariant]);
    assert.deepEqual(refused, [["n[1-2]", "calm"], ["n[3-5]", undefined]]);
  } finally {
    await world.stop();
  }
});
