import assert from "node:assert/strict";
import { test } from "node:test";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { NO_TERM, valuesOf } from "../../src/state/mod.ts";
import { digestOf, MAX_REFUSALS, MAX_RETRANSMITS } from "../../src/sync/mod.ts";
import { createChildEnd, NOTHING_DECLARED } from "./ends.ts";
import { NODE } from "./world.ts";
import { at, ofRun } from "../support/versions.ts";

/** Another node, which comes into the same part of what a child has as {@link NODE}. */
const OTHER = "0f0e7a84-1f2b-4d0c-9c9e-6b1f4a6c2e55";
const MODULES: readonly ModuleDeclaration[] = [
  declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} }),
];

/** A child that is level under term 3 and epoch 5, keeps alive each 10 s, and has index 2 of its parent. */
function level() {
  const end = createChildEnd();
  end.link.connected();
  end.welcome({ term: ofRun(3), epoch: 5, newest: 2 });
  end.data(0, 2, { epoch: 5 });
  end.ack(0);
  end.sent.length = 0;
  end.states.length = 0;
  return end;
}

test("a link is down and silent until its transport is up", async () => {
  const { link, clock, sent, welcome } = createChildEnd();
  welcome();
  link.ask(NODE);
  await clock.advance(60_000);
  assert.deepEqual([link.state, link.term.run, link.isBehind, sent], ["down", 0, true, []]);
  assert.equal(link.counts.droppedFrames, 1);
});

test("births come after 1.5 s, 3 s, 6 s, 12 s and then every 22.5 s, and five without an answer are logged once", async () => {
  const { link, clock, sentOf, warnings } = createChildEnd();
  link.connected();
  link.connected(); // says nothing new
  const at: number[] = [];
  for (let second = 0; second < 68.5; second += 0.5) {
    await clock.advance(second === 0 ? 0 : 500);
    while (at.length < sentOf("birth").length) at.push(clock.now());
  }
  assert.deepEqual(at, [0, 1_500, 4_500, 10_500, 22_500, 45_000, 67_500]);
  assert.equal(warnings.length, 1);
});

test("a child is level once it has what its parent had at its welcome, and its parent has what it had then itself", () => {
  const { link, states, world, welcome, data, ack, write, replica } = createChildEnd();
  write("/a", 1);
  link.connected();
  welcome({ newest: 7 });
  assert.deepEqual([link.state, link.isBehind, world.caughtUp], ["joining", true, 0]);
  data(0, 6, { newest: 9 });
  ack(replica.index);
  assert.deepEqual([link.state, world.snapshots.length], ["joining", 0], "it lacks index 7");
  data(6, 7, { newest: 9 });
  assert.deepEqual([link.state, world.snapshots.length], ["level", 1]);
  assert.deepEqual([link.isBehind, world.caughtUp], [true, 0], "there is more");
  data(7, 9, { newest: 9 });
  assert.deepEqual([link.isBehind, world.caughtUp], [false, 1]);
  assert.deepEqual(states.map(({ state }) => state), ["joining", "level"]);
});

test("a child is not level before its parent has acknowledged what the child had at its welcome", () => {
  const { link, welcome, data, ack, write, replica } = createChildEnd();
  write("/a", 1);
  write("/b", 1);
  link.connected();
  welcome({ newest: 0 });
  data(0, 0);
  ack(replica.index - 1);
  assert.equal(link.state, "joining");
  ack(replica.index + 1); // of what was never sent
  assert.equal(link.state, "joining");
  ack(replica.index);
  assert.equal(link.state, "level");
});

test("a welcome gives what was written before it the term of this run", () => {
  const { link, welcome, write, replica } = createChildEnd();
  write("/a", 1);
  link.connected();
  welcome({ term: ofRun(4) });
  assert.equal(link.term.run, 4);
  assert.deepEqual(replica.get(NODE)?.facets.self.get("/a")?.version, at(4, 1));
});

test("a late welcome of a lower term, or of an epoch that is over, changes nothing", async () => {
  const { link, clock, replica, states, world, welcome, sent } = level();
  replica.merge(NODE, "parent", new Map([["/x", { value: 1, version: at(1, 1) }]]));
  for (
    const late of [{ term: ofRun(2), epoch: 5 }, { term: ofRun(3), epoch: 4 }, {
      term: ofRun(2),
      from: "older",
      epoch: 9,
    }]
  ) {
    welcome({ ...late, newest: 0 });
  }
  assert.deepEqual([link.state, link.term.run, link.counts.droppedFrames], ["level", 3, 3]);
  await clock.advance(14_000);
  assert.deepEqual([states, sent, world.welcomes.length], [[], [], 1]);
  assert.equal(replica.get(NODE)?.facets.parent.has("/x"), true);
});

test("a late welcome is dropped while the child is born again, too", () => {
  const { link, welcome } = level();
  link.disconnected();
  link.connected();
  welcome({ term: ofRun(3), epoch: 4 });
  welcome({ term: ofRun(2), epoch: 5 });
  assert.deepEqual([link.state, link.counts.droppedFrames], ["joining", 2]);
  welcome({ term: ofRun(3), epoch: 5, newest: 2 });
  link.receive({ type: "ack", from: "p", to: "c", received: 0 });
  assert.deepEqual([link.state, link.counts.droppedFrames], ["level", 2]);
});

test("another parent's epochs count for themselves", () => {
  const { link, welcome } = level();
  welcome({ from: "q", term: ofRun(4), epoch: 1, newest: 1 });
  assert.deepEqual([link.state, link.term.run, link.counts.droppedFrames], ["joining", 4, 0]);
});

test("an epoch of another parent is another one, though it has the same number", () => {
  const { link, sentOf, data, welcome } = level();
  welcome({ from: "q", term: ofRun(4), epoch: 5, newest: 3 });
  data(2, 3, { from: "q", epoch: 5 });
  assert.deepEqual([link.state, sentOf("resync").at(-1)?.received], ["joining", 0]);
});

test("a welcome with a higher term gives the child that term, though it goes on", () => {
  const { link, welcome, world } = level();
  welcome({ term: ofRun(4), epoch: 5, newest: 2 });
  assert.deepEqual([link.term.run, world.welcomes.map(({ term }) => term.run)], [4, [3, 4]]);
});

test("a copy of the welcome that a child goes by starts nothing", () => {
  const { link, sent, world, welcome } = level();
  welcome({ term: ofRun(3), epoch: 5, newest: 2 });
  assert.deepEqual([link.state, sent, world.welcomes.length], ["level", [], 1]);
});

test("a welcome that goes on keeps what has arrived, and one that begins anew does not", () => {
  const { link, sent, welcome, world } = level();
  link.disconnected();
  link.connected();
  welcome({ term: ofRun(3), epoch: 5, newest: 2 });
  assert.equal(link.state, "level", "both have everything as it is");
  assert.equal(world.snapshots.length, 1, "nothing was begun");
  welcome({ term: ofRun(3), epoch: 6, newest: 8 });
  assert.equal(link.isBehind, true);
  sent.length = 0;
  link.receive({ ...{ type: "data", from: "p", to: "c", since: 2, upTo: 8, newest: 8 }, documents: [], epoch: 6 });
  assert.deepEqual(sent, [{ type: "resync", from: "c", to: "p", received: 0 }]);
});

test("what a parent does not mention after it began from nothing is forgotten", () => {
  const { link, welcome, data, replica, world } = createChildEnd();
  const entry = (value: number) => ({ value, version: at(1, value) });
  replica.merge(NODE, "parent", new Map([["/old", entry(1)], ["/kept", entry(2)]]));
  link.connected();
  welcome({ newest: 2 });
  data(0, 2, { documents: [{ id: NODE, facets: { parent: new Map([["/kept", entry(2)]]) } }] });
  assert.deepEqual([...replica.get(NODE)?.facets.parent.keys() ?? []], ["/kept"]);
  assert.deepEqual(world.snapshots, [[NODE]]);
});

test("only what a parent says of the child's own node keeps values of it", () => {
  const { link, welcome, data, replica } = createChildEnd();
  const entry = { value: 1, version: at(1, 1) } as const;
  replica.merge(NODE, "parent", new Map([["/x", entry], ["/y", entry]]));
  link.connected();
  welcome({ newest: 1 });
  const documents = [
    { id: NODE, facets: { cfg: new Map([["/x", entry]]) } },
    { id: OTHER, facets: { parent: new Map([["/y", entry]]) } },
  ];
  data(0, 1, { documents });
  assert.equal(replica.get(NODE)?.facets.parent.size, 0);
});

test("a child whose keep-alive is 10 s pings after 15 s, and then every 30 s", async () => {
  const { clock, sentOf, data } = level();
  await clock.advance(14_999);
  assert.equal(sentOf("ping").length, 0);
  await clock.advance(1);
  assert.deepEqual(sentOf("ping"), [{ type: "ping", from: "c", to: "p", received: 2, epoch: 5 }]);
  data(2, 2, { epoch: 5 }); // a sign of life
  await clock.advance(29_999);
  assert.equal(sentOf("ping").length, 1);
  await clock.advance(1);
  assert.equal(sentOf("ping").length, 2);
});

test("a child that has heard nothing for nine keep-alives is born again at its next sign of life", async () => {
  const { link, clock, sentOf, states } = level();
  await clock.advance(90_000);
  assert.deepEqual([link.state, sentOf("birth").length], ["level", 0]);
  await clock.advance(15_000); // signs of life are due after 15, 45, 75 and 105 s
  assert.deepEqual([link.state, sentOf("birth").length], ["joining", 1]);
  assert.deepEqual(states, [{ state: "joining", why: "nothing is heard of its parent" }]);
});

test("a child that heard its parent nine keep-alives ago is not born again yet, and a millisecond later it is", async () => {
  for (const [heardAt, state] of [[15_000, "level"], [14_999, "joining"]] as const) {
    const { link, clock, ack } = level();
    await clock.advance(heardAt);
    ack(0);
    await clock.advance(105_000 - heardAt); // a sign of life is due then
    assert.equal(link.state, state);
  }
});

test("a child that hears its parent now and then stays level", async () => {
  const { link, clock, states } = level();
  for (let minute = 1; minute <= 4; minute++) {
    await clock.advance(60_000);
    link.receive({ type: "ack", from: "p", to: "c", received: 0 });
  }
  assert.deepEqual([link.state, states], ["level", []]);
});

test("signs of life come at moments of chance, three quarters to five quarters of three keep-alives apart", async () => {
  for (const [chance, first, next] of [[0, 0, 22_500], [0.999999, 30_000, 37_500]] as const) {
    const { link, clock, sentOf, welcome } = createChildEnd({ random: () => chance });
    link.connected();
    welcome();
    await clock.advance(first);
    const before = sentOf("ping").length;
    await clock.advance(next - 10);
    assert.equal(sentOf("ping").length, before);
    await clock.advance(10);
    assert.equal(sentOf("ping").length, before + 1);
  }
});

test("changes are gathered for as long as a child was made to", async () => {
  for (const [options, wait] of [[{}, 100], [{ batch: 20 }, 20]] as const) {
    const { link, clock, sentOf, welcome, ack, write } = createChildEnd(options);
    link.connected();
    welcome();
    ack(0);
    write("/a", 1);
    await clock.advance(wait - 1);
    assert.equal(sentOf("data").length, 1);
    await clock.advance(1);
    assert.equal(sentOf("data").length, 2);
  }
});

test("a child that connects again, or is called, is born as often as one that is new", async () => {
  const { link, clock, sentOf } = createChildEnd();
  link.connected();
  await clock.advance(60_000);
  link.disconnected();
  link.connected();
  let before = sentOf("birth").length;
  await clock.advance(1_500);
  assert.equal(sentOf("birth").length, before + 1);
  await clock.advance(60_000);
  link.receive({ type: "rebirth", from: "p" });
  before = sentOf("birth").length;
  await clock.advance(1_500);
  assert.equal(sentOf("birth").length, before + 1);
});

test("a keep-alive is a second at least, whatever a parent says", async () => {
  for (const keepalive of [0, 1]) {
    const { link, clock, sentOf, welcome, world } = createChildEnd();
    link.connected();
    welcome({ keepalive });
    assert.equal(world.welcomes[0]?.keepalive, 1);
    await clock.advance(1_499);
    assert.equal(sentOf("ping").length, 0);
    await clock.advance(1);
    assert.equal(sentOf("ping").length, 1);
  }
});

test("a first birth names no parent, and nothing that has arrived", () => {
  const { link, sentOf } = createChildEnd();
  link.connected();
  const [birth] = sentOf("birth");
  assert.deepEqual([birth?.term, birth?.parent, birth?.received, birth?.epoch, birth?.parentTerm, birth?.knownDigest], [
    ...[NO_TERM, "", 0, 0, NO_TERM, ""],
  ]);
});

test("births carry what the child has, and whose word it has got how far", () => {
  const { link, sentOf, replica } = level();
  replica.merge(NODE, "parent", new Map([["/x", { value: 1, version: at(7, 1) }]]));
  link.disconnected();
  link.connected();
  const [birth] = sentOf("birth");
  assert.deepEqual([birth?.term.run, birth?.parent, birth?.received, birth?.epoch, birth?.parentTerm.run], [
    3,
    "p",
    2,
    5,
    7,
  ]);
  assert.deepEqual([birth?.holdings !== undefined, birth?.blank, birth?.modules], [true, undefined, undefined]);
  assert.deepEqual([birth?.digest, birth?.knownDigest], [NOTHING_DECLARED, NOTHING_DECLARED]);
});

test("a child that remembers nothing says so, and names nothing that it has", () => {
  const { link, sentOf, replica } = createChildEnd({ isBlank: () => true, term: ofRun(6) });
  replica.merge(NODE, "cfg", new Map([["/x", { value: 1, version: at(7, 1) }]]));
  link.connected();
  const [birth] = sentOf("birth");
  assert.deepEqual([birth?.term.run, birth?.blank, birth?.holdings], [6, true, undefined]);
});

test("a child that has cfg alone, of some nodes, names that", () => {
  const { link, sentOf, replica } = createChildEnd();
  replica.merge(NODE, "cfg", new Map([["/x", { value: 1, version: at(7, 1) }]]));
  replica.merge(OTHER, "self", new Map([["/x", { value: 1, version: at(7, 1) }]]));
  link.connected();
  const holdings = sentOf("birth")[0]?.holdings;
  assert.deepEqual([holdings?.parent, holdings?.cfg.map((each) => each !== "").sort()], ["", [false, true]]);
});

test("a child that has nothing of what parents tell names nothing", () => {
  const { link, sentOf, write } = createChildEnd();
  write("/own", 1);
  link.connected();
  assert.equal(sentOf("birth")[0]?.holdings, undefined);
});

test("a welcome for which the child has other values than its parent believes is not heeded", async () => {
  const { link, clock, sentOf, welcome } = createChildEnd();
  link.connected();
  await clock.advance(1_000);
  welcome({ unchanged: { cfg: ["0".repeat(24)], parent: "" } });
  assert.deepEqual([link.state, link.term.run, sentOf("birth").length], ["joining", 0, 2]);
});

test("a welcome that goes on names what both had when it began: what has come since is no reason to be born again", () => {
  const { link, sentOf, welcome, data, replica } = createChildEnd();
  replica.merge(NODE, "cfg", new Map([["/c", { value: 1, version: at(1, 1) }]]));
  link.connected();
  const unchanged = sentOf("birth")[0]?.holdings;
  assert.ok(unchanged !== undefined);
  welcome({ unchanged, newest: 0 });
  data(0, 1, { documents: [{ id: NODE, facets: { cfg: new Map([["/c", { value: 2, version: at(1, 2) }]]) } }] });
  link.disconnected();
  link.connected();
  welcome({ unchanged, newest: 1 });
  data(1, 1);
  link.receive({ type: "ack", from: "p", to: "c", received: replica.index });
  assert.deepEqual([link.state, sentOf("birth").length], ["level", 2]);
});

test("a child that is disconnected by what it is told is down, and was told nothing else", () => {
  const end = createChildEnd({ onCaughtUp: () => end.link.disconnected() });
  end.link.connected();
  end.welcome({ newest: 1 });
  end.ack(end.replica.index);
  end.data(0, 1);
  assert.deepEqual([end.link.state, end.world.snapshots], ["down", []]);
  const asked = createChildEnd({ onThere: () => asked.link.disconnected() });
  asked.level();
  asked.link.receive({ type: "location", from: "p", to: "c", child: OTHER, number: 1, parent: NODE });
  assert.deepEqual(asked.states.map(({ state }) => state), ["down"]);
});

test("what a parent need not say again counts as said", () => {
  const { link, sentOf, welcome, data, replica, world } = createChildEnd();
  const entry = { value: 1, version: at(1, 1) } as const;
  replica.merge(NODE, "cfg", new Map([["/c", entry]]));
  replica.merge(NODE, "parent", new Map([["/p", entry], ["/link", entry]]));
  link.connected();
  const unchanged = sentOf("birth")[0]?.holdings;
  assert.ok(unchanged !== undefined);
  welcome({ unchanged, newest: 0 });
  data(0, 0);
  assert.deepEqual(world.snapshots, [[NODE]]);
  assert.deepEqual([...replica.get(NODE)?.facets.parent.keys() ?? []], ["/p"], "/link is of each link");
});

test("what a child has of its own node is forgotten where it has only cfg in common with its parent", () => {
  const { link, sentOf, welcome, data, replica, world } = createChildEnd();
  const entry = { value: 1, version: at(1, 1) } as const;
  replica.merge(NODE, "cfg", new Map([["/c", entry]]));
  replica.merge(NODE, "parent", new Map([["/p", entry]]));
  replica.merge(OTHER, "parent", new Map([["/p", entry]])); // without cfg: nobody has spoken of it
  link.connected();
  const holdings = sentOf("birth")[0]?.holdings;
  assert.ok(holdings !== undefined && holdings.cfg.filter((each) => each !== "").length === 1);
  welcome({ unchanged: { ...holdings, parent: "" }, newest: 0 });
  data(0, 0);
  assert.deepEqual(world.snapshots, [[NODE]]);
  assert.equal(replica.get(NODE)?.facets.parent.size, 0);
});

test("what a child has of only one facet counts as said of that one alone", () => {
  const { link, sentOf, welcome, data, replica, world } = createChildEnd();
  const entry = { value: 1, version: at(1, 1) } as const;
  replica.merge(NODE, "cfg", new Map([["/c", entry]]));
  replica.merge(NODE, "parent", new Map([["/p", entry]]));
  link.connected();
  const holdings = sentOf("birth")[0]?.holdings;
  assert.ok(holdings !== undefined);
  welcome({ unchanged: { ...holdings, cfg: holdings.cfg.map(() => "") }, newest: 0 });
  data(0, 0);
  assert.deepEqual(world.snapshots, [[]]);
  assert.equal(replica.get(NODE)?.facets.parent.has("/p"), true);
});

test("a parent's declarations are handed on once, and asked for again where they were lost", async () => {
  const { link, clock, sentOf, welcome, world } = createChildEnd();
  const digest = digestOf(MODULES);
  link.connected();
  welcome({ digest, modules: MODULES });
  assert.deepEqual(world.welcomes.map(({ knowsModules }) => knowsModules), [false]);
  link.disconnected();
  link.connected();
  await clock.advance(0);
  assert.equal(sentOf("birth").at(-1)?.knownDigest, digest);
  welcome({ digest, modules: MODULES, epoch: 2 });
  assert.deepEqual(world.welcomes.map(({ knowsModules }) => knowsModules), [false, true]);
  const { link: other, clock: later, sentOf: sentOfOther } = createChildEnd();
  other.connected();
  await later.advance(1_000);
  const bare = { type: "welcome", from: "p", to: "c", term: ofRun(1), received: 0, newest: 0, keepalive: 10 } as const;
  other.receive({ ...bare, epoch: 1, digest });
  assert.deepEqual([other.state, other.term.run, sentOfOther("birth").length], ["joining", 0, 2]);
  assert.equal(sentOfOther("birth")[1]?.knownDigest, "");
  link.receive({ ...bare, epoch: 3, digest: NOTHING_DECLARED });
  await clock.advance(1_000);
  assert.deepEqual(
    [link.state, sentOf("birth").at(-1)?.knownDigest],
    ["joining", ""],
    "it has those of another digest",
  );
});

test("a parent that asks what a child declares is told with a birth at once, and only then", () => {
  const { link, sentOf, welcome } = createChildEnd({ modules: () => MODULES });
  link.connected();
  link.receive({ type: "declare", from: "p", to: "another" });
  assert.equal(sentOf("birth").length, 1);
  link.receive({ type: "declare", from: "p", to: "c" });
  assert.deepEqual(sentOf("birth").map(({ modules }) => modules), [undefined, MODULES]);
  welcome();
  link.receive({ type: "declare", from: "p", to: "c" });
  assert.equal(sentOf("birth").length, 2, "no question is open");
  assert.equal(link.counts.droppedFrames, 2);
  link.disconnected();
  link.connected();
  assert.equal(sentOf("birth").at(-1)?.modules, undefined, "the parent knows by now");
});

test("a call has the child born again, at most once a second", async () => {
  const { link, clock, sentOf } = level();
  await clock.advance(1_000);
  const call = { type: "rebirth", from: "p" } as const;
  link.receive(call);
  link.receive(call);
  await clock.advance(400);
  link.receive(call);
  assert.equal(sentOf("birth").length, 1);
  await clock.advance(599);
  assert.equal(sentOf("birth").length, 1);
  await clock.advance(1);
  assert.equal(sentOf("birth").length, 2);
});

test("a child whose parent is gone is born again, and one of whom a late will of another parent comes is not", async () => {
  const { link, clock, sentOf } = level();
  await clock.advance(1_000);
  link.parentLife({ type: "dead", from: "older", why: "lost" });
  link.parentLife({ type: "alive", from: "p" });
  assert.deepEqual([link.state, sentOf("birth").length], ["level", 0]);
  link.parentLife({ type: "dead", from: "p", why: "lost" });
  assert.deepEqual([link.state, sentOf("birth").length], ["joining", 1]);
  await clock.advance(1_100);
  link.parentLife({ type: "dead", from: "p", why: "lost" });
  assert.equal(sentOf("birth").length, 1, "it is not welcome there anyway");
});

test("what another run of the parent sends has the child born again, and is not taken", async () => {
  const { link, clock, sentOf, data } = level();
  await clock.advance(1_000);
  data(2, 3, { from: "q", epoch: 5 });
  assert.deepEqual([link.state, sentOf("birth").length, sentOf("ack").length], ["joining", 1, 0]);
});

test("data of an older epoch are dropped, and those of a newer one have the child begin from nothing", async () => {
  const { link, clock, sentOf, data } = level();
  await clock.advance(1_000);
  data(2, 3, { epoch: 4 });
  assert.deepEqual([link.state, link.counts.droppedFrames, sentOf("ack").length], ["level", 1, 0]);
  data(2, 3, { epoch: 6 });
  assert.deepEqual([link.state, sentOf("birth").length, sentOf("ack").length], ["joining", 1, 0]);
});

test("frames for another run, or before a welcome, are dropped", () => {
  const { link, sent, data, ack } = createChildEnd();
  link.connected();
  sent.length = 0;
  data(0, 1);
  ack(0);
  assert.deepEqual([link.counts.droppedFrames, link.counts.received, sent], [2, 0, []]);
  const other = level();
  other.data(2, 3, { to: "another", epoch: 5 });
  other.link.receive({ type: "ack", from: "p", to: "", received: 0 }); // only a call is for everybody
  assert.deepEqual([other.link.counts.droppedFrames, other.sent, other.link.state], [2, [], "level"]);
});

test("a welcome for another run is passed over where its term is no higher", () => {
  const { link, states, welcome } = level();
  welcome({ to: "another", term: ofRun(3) });
  assert.deepEqual([link.state, states, link.counts.droppedFrames], ["level", [], 1]);
});

test("a child that lives is born again, some time later, where another run was welcomed", async () => {
  const { link, clock, sentOf, welcome, world } = level();
  await clock.advance(10_000);
  welcome({ to: "another", term: ofRun(4) });
  assert.equal(link.state, "joining");
  await clock.advance(1_499);
  assert.equal(sentOf("birth").length, 0);
  await clock.advance(1);
  assert.deepEqual([sentOf("birth").length, world.deposed], [1, 0]);
});

test("a child stands down when three of its births were answered by another run's welcome", async () => {
  const { link, clock, sentOf, welcome, world, warnings, replica } = level();
  welcome({ to: "another", term: ofRun(4) });
  await clock.advance(1_500);
  for (let answers = 1; answers < MAX_REFUSALS; answers++) {
    const births = sentOf("birth").length;
    welcome({ to: "another", term: ofRun(4) });
    welcome({ to: "another", term: ofRun(4) }); // a copy answers no other birth
    assert.equal(world.deposed, 0);
    while (sentOf("birth").length === births) await clock.advance(100);
  }
  welcome({ to: "another", term: ofRun(4) });
  assert.deepEqual([link.state, world.deposed, warnings.length], ["down", 1, 1]);
  const before = sentOf("birth").length;
  link.disconnected();
  link.connected();
  replica.write(NODE, "self", new Map([["/late", 1]]), ofRun(3));
  await clock.advance(600_000);
  assert.deepEqual([sentOf("birth").length, sentOf("data").length, clock.waiting], [before, 0, 0]);
});

test("copies of another run's welcome answer no birth", () => {
  const { welcome, world } = level();
  for (let copies = 0; copies < 5; copies++) welcome({ to: "another", term: ofRun(4) });
  assert.equal(world.deposed, 0);
  const unborn = createChildEnd();
  unborn.link.connected();
  for (let copies = 0; copies < 5; copies++) unborn.welcome({ to: "another", term: ofRun(4) });
  assert.equal(unborn.world.deposed, 0);
});

test("a copy that comes before the child was born again is none of three answers", async () => {
  const { clock, sentOf, welcome, world } = level();
  await clock.advance(10_000);
  welcome({ to: "another", term: ofRun(4) });
  welcome({ to: "another", term: ofRun(4) }); // no birth is open
  for (let answers = 1; answers < MAX_REFUSALS; answers++) {
    const births = sentOf("birth").length;
    while (sentOf("birth").length === births) await clock.advance(100);
    welcome({ to: "another", term: ofRun(4) });
    assert.equal(world.deposed, 0);
  }
});

test("a child that was never welcomed stands down as others do", async () => {
  const { link, clock, welcome, world } = createChildEnd();
  link.connected();
  for (let answers = 1; answers < MAX_REFUSALS; answers++) {
    welcome({ to: "another", term: ofRun(4) });
    assert.equal(world.deposed, 0);
    await clock.advance(1_500 * 2 ** (answers - 1));
  }
  welcome({ to: "another", term: ofRun(4) });
  assert.deepEqual([link.state, world.deposed], ["down", 1]);
});

test("a welcome of its own lets a child forget that others were welcomed", async () => {
  const { link, clock, sentOf, welcome, world } = level();
  for (let round = 0; round < 3; round++) {
    welcome({ to: "another", term: ofRun(4 + 2 * round) });
    await clock.advance(1_500);
    for (let answers = 1; answers < MAX_REFUSALS; answers++) {
      const births = sentOf("birth").length;
      welcome({ to: "another", term: ofRun(4 + 2 * round) });
      while (sentOf("birth").length === births) await clock.advance(100);
    }
    welcome({ term: ofRun(5 + 2 * round), epoch: 6 + round });
  }
  assert.deepEqual([world.deposed, link.term.run], [0, 9]);
});

test("a child hands on where it, or a node that it asked for, joins", () => {
  const { link, sentOf, world } = level();
  link.ask("stranger");
  assert.deepEqual(sentOf("where"), [{ type: "where", from: "c", to: "p", child: "stranger" }]);
  link.receive({ type: "location", from: "p", to: "c", child: "stranger", number: 1, parent: NODE });
  link.receive({ type: "moved", from: "x", number: 2, parent: NODE });
  link.receive({ type: "noted", from: "x", number: 2 });
  assert.deepEqual([world.there, world.moved.map(({ number }) => number)], [["stranger"], [2]]);
  assert.equal(link.counts.droppedFrames, 0);
  link.disconnected();
  link.ask("stranger");
  assert.equal(sentOf("where").length, 1);
});

test("a child is born again when what it declares has changed", async () => {
  const { link, clock, sentOf } = level();
  await clock.advance(1_000);
  link.redeclare();
  assert.deepEqual([link.state, sentOf("birth").length], ["joining", 1]);
  await clock.advance(1_000);
  link.redeclare();
  assert.equal(sentOf("birth").length, 1, "a birth is under way anyway");
});

test("a child whose data are never acknowledged is born again", async () => {
  const { link, clock, sentOf, write, data, states } = level();
  write("/a", 1);
  let upTo = 2;
  while (sentOf("birth").length === 0 && clock.now() < 200_000) {
    await clock.advance(1_000);
    data(upTo, ++upTo, { epoch: 5 }); // the parent is there
  }
  assert.deepEqual([link.state, link.counts.retransmits], ["joining", MAX_RETRANSMITS]);
  assert.deepEqual(states, [{ state: "joining", why: "its data was not acknowledged" }]);
});

test("a disconnected child sends nothing, and says that it is down", async () => {
  const { link, clock, sent, states, write } = level();
  link.disconnected();
  write("/a", 1);
  await clock.advance(600_000);
  assert.deepEqual([link.state, link.isBehind, sent, clock.waiting], ["down", true, [], 0]);
  assert.deepEqual(states, [{ state: "down", why: "disconnected" }]);
});

test("a stopped child sends nothing and takes nothing in", async () => {
  const { link, clock, sent, welcome, data, replica } = level();
  link.stop();
  link.connected();
  welcome({ term: ofRun(9), epoch: 9 });
  data(2, 3, {
    epoch: 5,
    documents: [{ id: NODE, facets: { cfg: new Map([["/a", { value: 1, version: at(1, 1) }]]) } }],
  });
  await clock.advance(600_000);
  assert.deepEqual([link.state, link.term.run, sent, clock.waiting], ["down", 3, [], 0]);
  assert.equal(valuesOf(replica.get(NODE)?.facets.cfg ?? new Map()).size, 0);
});

test("what a parent does not write is counted", () => {
  const { link, data, warnings } = level();
  const self = new Map([["/a", { value: 1, version: at(9, 1) }], ["/b", {
    value: 1,
    version: at(9, 1),
  }]]);
  data(2, 3, { epoch: 5, documents: [{ id: NODE, facets: { self } }] });
  data(3, 4, { epoch: 5, documents: [{ id: NODE, facets: { self: new Map([...self].slice(1)) } }] });
  assert.deepEqual([link.counts.droppedValues, warnings.length, link.counts.received], [3, 2, 4]);
  assert.equal(link.counts.sent, 1 + 1 + 3, "a birth, an empty window, and an ack of each of the data");
});

test("a parent that asks for data again gets them", async () => {
  const { link, sentOf, write, ack, replica, clock } = level();
  write("/a", 1);
  link.receive({ type: "resync", from: "p", to: "c", received: 0 });
  await clock.advance(100);
  assert.deepEqual(sentOf("data").map(({ since, upTo }) => [since, upTo]), [[0, replica.index]]);
  assert.equal(link.counts.waiting, true);
  ack(replica.index);
  assert.equal(link.counts.waiting, false);
});
