import assert from "node:assert/strict";
import { test } from "node:test";
import { createClaims } from "../../aggregator/ownership/claims.ts";
import { createFacts } from "../../aggregator/ownership/facts.ts";
import { mayAct } from "../../aggregator/ownership/mod.ts";
import { createOwners } from "../../aggregator/ownership/owners.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import { assigned, createSmallTree, idOf, listen, quiet } from "../aggregator/small_tree.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const ID = idOf("n");
const [SHORT, LONG, JOIN] = [5_000, 35_000, 125_000];

/** The owners of the root's nodes; `n` is heard, and may have been moved here from `a` under assignment 2. */
function make(held: readonly string[] | undefined, { number = 2, physState = "POWER_ON" } = {}) {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const world = { isDeaf: false, isBrokerDeaf: false, hasWritten: true, canTakeOver: true, touched: 0 };
  const posted: string[] = [];
  const taken: string[] = [];
  const shown: [id: string, ...values: [string, Value | null][]][] = [];
  const { replica, nodes, changes } = tree;
  const facts = createFacts({ replica, nodes });
  const owners = createOwners({
    ...{ nodes, facts, changes, clock },
    claims: createClaims({ replica, store, facts: store.load().facts, log: quiet }),
    discovered: {
      parent(id, values: ReadonlyMap<string, Value | null>) {
        shown.push([id, ...values]);
        if (id === ID) tree.discover("n", "parent", Object.fromEntries(values), number);
      },
    },
    term: { hasWritten: () => world.hasWritten },
    times: { short: SHORT, long: LONG, join: JOIN },
    takeOver(id) {
      taken.push(id);
      return world.canTakeOver;
    },
    isDeaf: () => world.isDeaf,
    isBrokerDeaf: () => world.isBrokerDeaf,
  });
  const kinds = ["LinkCut", "LinkDropped", "RedirectDue", "RedirectOver"] as const;
  listen(changes, kinds, ({ kind }) => void posted.push(kind));
  listen(changes, ["OwnershipChanged"], () => void world.touched++);
  tree.discover("n", "parent", { "/physState": physState, "/runState": "SYNC" }, number);
  tree.discover("n", "self", { "/seen": "1.1" }, 1);
  const place = (holders = held) => {
    const more = holders === undefined ? {} : { held: [...holders] };
    tree.set("n", { "/parent": "root", "/assignment": assigned(number, "root", more) });
  };
  place();
  const link = (state: LinkState, assignment = number) => {
    changes.turn(() => owners.linked(ID, state, { sameRun: true, assignment, why: "" }));
  };
  const kind = () => owners.of(ID).kind;
  const may = () => mayAct(owners.of(ID), { kind: "acting" }, (id) => id).may;
  const runState = () => nodes.read(ID)?.view.get("/runState");
  return { ...tree, clock, store, world, posted, taken, shown, owners, place, link, kind, may, runState };
}

test("a link that is level is SYNC, and one that has not come back within the grace time is ERROR", async () => {
  const { clock, runState, link } = make(undefined, { number: 1 });
  link("level");
  assert.equal(runState(), "SYNC");
  link("down");
  await clock.advance(SHORT - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("each loss of a link has the whole grace time", async () => {
  const { clock, runState, link } = make(undefined, { number: 1 });
  for (let losses = 0; losses < 5; losses++) {
    link("level");
    link("down");
    await clock.advance(SHORT - 1);
    assert.equal(runState(), "SYNC");
  }
});

test("time that a node was given while it was heard does not count when its link is lost later", async () => {
  const { clock, changes, runState, link } = make(undefined, { number: 1 });
  link("level");
  changes.post({ kind: "FenceChanged", isUp: false });
  await clock.advance(LONG - 1);
  link("down");
  await clock.advance(SHORT - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("one that is heard but has to wait for its turn gets the longer time from then", async () => {
  const { clock, owners, runState, link } = make(undefined, { number: 1 });
  link("level");
  link("down");
  await clock.advance(SHORT - 1);
  owners.born(ID);
  await clock.advance(LONG - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("nothing is concluded from silence while nothing can be heard", async () => {
  const { clock, world, runState, link } = make(undefined, { number: 1 });
  link("level");
  world.isDeaf = true;
  link("down");
  await clock.advance(100 * SHORT);
  assert.equal(runState(), "SYNC");
  world.isDeaf = false;
  await clock.advance(SHORT);
  assert.equal(runState(), "ERROR");
});

test("begin() gives a child that was heard before the longer time, and shows that it is not heard yet", async () => {
  const { clock, owners, changes, nodes, runState } = make(undefined, { number: 1 });
  changes.turn(owners.begin);
  assert.equal(nodes.read(ID)?.view.get("/link"), "DOWN");
  await clock.advance(LONG - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("a look at the power of a node that is silent gives it no more time", async () => {
  const { clock, changes, runState, link } = make(undefined, { number: 1 });
  link("level");
  link("down");
  await clock.advance(SHORT - 1);
  changes.post({ kind: "PowerChanged", id: ID });
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("an aggregator that knows again that it was not replaced gives its silent nodes the longer time, and not before", async () => {
  for (const [isUp, time] of [[false, LONG], [true, 1]] as const) {
    const { clock, changes, runState, link } = make(undefined, { number: 1 });
    link("level");
    link("down");
    await clock.advance(SHORT - 1);
    changes.post({ kind: "FenceChanged", isUp });
    await clock.advance(time - 1);
    assert.equal(runState(), "SYNC");
    await clock.advance(1);
    assert.equal(runState(), "ERROR");
  }
});

test("a node that is given here without a count of its assignments is owned", () => {
  const { set, owners } = make(undefined);
  set("m", { "/parent": "a" });
  set("m", { "/parent": "root" });
  assert.equal(owners.of(idOf("m")).kind, "owned");
});

test("what an earlier aggregator wrote and comes late is taken over, and gives its node the longer time", async () => {
  const { clock, owners, changes, set, taken, world, runState, discover } = make(undefined, { number: 1 });
  discover("n", "parent", { "/runState": null }, 1);
  await clock.advance(LONG);
  taken.length = 0;
  discover("n", "parent", { "/runState": "SYNC" }, 1);
  changes.turn(() => owners.inherited(ID));
  await clock.advance(LONG - 1);
  assert.equal(runState(), "SYNC");
  await clock.advance(1);
  assert.deepEqual([runState(), taken], ["ERROR", [ID]]);

  set("n", { "/x": 1 });
  assert.deepEqual(taken, [ID], "all of it is this one's");
  world.hasWritten = false;
  set("n", { "/x": 2 });
  assert.deepEqual(taken, [ID, ID]);
  changes.turn(owners.begin);
  assert.equal(taken.filter((id) => id === ID).length, 3);
});

test("what can't be taken over gives no time", async () => {
  const { clock, owners, changes, world, link, runState } = make(undefined, { number: 1 });
  link("level");
  link("down");
  await clock.advance(SHORT - 1);
  world.canTakeOver = false;
  changes.turn(() => owners.inherited(ID));
  await clock.advance(1);
  assert.equal(runState(), "ERROR");
});

test("a node that others may have is left alone until they have released it, and for the time to join then", async () => {
  const { clock, place, kind, may, runState, taken } = make(["a"]);
  assert.deepEqual([kind(), may(), taken], ["expected", false, [ID]]);
  await clock.advance(3_600_000);
  assert.deepEqual([kind(), may()], ["expected", false]);
  place([]);
  await clock.advance(JOIN - 1);
  assert.deepEqual([kind(), may()], ["expected", false]);
  await clock.advance(1);
  assert.deepEqual([kind(), may(), runState()], ["owned", true, "SYNC"]);
  await clock.advance(LONG);
  assert.equal(runState(), "ERROR");
});

test("a node is owned once its link is level, or it has written, under its assignment", () => {
  const level = make(["a"]);
  level.link("joining");
  level.link("level", 1);
  assert.equal(level.kind(), "expected");
  level.link("level");
  assert.equal(level.kind(), "owned");
  const wrote = make(["a"]);
  wrote.discover("n", "self", { "/seen": "1.2" }, 1);
  assert.equal(wrote.kind(), "expected");
  wrote.discover("n", "self", { "/seen": "1.3" }, 2);
  assert.equal(wrote.kind(), "owned");
});

test("only a machine that may run is left alone", () => {
  for (
    const [physState, expected] of [
      ...[["POWER_ON", false], ["PHYS_HANG", false], ["PHYS_ERROR", false]] as const,
      ...[["PHYS_UNKNOWN", true], ["POWER_OFF", true], ["POWER_CYCLE", true]] as const,
    ]
  ) assert.equal(make(["a"], { physState }).may(), expected, physState);
  assert.equal(make(["a"], { physState: "POWER_CYCLE" }).kind(), "owned", "what comes next is a new agent");
});

test("a node that is here, or is given away, has no time to join any more", async () => {
  const { clock, link, set, kind } = make(["a"]);
  const before = clock.waiting;
  link("level");
  assert.equal(clock.waiting, before - 1);
  set("n", { "/assignment": assigned(3, "root", { held: ["a"] }) });
  assert.equal(kind(), "expected");
  assert.equal(clock.waiting, before);
  set("n", { "/parent": "b", "/assignment": assigned(4, "b") });
  assert.equal(clock.waiting, before - 1);
});

test("a node that was never given away is owned from the first moment", () => {
  assert.equal(make(undefined, { number: 1 }).kind(), "owned");
});

test("a node is owned once its machine is off, and its link is cut", () => {
  const { discover, kind, link, posted } = make(["a"]);
  link("joining");
  discover("n", "parent", { "/physState": "POWER_OFF" }, 2);
  discover("n", "parent", { "/physState": "POWER_ON" }, 2);
  assert.deepEqual([kind(), posted], ["owned", ["LinkCut"]]);
});

test("whoever asks for the machine of an expected node to be off gets that", () => {
  const { set, may, kind } = make(["a"]);
  set("n", { "/physState": "POWER_OFF" });
  assert.deepEqual([kind(), may()], ["expected", true]);
});

test("a node that is given away is told where to go, and released once it was silent for a minute", async () => {
  const { set, owners, link, kind, posted, clock, world } = make(undefined);
  link("level");
  set("n", { "/parent": "b", "/assignment": assigned(3, "b") });
  assert.deepEqual([kind(), posted], ["departing", ["LinkDropped", "RedirectDue"]]);
  await clock.advance(59_999);
  assert.equal(owners.hasReleased(ID), false);
  owners.strayed(ID, undefined);
  assert.deepEqual(posted.slice(2), ["RedirectDue"]);
  await clock.advance(50_000);
  assert.equal(owners.hasReleased(ID), false);
  world.isBrokerDeaf = true;
  await clock.advance(10_000);
  assert.equal(owners.hasReleased(ID), false, "nothing can be heard");
  world.isBrokerDeaf = false;
  assert.equal(owners.hasReleased(ID), true);
  assert.equal(kind(), "below");
});

test("a node that has gone is forgotten within ten seconds after its minute", async () => {
  const { set, link, kind, clock } = make(undefined);
  link("level");
  set("n", { "/parent": "b", "/assignment": assigned(3, "b") });
  await clock.advance(59_999);
  assert.equal(kind(), "departing");
  await clock.advance(10_001);
  assert.equal(kind(), "below");
});

test("a node of which nothing is known is released a minute after the start, and a child never", async () => {
  const { owners, clock } = make(undefined);
  assert.equal(owners.hasReleased("stranger"), false);
  await clock.advance(60_000);
  assert.equal(owners.hasReleased("stranger"), true);
  assert.equal(owners.hasReleased(ID), false);
});

test("of more than 10,000 nodes that stray the one that was heard longest ago counts as silent since the start", async () => {
  const { owners, clock } = make(undefined);
  await clock.advance(70_000);
  for (let node = 0; node <= 10_000; node++) owners.strayed(`n${node}`, undefined);
  assert.deepEqual(["n0", "n1"].map(owners.hasReleased), [true, false]);
});

test("a node that has told of a later assignment is in dispute, also after a restart, until that one comes down", () => {
  const { owners, changes, set, kind, may } = make(undefined);
  changes.turn(() => assert.equal(owners.claimed(ID, 3), true));
  assert.deepEqual([kind(), may()], ["disputed", false]);
  changes.turn(owners.begin);
  assert.deepEqual([kind(), may()], ["disputed", false]);
  set("n", { "/assignment": assigned(3, "root") });
  assert.equal(kind(), "expected");
});

test("a node that is forgotten loses its link, and its times end", () => {
  const { owners, commits, link, posted, clock } = make(undefined);
  link("level");
  link("down");
  commits.forget(ID);
  assert.deepEqual([owners.of(ID).kind, posted], ["departing", ["LinkDropped"]]);
  owners.stop();
  assert.equal(clock.waiting, 0);
});

test("what a node that is not a child has inherited is not taken over", () => {
  const { owners, changes, taken } = make(undefined, { number: 1 });
  taken.length = 0;
  for (const id of [idOf("m"), "stranger"]) changes.turn(() => owners.inherited(id));
  assert.deepEqual(taken, []);
});

test("nodes below an aggregator are stale from the first loss of its link until it is level again", async () => {
  const { clock, owners, changes, shown, discover } = make(undefined, { number: 1 });
  const a = idOf("a");
  changes.turn(owners.begin);
  discover("a", "parent", { "/physState": "POWER_ON", "/runState": "SYNC" }, 1);
  const link = (state: LinkState) => {
    shown.length = 0;
    changes.turn(() => owners.linked(a, state, { sameRun: true, assignment: 1, why: "" }));
    return shown;
  };
  assert.deepEqual(link("level"), [[a, ["/link", "UP"], ["/runState", "SYNC"], ["/staleSince", null]]]);
  const since = new Date(clock.wall()).toISOString();
  assert.deepEqual(link("down"), [[a, ["/link", "DOWN"], ["/staleSince", since]]]);
  discover("a", "parent", { "/staleSince": since }, 1);
  shown.length = 0;
  await clock.advance(SHORT);
  assert.deepEqual(shown, [[a, ["/runState", "ERROR"], ["/staleSince", since]]]);
});
