import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunStates } from "../../aggregator/nodes/run_state.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createSmallTree, createTestChanges, idOf } from "./small_tree.ts";

const GRACE = 5_000;
const RESUME = 35_000;
const ID = idOf("n");

/** A node of the root whose machine is on. */
function make() {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const is = { awaited: false, fenced: false };
  tree.set("n", { "/parent": "root" });
  tree.discover("n", "parent", { "/physState": "POWER_ON" });
  const changes = createTestChanges();
  const runStates = createRunStates({
    ...{ nodes: tree.nodes, changes, clock, grace: GRACE, resumeGrace: RESUME },
    discovered: {
      parent(id, values: ReadonlyMap<string, Value | null>) {
        if (id === ID) tree.discover("n", "parent", Object.fromEntries(values));
      },
      own() {},
    },
    isAwaited: () => is.awaited,
    isFenced: () => is.fenced,
  });
  const runState = () => tree.nodes.read(ID)?.view.get("/runState");
  const level = () => runStates.link(ID, "level", true, "");
  const lose = () => runStates.link(ID, "down", true, "");
  return { clock, is, runStates, runState, level, lose };
}

test("a link that is level is SYNC, and one that has not come back within the grace time is ERROR", async () => {
  const { clock, runState, level, lose } = make();
  level();
  assert.equal(runState(), "SYNC");
  lose();
  await clock.advance(GRACE - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("each loss of a link has the whole grace time", async () => {
  const { clock, runState, level, lose } = make();
  for (let losses = 0; losses < 5; losses++) {
    level();
    lose();
    await clock.advance(GRACE - 1);
    assert.equal(runState(), "SYNC");
  }
});

test("time that a node was given to join while it was heard does not count when its link is lost later", async () => {
  for (const give of ["adopt", "resume"] as const) {
    const { clock, runStates, runState, level, lose } = make();
    level();
    runStates[give](ID);
    await clock.advance(RESUME - 1);
    lose();
    await clock.advance(GRACE - 1);
    assert.equal(runState(), "SYNC", give);
    await clock.advance(1);
    assert.equal(runState(), "ERROR", give);
  }
});

test("one that is heard but has to wait for its turn gets the longer time from then", async () => {
  const { clock, runStates, runState, level, lose } = make();
  level();
  lose();
  await clock.advance(GRACE - 1);
  runStates.heard(ID);
  await clock.advance(RESUME - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("nothing is concluded from silence for as long as a node may be elsewhere, or this aggregator was perhaps replaced", async () => {
  for (const why of ["awaited", "fenced"] as const) {
    const { clock, is, runState, level, lose } = make();
    level();
    is[why] = true;
    lose();
    await clock.advance(100 * GRACE);
    assert.equal(runState(), "SYNC", why);
    is[why] = false;
    await clock.advance(GRACE);
    assert.equal(runState(), "ERROR", why);
  }
});
