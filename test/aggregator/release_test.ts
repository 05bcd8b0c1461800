import assert from "node:assert/strict";
import { test } from "node:test";
import { answerReleases, requestReleases } from "../../aggregator/handover/release.ts";
import { heldBy, type Value, valuesOf } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";
import { ofRun } from "../support/versions.ts";

const ID = idOf("n");
const KEY = `${ID} 2`;

/** The root, with a node that was moved from `a` to `b`. */
function makeRoot(held = ["a"]) {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const world = { isReleased: false };
  const keeps: string[] = [];
  const again = () =>
    requestReleases({
      ...{ replica: tree.replica, nodes: tree.nodes, changes: tree.changes, clock, ownId: idOf("root") },
      hasReleased: () => world.isReleased,
      cfg: {
        keep(id, url, value) {
          keeps.push(id === idOf("a") ? "a" : id);
          tree.replica.write(id, "cfg", new Map([[url, value]]), ofRun(1));
        },
        release(id, holder) {
          const left = heldBy(tree.replica.get(id)?.facets.cfg).filter((each) => each !== holder);
          const value: Value = { number: 2, parent: idOf("b"), ...(left.length > 0 && { held: left }) };
          tree.replica.write(id, "cfg", new Map([["/assignment", value]]), ofRun(1));
        },
      },
    });
  const requests = again();
  tree.set("n", { "/parent": "b", "/assignment": assigned(2, "b", { held }) });
  const asked = (name: string) =>
    valuesOf(tree.replica.get(idOf(name))?.facets.cfg ?? new Map()).get("/release/requested");
  const isHeld = () => heldBy(tree.replica.get(ID)?.facets.cfg).length > 0;
  return { ...tree, clock, world, requests, asked, isHeld, keeps, again };
}

test("the root asks whoever had a node that does not join, and frees it when that one says so", async () => {
  const { clock, asked, isHeld, discover } = makeRoot();
  await clock.advance(10_000);
  assert.equal(asked("a"), undefined);
  await clock.advance(20_000);
  assert.deepEqual(asked("a"), [KEY]);
  discover("a", "self", { "/release/confirmed": [`${ID} 1`] });
  await clock.advance(10_000);
  assert.equal(isHeld(), true, "it was released under another assignment");
  discover("a", "self", { "/release/confirmed": [KEY] });
  await clock.advance(20_000);
  assert.equal(isHeld(), false);
  assert.equal(asked("a"), undefined);
});

test("the root asks once what it knows to ask, ten seconds after it has waited for twenty", async () => {
  const { clock, keeps, asked } = makeRoot();
  await clock.advance(19_999);
  assert.deepEqual(keeps, []);
  await clock.advance(1);
  assert.deepEqual([keeps, asked("a")], [["a"], [KEY]]);
  await clock.advance(60_000);
  assert.deepEqual(keeps, ["a"], "what is asked is not written again");
});

test("a root that starts asks of what was moved before", async () => {
  const { requests, again, clock, asked } = makeRoot();
  requests.stop();
  again();
  await clock.advance(20_000);
  assert.deepEqual(asked("a"), [KEY]);
});

test("a node that is moved again has its time again, and one that is nobody else's is not asked for", async () => {
  const { clock, asked, set } = makeRoot();
  await clock.advance(15_000);
  set("n", { "/x": 1 }); // says nothing new
  await clock.advance(5_000);
  assert.deepEqual(asked("a"), [KEY]);
  set("n", { "/assignment": assigned(3, "b", { held: ["a"] }) });
  await clock.advance(10_000);
  assert.equal(asked("a"), undefined);
  await clock.advance(10_000);
  assert.deepEqual(asked("a"), [`${ID} 3`]);
  set("n", { "/assignment": assigned(3, "b") });
  await clock.advance(10_000);
  assert.equal(asked("a"), undefined);
});

test("a holder is asked for 64 nodes at a time", async () => {
  const { clock, asked, set } = makeRoot();
  for (let node = 0; node < 70; node++) {
    set(`w${node}`, { "/parent": "b", "/assignment": assigned(2, "b", { held: ["a"] }) });
  }
  await clock.advance(30_000);
  const keys = asked("a");
  assert.equal(Array.isArray(keys) && keys.length, 64);
});

test("a node that was deleted is asked of nobody", async () => {
  const { clock, asked, set } = makeRoot();
  set("n", { "/parent": null, "/deleted": true });
  await clock.advance(60_000);
  assert.equal(asked("a"), undefined);
});

test("what a holder says that is no list of texts releases nothing", async () => {
  const { clock, isHeld, discover } = makeRoot();
  for (const told of [KEY, { [KEY]: true }, [[KEY]], 7] as Value[]) {
    discover("a", "self", { "/release/confirmed": told });
    await clock.advance(30_000);
    assert.equal(isHeld(), true, JSON.stringify(told));
  }
});

test("the root asks for nothing of a node that was heard", async () => {
  const { clock, asked, discover } = makeRoot();
  discover("n", "self", { "/seen": "1.1" }, 2);
  await clock.advance(60_000);
  assert.equal(asked("a"), undefined);
});

test("an aggregator that was deleted has no hold on anything; the root goes by what it hears itself", async () => {
  const gone = makeRoot();
  gone.set("a", { "/parent": null, "/role": null, "/deleted": true });
  await gone.clock.advance(40_000);
  assert.equal(gone.isHeld(), false);
  const own = makeRoot(["root"]);
  await own.clock.advance(40_000);
  assert.equal(own.isHeld(), true);
  own.world.isReleased = true;
  await own.clock.advance(10_000);
  assert.equal(own.isHeld(), false);
});

test("an aggregator confirms the release of a node once it has released it, and knows its nodes", async () => {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const world = { isReleased: false, complete: false, told: undefined as Value | null | undefined };
  const answers = answerReleases({
    ...{ replica: tree.replica, changes: tree.changes, clock, ownId: idOf("root") },
    hasReleased: (id) => id === ID && world.isReleased,
    isComplete: () => world.complete,
    tell: (values) => void (world.told = values.get("/release/confirmed")),
  });
  tree.set("root", { "/release/requested": [KEY] });
  answers.look();
  assert.equal(world.told, undefined);
  world.complete = true;
  answers.look();
  assert.equal(world.told, null, "it has not");
  world.isReleased = true;
  await clock.advance(10_000);
  assert.deepEqual(world.told, [KEY]);
  answers.stop();
});
