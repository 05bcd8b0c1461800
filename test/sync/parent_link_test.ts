import assert from "node:assert/strict";
import { test } from "node:test";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { type Entry, valuesOf } from "../../src/state/mod.ts";
import { digestOf, MAX_REPEATED_REQUESTS, MAX_RETIRED_RUNS, MAX_RETRANSMITS } from "../../src/sync/mod.ts";
import { holdingIn } from "../../src/sync/common.ts";
import { createParentEnd, NOTHING_DECLARED } from "./ends.ts";
import { NODE } from "./world.ts";
import { at, ofRun } from "../support/versions.ts";

const MODULES: readonly ModuleDeclaration[] = [
  declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} }),
];

/** A parent whose child `c` is level, and whose replica has index 2. */
function level() {
  const end = createParentEnd();
  end.write("cfg", "/a", 1);
  end.write("parent", "/b", 1);
  end.level();
  return end;
}

function self(url: string, term: number, value: Entry["value"] = 1): ReadonlyMap<string, Entry> {
  return new Map([[url, { value, version: at(term, 1) }]]);
}

test("a child is welcomed with a term of its own, and sent what it lacks", () => {
  const { sent, birth, write, states, link } = createParentEnd();
  write("cfg", "/a", 1);
  birth();
  const [welcome, data] = sent;
  assert.ok(welcome?.type === "welcome" && data?.type === "data");
  assert.deepEqual([welcome.from, welcome.to, welcome.term.run, welcome.received, welcome.newest], ["p", "c", 1, 0, 1]);
  assert.deepEqual([welcome.keepalive, welcome.digest, welcome.modules, welcome.unchanged], [
    ...[10, NOTHING_DECLARED, [], undefined],
  ]);
  assert.deepEqual([data.to, data.since, data.upTo, data.epoch], ["c", 0, 1, welcome.epoch]);
  assert.deepEqual(states, [{ state: "joining", why: "a new run of it was born" }]);
  assert.deepEqual([link.session, sent.length], [{ run: "c", term: ofRun(1), received: 0 }, 2]);
});

test("a child is level once both sides have what the other had at the birth", () => {
  const { link, birth, write, data, ack, states } = createParentEnd();
  write("cfg", "/a", 1);
  birth();
  data(0, 4);
  assert.equal(link.state, "joining", "the child has nothing yet");
  write("cfg", "/b", 1);
  ack(0);
  assert.equal(link.state, "joining");
  ack(2 + 7); // of what was never sent
  assert.equal(link.state, "joining");
  ack(1);
  assert.equal(link.state, "level", "what changed since then is another matter");
  assert.deepEqual(states.map(({ state }) => state), ["joining", "level"]);
});

test("a child is not level before everything has arrived that it had at its birth", () => {
  const { link, birth, ack } = createParentEnd();
  birth();
  ack(0);
  assert.equal(link.state, "joining", "nothing is known of what it has");
  link.receive({ type: "data", from: "c", to: "p", since: 0, upTo: 2, newest: 4, documents: [] });
  assert.equal(link.state, "joining");
  link.receive({ type: "data", from: "c", to: "p", since: 2, upTo: 4, newest: 9, documents: [] });
  assert.equal(link.state, "level");
});

test("a child is not level before it has taken over what its earlier run left", async () => {
  const { link, clock, disk, birth, data, ack, sentOf } = createParentEnd();
  birth();
  data(0, 1, self("/old", 1));
  ack(disk.index);
  assert.equal(link.state, "level");
  birth({ from: "d" });
  assert.equal(link.session?.term.run, 2);
  data(0, 0, new Map(), "d");
  ack(disk.index, "d");
  assert.equal(link.state, "joining");
  assert.equal(sentOf("welcome").length, 2);
  await clock.advance(1_000);
  ack(disk.index, "d");
  assert.deepEqual([link.state, sentOf("welcome").length], ["joining", 3], "the last welcome may be lost");
  ack(disk.index, "d");
  assert.equal(sentOf("welcome").length, 3, "at most one a second");
  data(0, 1, self("/old", 2, null), "d");
  ack(disk.index, "d");
  assert.equal(link.state, "level");
});

test("a child that is level is not welcomed again, whatever of an older term comes later", async () => {
  const { link, clock, disk, ack, sentOf } = level();
  disk.merge(NODE, "self", self("/old", 0));
  await clock.advance(1_000);
  ack(disk.index);
  assert.deepEqual([link.state, sentOf("welcome").length], ["level", 0]);
});

test("a child that unset what its earlier run left under an older term is level all the same", () => {
  const { link, disk, birth, data, ack } = createParentEnd();
  disk.merge(NODE, "self", self("/old", 1, null));
  birth({ term: ofRun(4) });
  data(0, 0);
  ack(disk.index);
  assert.equal(link.state, "level");
});

test("a child that is born again without a break goes on where it was, with its term", () => {
  const { link, birth, sentOf, states, sent } = level();
  birth({ term: ofRun(1), parent: "p", received: 2, epoch: 1 });
  const [welcome] = sentOf("welcome");
  assert.deepEqual([welcome?.term.run, welcome?.received, welcome?.newest, welcome?.epoch], [1, 0, 2, 1]);
  assert.deepEqual(sentOf("data").map(({ since, documents }) => [since, documents.length]), [[2, 0]]);
  assert.deepEqual([link.state, states, sent.length], ["level", [], 2]);
});

test("a child that was taken for lost and is born again is joining, with its term", () => {
  const { link, birth, states } = level();
  link.life({ type: "dead", from: "c", why: "stopped" });
  birth({ term: ofRun(1), parent: "p", received: 2, epoch: 1 });
  assert.deepEqual(states, [
    { state: "down", why: "its agent stopped" },
    { state: "joining", why: "it was born again" },
  ]);
  assert.equal(link.session?.term.run, 1);
});

test("a child that comes from another parent, or another epoch, begins from nothing", () => {
  const births = [{ parent: "q", epoch: 1 }, { parent: "p", epoch: 7 }, {
    parent: "p",
    epoch: 1,
    term: ofRun(5),
  }];
  for (const from of births) {
    const { birth, sentOf } = level();
    birth({ term: ofRun(1), received: 2, ...from });
    assert.deepEqual(sentOf("data").map(({ since, upTo }) => [since, upTo]), [[0, 2]], JSON.stringify(from));
  }
});

test("a run that has been elsewhere under a higher term gets one above that", () => {
  const { link, birth, data, sentOf } = level();
  data(0, 5);
  birth({ term: ofRun(9), parent: "q" });
  assert.deepEqual([link.session, sentOf("welcome")[0]?.term.run], [{ run: "c", term: ofRun(10), received: 5 }, 10]);
});

test("a child for which there is no term is not taken in", () => {
  for (
    const broken of [() => undefined, () => {
      throw new Error("No space left");
    }]
  ) {
    const { link, birth, sent, states } = createParentEnd({ nextTerm: broken });
    birth();
    assert.deepEqual([link.state, link.session, link.counts.droppedFrames], ["down", undefined, 1]);
    assert.deepEqual([sent, states], [[], []]);
  }
});

test("a child that remembers nothing is to have everything from before its birth", () => {
  for (
    const [fields, expected] of [[{ term: ofRun(0) }, 2], [{ term: ofRun(1), blank: true }, 2], [
      { term: ofRun(1) },
      0,
    ]] as const
  ) {
    const { birth, world, write } = createParentEnd();
    write("cfg", "/a", 1);
    write("cfg", "/b", 1);
    world.sessions.clear();
    birth(fields);
    assert.equal([...world.sessions].at(-1), expected, JSON.stringify(fields));
  }
});

test("a run that is born blank later on is to have everything from before that birth", () => {
  const { birth, world, write } = level();
  write("cfg", "/c", 1);
  birth({ term: ofRun(1), parent: "p", received: 2, epoch: 1, blank: true });
  assert.equal([...world.sessions].at(-1), 3);
});

test("an unknown digest is asked for, as often as it may be, and the child is not taken in before", () => {
  let may = true;
  const { link, birth, sent } = createParentEnd({ modulesOf: () => undefined, mayAsk: () => may });
  birth();
  may = false;
  birth();
  assert.deepEqual([link.state, sent], ["down", [{ type: "declare", from: "p", to: "c" }]]);
  const told: (readonly ModuleDeclaration[])[] = [];
  const other = createParentEnd({ modulesOf: () => undefined, onModules: (modules) => void told.push(modules) });
  other.birth({ modules: MODULES, digest: digestOf(MODULES) });
  assert.deepEqual([other.link.state, told], ["joining", [MODULES]]);
});

test("a child that knows the parent's declarations is not told them again", () => {
  const { birth, sentOf } = createParentEnd({ modules: MODULES });
  birth({ knownDigest: digestOf(MODULES) });
  birth({ from: "d", knownDigest: "" });
  birth({ from: "d", term: ofRun(2), knownDigest: digestOf(MODULES) });
  assert.deepEqual(sentOf("welcome").map(({ modules }) => modules), [undefined, MODULES, undefined]);
});

test("the frames of a run that was replaced are dropped, and its births are answered with its successor's welcome", () => {
  const { link, disk, birth, data, ack, sentOf, sent } = level();
  birth({ from: "d" });
  data(0, 0, new Map(), "d");
  ack(disk.index, "d");
  sent.length = 0;
  data(0, 1, self("/late", 1));
  birth({ term: ofRun(1) });
  assert.deepEqual([link.session?.run, link.counts.droppedFrames], ["d", 2]);
  assert.deepEqual(sentOf("welcome").map(({ to, term }) => [to, term.run]), [["d", 2]]);
  assert.equal(disk.get(NODE)?.facets.self.size, 0);
});

test("a run that has not answered since it was born may be a ghost: an older one may come back", () => {
  const { link, birth, data, sent, sentOf } = level();
  birth({ from: "d" });
  birth({ term: ofRun(1) });
  assert.deepEqual(link.session, { run: "c", term: ofRun(3), received: 0 });
  data(0, 0);
  sent.length = 0;
  birth({ term: ofRun(3), parent: "p", epoch: 1 });
  assert.deepEqual(
    [sentOf("welcome").length, link.counts.droppedFrames],
    [1, 0],
    "it is none that was replaced any more",
  );
});

test("a replaced run may come back once its successor is gone", () => {
  const { link, birth, data } = level();
  birth({ from: "d" });
  data(0, 0, new Map(), "d");
  link.life({ type: "dead", from: "d", why: "stopped" });
  birth({ term: ofRun(1) });
  assert.equal(link.session?.run, "c");
});

test("the last 16 runs that were replaced are kept out", () => {
  const { link, birth, data } = createParentEnd();
  for (let run = 0; run <= MAX_RETIRED_RUNS + 1; run++) {
    birth({ from: `r${run}` });
    data(0, 0, new Map(), `r${run}`);
  }
  birth({ from: "r1" });
  assert.equal(link.session?.run, `r${MAX_RETIRED_RUNS + 1}`);
  birth({ from: "r0" });
  assert.equal(link.session?.run, "r0");
});

test("a frame of no session has the child called where the link is down, and is dropped otherwise", () => {
  const { link, sentOf, ack, sent } = createParentEnd();
  ack(0);
  assert.deepEqual(sentOf("rebirth"), [{ type: "rebirth", from: "p" }]);
  assert.equal(link.counts.droppedFrames, 1);
  const other = level();
  other.ack(0, "d");
  other.link.receive({ type: "ack", from: "c", to: "older", received: 0 });
  assert.deepEqual([other.sent, other.link.counts.droppedFrames, sent.length], [[], 2, 1]);
});

test("that a node has left is a matter of no link", () => {
  const { link, sent, states } = createParentEnd();
  link.receive({ type: "left", from: "c", number: 2 });
  assert.deepEqual([sent, states, link.counts.droppedFrames], [[], [], 0]);
});

test("a session of an earlier run of the parent keeps the child's frames out until it is born", () => {
  const resume = { run: "c", term: ofRun(4), received: 7 };
  const { link, birth, data, sentOf } = createParentEnd({ resume });
  assert.deepEqual(link.session, resume);
  data(7, 8);
  assert.equal(link.session?.received, 7);
  birth({ term: ofRun(4), parent: "o" });
  const [welcome] = sentOf("welcome");
  assert.deepEqual([welcome?.term.run, welcome?.received], [4, 7]);
  data(7, 8);
  assert.equal(link.session?.received, 8);
});

test("a child is called at once, and then after 1, 2, 4, 8 and 16 s", async () => {
  const { link, clock, sentOf } = createParentEnd();
  link.requestRebirth();
  const at: number[] = [];
  for (let tenth = 0; tenth <= 600; tenth++) {
    while (at.length < sentOf("rebirth").length) at.push(clock.now());
    await clock.advance(100);
  }
  assert.deepEqual(at, [0, 1_000, 3_000, 7_000, 15_000, 31_000]);
  assert.equal(clock.waiting, 0);
});

test("a birth, or one that waits for its turn, ends the calls", async () => {
  for (const end of ["birth", "awaits"] as const) {
    const { link, clock, sentOf, birth } = createParentEnd();
    link.requestRebirth();
    if (end === "birth") birth();
    else link.awaits();
    await clock.advance(3_000);
    assert.equal(sentOf("rebirth").length, 1, end);
  }
});

test("a child that is up is called once only", async () => {
  const { link, clock, sentOf } = level();
  link.requestRebirth();
  link.requestRebirth(); // within a second
  link.requestRebirth();
  assert.equal(clock.waiting, 1);
  await clock.advance(999);
  assert.equal(sentOf("rebirth").length, 1);
  await clock.advance(1);
  assert.equal(sentOf("rebirth").length, 2);
  await clock.advance(60_000);
  assert.equal(sentOf("rebirth").length, 2);
});

test("a child that says that it lives is called a second later, unless it is born", async () => {
  const { link, clock, sentOf, birth } = createParentEnd();
  link.life({ type: "alive", from: "c" });
  await clock.advance(999);
  assert.equal(sentOf("rebirth").length, 0);
  await clock.advance(1);
  assert.equal(sentOf("rebirth").length, 1);
  birth();
  link.life({ type: "alive", from: "c" });
  await clock.advance(5_000);
  assert.equal(sentOf("rebirth").length, 1);
});

test("a child that says that it lives and is not born is called as often as any other", async () => {
  const { link, clock, sentOf } = createParentEnd();
  link.life({ type: "alive", from: "c" });
  await clock.advance(100_000);
  assert.equal(sentOf("rebirth").length, 1 + MAX_REPEATED_REQUESTS);
});

test("a will takes the link of its run down, and has a run that lives all the same called", () => {
  for (
    const [why, words, calls] of [["lost", "its connection was lost", 1], ["stopped", "its agent stopped", 0]] as const
  ) {
    const { link, sentOf, states } = level();
    link.life({ type: "dead", from: "older", why });
    assert.equal(link.state, "level");
    link.life({ type: "dead", from: "c", why });
    link.life({ type: "dead", from: "c", why });
    assert.deepEqual([link.state, states, sentOf("rebirth").length], ["down", [{ state: "down", why: words }], calls]);
  }
});

test("a child of which nothing was heard for more than nine keep-alives is lost, by what it was told", async () => {
  let keepalive = 10;
  const end = createParentEnd({ keepalive: () => keepalive });
  end.level();
  const { link, clock, states, sentOf } = end;
  keepalive = 60; // others have come since: this child was told 10
  await clock.advance(90_000);
  link.checkSilence();
  assert.equal(link.state, "level");
  await clock.advance(1);
  link.checkSilence();
  assert.deepEqual(states, [{ state: "down", why: "nothing was heard of it" }]);
  assert.equal(sentOf("rebirth").length, 1);
  link.checkSilence();
  assert.equal(sentOf("rebirth").length, 1);
  end.birth({ term: ofRun(1), parent: "p", epoch: 1 });
  end.ack(0);
  await clock.advance(540_000);
  link.checkSilence();
  assert.equal(link.state, "level", "now it was told 60");
});

test("a child that is down is not called for its silence", async () => {
  const { link, clock, sentOf } = level();
  link.life({ type: "dead", from: "c", why: "stopped" });
  await clock.advance(600_000);
  link.checkSilence();
  await clock.advance(10_000);
  assert.equal(sentOf("rebirth").length, 0);
});

test("a sign of life, and a birth, keep a child from being lost", async () => {
  const { link, clock, ack, birth } = level();
  await clock.advance(80_000);
  ack(2);
  await clock.advance(80_000);
  link.checkSilence();
  assert.equal(link.state, "level");
  birth({ term: ofRun(1), parent: "p", received: 2, epoch: 1 });
  await clock.advance(80_000);
  link.checkSilence();
  assert.equal(link.state, "level");
});

test("a child that never acknowledges is lost, and called", async () => {
  const { link, clock, write, states, sentOf } = level();
  write("cfg", "/c", 1);
  await clock.advance(92_000);
  assert.deepEqual(states, [{ state: "down", why: "it did not acknowledge what it was sent" }]);
  assert.ok(sentOf("rebirth").length > 0);
  assert.equal(link.counts.retransmits, MAX_RETRANSMITS);
});

test("a ping is answered while the child is level and nothing is under way", async () => {
  const { link, ack, sentOf, write, world, clock } = level();
  const ping = (received: number) => link.receive({ type: "ping", from: "c", to: "p", received });
  ping(2);
  assert.deepEqual(sentOf("ack"), [{ type: "ack", from: "p", to: "c", received: 0 }]);
  ping(2);
  assert.equal(sentOf("ack").length, 2);
  write("cfg", "/c", 1);
  link.receive({ type: "resync", from: "c", to: "p", received: 2 });
  assert.equal(link.counts.waiting, true);
  ping(2);
  assert.equal(sentOf("ack").length, 2, "a window is due");
  await clock.advance(100);
  ping(2);
  assert.equal(sentOf("ack").length, 2, "a window is under way");
  ping(3);
  assert.equal(world.acked.at(-1), 3, "it says how far the child has got");
  assert.equal(sentOf("ack").length, 3);
  ack(3);
  assert.equal(sentOf("ack").length, 3, "an ack asks for nothing");
});

test("a ping is not answered while the child is joining", () => {
  const { link, birth, sentOf } = createParentEnd();
  birth();
  link.receive({ type: "ping", from: "c", to: "p", received: 0 });
  assert.equal(sentOf("ack").length, 0);
});

test("an ack of an earlier epoch is a sign of life, and says nothing of what was sent since", () => {
  const { disk, link, birth, ack, data } = level();
  const holdings = { ...holdingIn(disk, NODE, 1), parent: "" };
  birth({ term: ofRun(1), parent: "q", holdings });
  data(0, 0);
  const received = disk.index;
  link.receive({ type: "ack", from: "c", to: "p", received, epoch: 1 });
  assert.equal(link.counts.waiting, true, "what was sent under epoch 2 may be lost");
  link.receive({ type: "ack", from: "c", to: "p", received, epoch: 2 });
  assert.equal(link.counts.waiting, false);
  ack(received);
  assert.equal(link.state, "level");
});

test("a child whose ping says less than it has acknowledged is sent the rest again, where it means the same epoch", async () => {
  const { link, sentOf, clock } = level();
  const [welcome] = sentOf("welcome");
  const epoch = welcome?.epoch ?? 1;
  link.receive({ type: "ping", from: "c", to: "p", received: 1, epoch: epoch + 1 });
  await clock.advance(1_000);
  assert.deepEqual(sentOf("data"), []);
  link.receive({ type: "ping", from: "c", to: "p", received: 1, epoch });
  await clock.advance(1_000);
  assert.deepEqual(sentOf("data").map(({ since, upTo }) => [since, upTo]), [[1, 2]]);
});

test("a child that asks for data again gets them", async () => {
  const { link, sentOf, clock } = level();
  link.receive({ type: "resync", from: "c", to: "p", received: 1 });
  await clock.advance(100);
  assert.deepEqual(sentOf("data").map(({ since, upTo }) => [since, upTo]), [[1, 2]]);
});

test("a question where a node joins is answered where that is known", () => {
  const known = { number: 3, parent: NODE };
  const { link, birth, sentOf } = createParentEnd({ onWhere: (node) => node === NODE ? known : undefined });
  birth();
  link.receive({ type: "where", from: "c", to: "p", child: "another" });
  link.receive({ type: "where", from: "c", to: "p", child: NODE });
  assert.deepEqual(sentOf("location"), [{ type: "location", from: "p", to: "c", child: NODE, ...known }]);
});

test("a child that is told to begin from nothing is level only once it has been born and has everything again", async () => {
  const { link, clock, disk, ack, data, birth, states, sentOf } = level();
  const before = disk.index;
  link.refresh();
  assert.ok(disk.index > before, "an ack of before is none of what comes now");
  assert.deepEqual([link.state, sentOf("rebirth").length], ["joining", 1]);
  data(0, 0);
  ack(disk.index);
  assert.equal(link.state, "joining", "it was not born");
  await clock.advance(1_000);
  birth({ term: ofRun(1), parent: "p", received: before, epoch: 1 });
  ack(before); // a late one
  assert.equal(link.state, "joining");
  assert.deepEqual(sentOf("data").map(({ since }) => since), [0]);
  ack(disk.index);
  assert.equal(link.state, "level");
  assert.deepEqual(states.map(({ state }) => state), ["joining", "level"]);
});

test("a child that was told to begin from nothing and goes on is called again, as the call was lost", async () => {
  const end = createParentEnd();
  end.link.requestRebirth(); // which its birth ends
  end.level();
  const { link, clock, ack, sentOf } = end;
  await clock.advance(1_000);
  link.refresh();
  assert.equal(sentOf("rebirth").length, 1);
  await clock.advance(1_000);
  ack(0);
  ack(0);
  assert.equal(sentOf("rebirth").length, 2);
});

test("what a child has just as its parent is named in the welcome, and not sent", () => {
  const { disk, birth, sentOf } = level();
  const holdings = holdingIn(disk, NODE, 1);
  birth({ term: ofRun(1), parent: "q", holdings });
  assert.deepEqual(sentOf("welcome").map(({ unchanged, epoch }) => [unchanged, epoch]), [[holdings, 2]]);
  assert.deepEqual(sentOf("data").map(({ documents }) => documents), [[]]);
  birth({ term: ofRun(1), parent: "q", received: 1, holdings: { ...holdings, parent: "" } });
  assert.deepEqual(sentOf("welcome")[1]?.unchanged, { ...holdings, parent: "" });
  assert.deepEqual(sentOf("data")[1]?.documents.map(({ facets }) => Object.keys(facets)), [["parent"]]);
});

test("a child may have something of what its parent knows nothing", () => {
  const { birth, sentOf, link } = createParentEnd();
  birth({ holdings: { cfg: ["0".repeat(24)], parent: "0".repeat(24) } });
  assert.deepEqual([link.state, sentOf("welcome")[0]?.unchanged], ["joining", undefined]);
});

test("a child that remembers nothing is told everything, whatever it names", () => {
  const { disk, birth, sentOf } = level();
  birth({ term: ofRun(1), parent: "q", holdings: holdingIn(disk, NODE, 1), blank: true });
  assert.equal(sentOf("welcome")[0]?.unchanged, undefined);
  assert.equal(sentOf("data")[0]?.documents.length, 1);
});

test("a birth that goes on, and a copy of one that does not, are no other epochs", () => {
  const { disk, birth, sentOf } = level();
  const holdings = holdingIn(disk, NODE, 1);
  birth({ term: ofRun(1), parent: "p", received: 2, epoch: 1, holdings });
  for (let copies = 0; copies < 3; copies++) birth({ term: ofRun(1), parent: "q", holdings });
  const welcomes = sentOf("welcome").map(({ epoch, unchanged }) => [epoch, unchanged]);
  assert.deepEqual(welcomes, [[1, undefined], [2, holdings], [2, holdings], [2, holdings]]);
});

test("a refresh gives the next birth an epoch of its own, and what both have is not sent then either", () => {
  const { disk, link, birth, sentOf } = level();
  const holdings = holdingIn(disk, NODE, 1);
  birth({ term: ofRun(1), parent: "q", holdings });
  link.refresh();
  birth({ term: ofRun(1), parent: "q", holdings });
  assert.deepEqual(sentOf("welcome").map(({ epoch, unchanged }) => [epoch, unchanged]), [[2, holdings], [4, holdings]]);
});

test("a welcome between a refresh and the next birth names nothing that the child has", () => {
  const { disk, link, birth, data, sentOf } = level();
  birth({ from: "d", holdings: holdingIn(disk, NODE, 1) });
  data(0, 0, new Map(), "d");
  link.refresh();
  birth({ term: ofRun(1) }); // a late one of the run that was replaced
  assert.deepEqual(sentOf("welcome").map(({ to, unchanged }) => [to, unchanged === undefined]), [["d", false], [
    "d",
    true,
  ]]);
  assert.equal(sentOf("welcome")[1]?.newest, disk.index, "the child must not take nothing for everything");
  assert.equal(link.counts.droppedFrames, 1);
});

test("a link that is down sends no changes, and a refresh does not bring it up", async () => {
  const { link, clock, sentOf, write, states } = level();
  link.life({ type: "dead", from: "c", why: "stopped" });
  write("cfg", "/c", 1);
  link.refresh();
  await clock.advance(100_000);
  assert.deepEqual([link.state, sentOf("data").length, states.length], ["down", 0, 1]);
});

test("a child that is born while it is joining is no news", () => {
  const { birth, states } = createParentEnd();
  birth();
  birth({ from: "d" });
  assert.equal(states.length, 1);
});

test("changes are gathered for as long as a link was made to", async () => {
  for (const [options, wait] of [[{}, 100], [{ batch: 20 }, 20]] as const) {
    const { clock, birth, ack, write, sentOf } = createParentEnd(options);
    birth();
    ack(0);
    write("cfg", "/a", 1);
    await clock.advance(wait - 1);
    assert.equal(sentOf("data").length, 1);
    await clock.advance(1);
    assert.equal(sentOf("data").length, 2);
  }
});

test("a ping asks a child for an ack, and a link that is down is not pinged", () => {
  const { link, sent } = level();
  link.ping();
  assert.deepEqual(sent, [{ type: "ping", from: "p", to: "c", received: 0 }]);
  const down = createParentEnd();
  down.link.ping();
  assert.equal(down.sent.length, 0);
});

test("a child that is taken for lost is called", () => {
  const { link, sentOf, states } = level();
  link.lose("a test says so");
  assert.deepEqual(states, [{ state: "down", why: "a test says so" }]);
  assert.equal(sentOf("rebirth").length, 1);
});

test("what a child does not write is counted", () => {
  const { link, data, disk, warnings } = level();
  data(0, 1, new Map([...self("/fine", 1), ...self("/x", 9), ...self("/y", 9)]));
  data(1, 2, self("/z", 9));
  data(2, 3, self("/fine", 1, 2));
  data(3, 4, self("/fine", 1, 2));
  assert.equal(link.counts.droppedValues, 3);
  assert.deepEqual(warnings.map((line) => /"values":(\d+)/.exec(line)?.[1]), ["2", "1"]);
  assert.deepEqual([...valuesOf(disk.get(NODE)?.facets.self ?? new Map()).keys()], ["/fine"]);
  assert.deepEqual([link.counts.received, link.counts.sent], [1 + 2 + 4, 2 + 1 + 4]);
});

test("what came too early is asked for again", () => {
  let isEarly = false;
  const { link, birth, data, sentOf } = createParentEnd({
    scope: { documents: () => [], wanted: () => false, take: () => 0, wasEarly: () => isEarly },
  });
  birth();
  data(0, 2);
  isEarly = true;
  data(2, 5);
  assert.equal(link.session?.received, 2);
  isEarly = false;
  link.askAgain();
  assert.deepEqual(sentOf("resync"), [{ type: "resync", from: "p", to: "c", received: 2 }]);
  link.life({ type: "dead", from: "c", why: "stopped" });
  link.askAgain();
  assert.equal(sentOf("resync").length, 1);
});

test("a birth asks for what came too early again, too", () => {
  let isEarly = false;
  const { birth, data, sentOf } = createParentEnd({
    scope: { documents: () => [], wanted: () => false, take: () => 0, wasEarly: () => isEarly },
  });
  birth();
  isEarly = true;
  data(0, 5);
  isEarly = false;
  birth({ term: ofRun(1), parent: "p", epoch: 1 });
  assert.deepEqual(sentOf("welcome").map(({ received }) => received), [0, 0]);
});

test("a birth tells whether the child has its parent's facet as it is here", () => {
  const { birth, world, write } = createParentEnd();
  write("parent", "/a", 1);
  birth();
  birth({ from: "d", holdings: { cfg: [""], parent: "0".repeat(24) } });
  assert.deepEqual(world.born, [false, false]);
});

test("a stopped link sends nothing and takes nothing in", async () => {
  const { link, clock, sent, states, birth, data, write, disk } = level();
  link.requestRebirth();
  link.requestRebirth();
  link.stop();
  assert.equal(clock.waiting, 0);
  sent.length = 0;
  birth({ from: "d" });
  data(0, 1, self("/a", 1));
  link.life({ type: "dead", from: "c", why: "lost" });
  link.life({ type: "alive", from: "c" });
  link.lose("a test says so");
  link.ping();
  link.requestRebirth();
  write("cfg", "/z", 1);
  await clock.advance(600_000);
  assert.deepEqual([sent, states, clock.waiting, disk.get(NODE)?.facets.self.size], [[], [], 0, 0]);
});
