import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, valuesOf } from "../../src/state/mod.ts";
import { type DataFrame, type DownFrame, type Frame, MAX_RETRANSMITS, MAX_SENT_BYTES } from "../../src/sync/mod.ts";
import { digestOf, encodeFrame } from "../../src/sync/mod.ts";
import { createWorld, FAIR, NODE } from "./world.ts";
import { at, ofRun } from "../support/versions.ts";

const DIGEST = digestOf([]);

type World = ReturnType<typeof createWorld>;

/** A world whose two ends are level. */
async function level(): Promise<World> {
  const world = createWorld();
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  await world.clock.advance(1_000);
  world.sent.length = 0;
  return world;
}

/** What was sent, by type. */
function sentOf<T extends Frame["type"]>(world: World, way: "up" | "down", type: T): Extract<Frame, { type: T }>[] {
  const frames: Extract<Frame, { type: T }>[] = [];
  for (const { way: its, frame } of world.sent) {
    if (its === way && frame.type === type) frames.push(frame as Extract<Frame, { type: T }>); // as its type says
  }
  return frames;
}

function selfAtParent(world: World): Record<string, unknown> {
  return Object.fromEntries(valuesOf(world.disk.get(NODE)?.facets.self ?? new Map()));
}

test("a child is born, welcomed and level, and each side has the other's values", async () => {
  const world = createWorld();
  world.discover("/a", 1);
  world.write("cfg", "/b", 2);
  world.write("parent", "/c", 3);
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.deepEqual(world.parentStates, ["joining", "level"]);
  assert.deepEqual(world.child.states, ["joining", "level"]);
  assert.equal(world.child.link.term.run, 1);
  assert.deepEqual(world.disk.get(NODE)?.facets.self.get("/a")?.version, at(1, 1));
  world.stop();
});

test("a birth is repeated until it is answered, more and more seldom, and the log says once that it is not", async () => {
  const world = createWorld();
  world.setWeather({ ...FAIR, loss: 1 });
  world.connect();
  await world.clock.advance(60_000);
  const births = sentOf(world, "up", "birth").length;
  assert.ok(births >= 6 && births <= 14, `${births} births in a minute`);
  assert.equal(world.warnings.length, 1);
  assert.match(world.warnings[0] ?? "", /Its parent does not answer: it does not run, or this node's \/parent is not/);
  world.setWeather(FAIR);
  await world.clock.runUntil(() => world.agrees(), 20_000);
  world.stop();
});

test("the first change after quiet goes at once, later ones in batches of 100 ms", async () => {
  const world = await level();
  await world.clock.advance(1_000);
  const start = world.clock.now();
  world.discover("/a", 0);
  await world.clock.runUntil(() => sentOf(world, "up", "data").length === 1, 50);
  assert.equal(world.clock.now(), start);
  for (let value = 1; value <= 95; value++) {
    await world.clock.advance(10);
    world.discover("/a", value);
  }
  await world.clock.advance(200);
  const windows = sentOf(world, "up", "data").length;
  assert.ok(windows >= 9 && windows <= 12, `${windows} windows for 96 changes in 950 ms`);
  assert.deepEqual(selfAtParent(world), { "/a": 95 });
  world.stop();
});

test("values written together go in one frame", async () => {
  const world = await level();
  for (let place = 0; place < 50; place++) world.discover(`/v${place}`, place);
  await world.clock.runUntil(() => world.agrees(), 1_000);
  assert.equal(sentOf(world, "up", "data").length, 1);
  world.stop();
});

test("while a window is not acknowledged, changes merge in place: no more than one window is under way", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.discover("/a", 0);
  await world.clock.advance(0);
  world.setWeather({ ...FAIR, delay: 2_000 });
  for (let value = 1; value <= 1_000; value++) {
    world.discover("/a", value);
    await world.clock.advance(1);
  }
  assert.equal(sentOf(world, "up", "data").length, 1);
  await world.clock.runUntil(() => world.agrees(), 30_000);
  const frames = sentOf(world, "up", "data");
  assert.ok(frames.length <= 4, `${frames.length} frames for 1,000 changes`);
  world.stop();
});

test("a window that is lost is sent again, with what changed meanwhile", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.write("cfg", "/a", "old");
  await world.clock.advance(500);
  world.write("cfg", "/a", "new");
  world.setWeather(FAIR);
  await world.clock.runUntil(() => world.agrees(), 2_100);
  assert.equal(world.parent.counts.retransmits, 1);
  assert.equal(world.parent.state, "level");
  world.stop();
});

for (const way of ["up", "down"] as const) {
  const other = way === "up" ? "down" : "up";
  const change = (world: World, url: string) => way === "up" ? world.discover(url, 1) : world.write("cfg", url, 1);

  test(`a window ${way} that is lost is sent again after a second or two, and so is one whose ack is lost`, async () => {
    for (const lost of ["window", "ack"] as const) {
      const world = await level();
      if (lost === "window") world.setWeather({ ...FAIR, loss: 1 });
      change(world, "/a");
      await world.clock.advance(1);
      world.setWeather({ ...FAIR, loss: 1 }); // the ack, at least
      await world.clock.advance(2);
      world.setWeather(FAIR);
      assert.equal(sentOf(world, other, "ack").length, lost === "ack" ? 1 : 0);
      const start = world.clock.now();
      await world.clock.runUntil(() => sentOf(world, other, "ack").length > 0 && world.agrees(), 2_060);
      if (lost === "window") assert.ok(world.clock.now() - start >= 990);
      await world.clock.advance(5_000);
      assert.equal(sentOf(world, way, "data").length, 2);
      assert.equal(world.parent.counts.retransmits + world.child.link.counts.retransmits, 1);
      world.stop();
    }
  });

  test(`a gap ${way} is asked for at once, not when a timer ends, and comes with the next window`, async () => {
    const world = await level();
    world.setWeather({ ...FAIR, loss: 1 });
    change(world, "/a");
    await world.clock.advance(1);
    world.setWeather(FAIR);
    // An ack of what never arrived: of a broken program, say.
    if (way === "up") {
      world.child.link.receive({
        ...{ type: "ack", from: world.parentRun, to: world.child.run },
        received: world.child.replica.index,
      });
    } else {world.parent.receive({
        type: "ack",
        from: world.child.run,
        to: world.parentRun,
        received: world.disk.index,
      });}
    change(world, "/b");
    await world.clock.runUntil(() => world.agrees(), 300);
    assert.equal(sentOf(world, other, "resync").length, 1);
    assert.equal(world.parent.counts.retransmits + world.child.link.counts.retransmits, 0);
    world.stop();
  });
}

test("a parent takes the link for broken when a window is never acknowledged, and calls", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.write("cfg", "/a", 1);
  await world.clock.runUntil(() => world.parent.state === "down", 200_000);
  assert.equal(sentOf(world, "down", "data").length, 1 + MAX_RETRANSMITS);
  assert.equal(sentOf(world, "down", "rebirth").length, 1);
  world.setWeather(FAIR);
  await world.clock.runUntil(() => world.agrees(), 120_000);
  world.stop();
});

test("a change larger than a frame's limit is split over several windows and arrives whole", async () => {
  const world = await level();
  for (let place = 0; place < 40; place++) world.discover(`/v${place}`, "x".repeat(20_000));
  await world.clock.runUntil(() => world.agrees(), 10_000);
  const frames = sentOf(world, "up", "data");
  assert.ok(frames.length >= 4);
  for (const frame of frames) assert.ok(encodeFrame(frame).length <= MAX_SENT_BYTES);
  world.stop();
});

test("F15: a value that fits no frame is left out, and everything else still gets through", async () => {
  const world = await level();
  world.discover("/large", "x".repeat(300_000));
  world.discover("/float", 0.5);
  world.discover("/wide", 2 ** 40);
  world.discover("/fine", 1);
  await world.clock.advance(1_000);
  assert.deepEqual(selfAtParent(world), { "/fine": 1 });
  assert.equal(world.parent.state, "level");
  world.discover("/float", 1);
  await world.clock.advance(1_000);
  assert.deepEqual(selfAtParent(world), { "/fine": 1, "/float": 1 });
  world.stop();
});

test("a child that reconnects goes on from what was acknowledged and keeps its term", async () => {
  const world = await level();
  for (let place = 0; place < 20; place++) world.write("cfg", `/v${place}`, place);
  await world.clock.runUntil(() => world.agrees(), 1_000);
  world.disconnect();
  await world.clock.advance(100);
  world.write("cfg", "/v0", "changed while away");
  world.sent.length = 0;
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.equal(world.child.link.term.run, 1);
  const values = sentOf(world, "down", "data").flatMap((frame) => valuesIn(frame));
  assert.deepEqual([...new Set(values)], ["/v0"]);
  world.stop();
});

test("a child that was killed gets a new term, and nothing of its earlier run survives", async () => {
  const world = await level();
  world.discover("/kept", "old");
  world.discover("/stale", "old");
  await world.clock.runUntil(() => world.agrees(), 1_000);
  world.killChild();
  await world.clock.advance(100);
  world.startChild();
  world.discover("/kept", "new");
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.deepEqual(selfAtParent(world), { "/kept": "new" });
  assert.equal(world.child.link.term.run, 2);
  assert.deepEqual(world.child.replica.get(NODE)?.facets.self.get("/stale"), { value: null, version: at(2, 2) });
  world.stop();
});

test("what a child wrote before its first welcome wins over what its earlier run left", async () => {
  const world = await level();
  for (let value = 0; value < 50; value++) world.discover("/a", value); // versions up to [1, 50]
  await world.clock.runUntil(() => world.agrees(), 1_000);
  world.killChild();
  world.startChild();
  world.discover("/a", "fresh"); // version [0, 1]
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.deepEqual(selfAtParent(world), { "/a": "fresh" });
  world.stop();
});

test("a late will of an older run is ignored", async () => {
  const world = await level();
  const old = world.child.run;
  world.killChild();
  world.startChild();
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.parentStates.length = 0;
  world.life({ type: "dead", from: old, why: "lost" });
  await world.clock.advance(1_000);
  assert.deepEqual(world.parentStates, []);
  world.stop();
});

test("a will of the current run takes the link down; a run that lives all the same is back at once", async () => {
  const world = await level();
  world.parentStates.length = 0;
  world.life({ type: "dead", from: world.child.run, why: "lost" });
  await world.clock.runUntil(() => world.parentStates.includes("down"), 100);
  await world.clock.runUntil(() => world.agrees(), 5_000);
  assert.deepEqual(world.parentStates, ["down", "joining", "level"]);
  world.stop();
});

test("a will that comes twice within a second has the child called twice, a second apart", async () => {
  const world = await level();
  for (let wills = 0; wills < 2; wills++) {
    world.life({ type: "dead", from: world.child.run, why: "lost" });
    await world.clock.advance(500);
  }
  await world.clock.advance(0);
  assert.equal(sentOf(world, "down", "rebirth").length, 1);
  assert.equal(world.parent.state, "down");
  await world.clock.advance(2_000);
  assert.equal(sentOf(world, "down", "rebirth").length, 2);
  assert.equal(world.parent.state, "level");
  world.stop();
});

test("a call that is lost is repeated, more and more seldom, and never to a child that is back", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.parent.lose("a test says so");
  await world.clock.advance(2_900);
  assert.equal(sentOf(world, "down", "rebirth").length, 2);
  world.setWeather(FAIR);
  await world.clock.advance(1_500);
  assert.equal(world.parent.state, "level");
  assert.equal(sentOf(world, "down", "rebirth").length, 3);
  await world.clock.advance(120_000);
  assert.equal(sentOf(world, "down", "rebirth").length, 3);
  world.stop();
});

test("a child that is gone is called six times within 31 s", async () => {
  const world = await level();
  world.killChild();
  world.parent.lose("a test says so");
  await world.clock.advance(300_000);
  assert.equal(sentOf(world, "down", "rebirth").length, 6);
  world.stop();
});

test("a child that has stopped is not called", async () => {
  const world = await level();
  world.life({ type: "dead", from: world.child.run, why: "stopped" });
  await world.clock.runUntil(() => world.parent.state === "down", 100);
  assert.equal(sentOf(world, "down", "rebirth").length, 0);
  world.stop();
});

test("F2: a parent that restarts has its child born again, with a higher term and all of its values", async () => {
  const world = await level();
  world.discover("/a", 1);
  await world.clock.runUntil(() => world.agrees(), 1_000);
  world.restartParent();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.equal(world.child.link.term.run, 2);
  assert.deepEqual(selfAtParent(world), { "/a": 1 });
  world.stop();
});

test("F3: a child whose parent was away comes back by itself, though its call was lost", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.restartParent();
  await world.clock.advance(300_000);
  world.setWeather(FAIR);
  world.discover("/a", 1);
  await world.clock.runUntil(() => world.agrees(), 120_000);
  world.stop();
});

test("a child that an idle parent has forgotten notices within two minutes", async () => {
  const world = await level();
  world.setWeather({ ...FAIR, loss: 1 });
  world.restartParent(); // all of its calls are lost
  await world.clock.advance(40_000);
  world.setWeather(FAIR);
  await world.clock.runUntil(() => world.agrees(), 120_000);
  world.stop();
});

test("a deposed child stands down and sends nothing any more", async () => {
  const world = await level();
  const first = world.child;
  world.startChild();
  world.connect();
  await world.clock.runUntil(() => first.deposed, 30_000);
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.sent.length = 0;
  world.discover("/a", "from the deposed one", first);
  await world.clock.advance(200_000);
  assert.equal(first.link.state, "down");
  assert.ok(world.sent.every(({ frame }) => frame.from !== first.run));
  assert.deepEqual(selfAtParent(world), {});
  world.stop();
});

test("a late birth of a run that is gone does not keep the living one out", async () => {
  const world = await level();
  const living = world.child;
  world.parent.receive({
    type: "birth",
    from: "ghost",
    term: ofRun(0),
    parent: "",
    received: 0,
    epoch: 0,
    parentTerm: ofRun(0),
    digest: DIGEST,
    knownDigest: "",
  });
  await world.clock.runUntil(() => world.agrees(), 30_000);
  assert.equal(world.child, living);
  assert.equal(living.deposed, false);
  assert.equal(living.link.term.run, 3);
  world.stop();
});

test("a child that has been elsewhere with a higher term gets a still higher one", async () => {
  const world = await level();
  world.parent.receive({
    type: "birth",
    from: world.child.run,
    term: ofRun(9),
    parent: "x",
    received: 7,
    epoch: 0,
    parentTerm: ofRun(0),
    digest: DIGEST,
    knownDigest: "",
  });
  const welcome = sentOf(world, "down", "welcome").at(-1);
  assert.equal(welcome?.term.run, 10);
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.stop();
});

test("values that are not the sender's to write are dropped and counted, the rest of the frame counts", async () => {
  const world = await level();
  const entry = { value: "x", version: at(1, 1) } as const;
  const cfg = new Map([["/cfg", entry]]);
  const self = new Map<string, Entry>([["/fine", entry], ["/future", { value: "x", version: at(9, 1) }]]);
  const other = "00000000-0000-4000-8000-000000000000";
  const index = world.child.replica.index;
  world.parent.receive({
    type: "data",
    from: world.child.run,
    to: world.parentRun,
    since: index,
    upTo: index + 1,
    newest: index + 1,
    documents: [{ id: other, facets: { self: cfg } }, { id: NODE, facets: { cfg, self } }],
  });
  assert.equal(world.parent.counts.droppedValues, 3);
  assert.deepEqual(selfAtParent(world), { "/fine": "x" });
  assert.equal(world.disk.get(NODE)?.facets.cfg.size ?? 0, 0);
  assert.equal(world.disk.get(other), undefined);
  world.stop();
});

test("F14: a parent cannot overwrite what its child discovers now", async () => {
  const world = await level();
  world.discover("/a", "mine");
  await world.clock.runUntil(() => world.agrees(), 1_000);
  const self = new Map([["/a", { value: "stale", version: at(7, 1) } as const]]);
  const index = world.disk.index;
  const frame: DownFrame = {
    type: "data",
    from: world.parentRun,
    to: world.child.run,
    since: 0,
    upTo: index + 1,
    newest: index + 1,
    documents: [{ id: NODE, facets: { self } }],
  };
  world.child.link.receive(frame);
  assert.equal(world.child.link.counts.droppedValues, 1);
  assert.equal(valuesOf(world.child.replica.get(NODE)?.facets.self ?? new Map()).get("/a"), "mine");
  world.stop();
});

test("a frame for another session is dropped and counted", async () => {
  const world = await level();
  const before = world.parent.counts.droppedFrames;
  world.parent.receive({ type: "ack", from: world.child.run, to: "an-older-parent", received: 0 });
  world.parent.receive({ type: "ack", from: "an-older-child", to: world.parentRun, received: 0 });
  assert.equal(world.parent.counts.droppedFrames, before + 2);
  assert.equal(world.parent.state, "level");
  world.stop();
});

test("a receiver that lacks what came before asks for it", async () => {
  const world = await level();
  world.write("cfg", "/a", 1);
  await world.clock.runUntil(() => world.agrees(), 1_000);
  const index = world.disk.index;
  world.child.link.receive({
    type: "data",
    from: world.parentRun,
    to: world.child.run,
    since: index + 5,
    upTo: index + 6,
    newest: index + 6,
    documents: [],
  });
  assert.deepEqual(sentOf(world, "up", "resync").map(({ received }) => received), [index]);
  world.stop();
});

test("a parent whose disk fails takes nobody in, and the child comes back when it works again", async () => {
  const world = createWorld();
  world.breakDisk(true);
  world.connect();
  await world.clock.advance(5_000);
  assert.equal(world.parent.state, "down");
  world.breakDisk(false);
  await world.clock.runUntil(() => world.agrees(), 30_000);
  world.stop();
});

test("stop() leaves no timer behind", async () => {
  const world = await level();
  await world.clock.advance(1_000);
  world.write("cfg", "/a", 1);
  world.discover("/b", 1);
  world.stop();
  assert.equal(world.clock.waiting, 0);
});

function valuesIn(frame: DataFrame): string[] {
  return frame.documents.flatMap(({ facets }) =>
    [facets.cfg, facets.parent, facets.self].flatMap((facet) => [...facet?.keys() ?? []])
  );
}

test("a first epoch that is interrupted goes on where it was", async () => {
  const world = createWorld();
  const big = "x".repeat(100_000);
  for (let value = 0; value < 6; value++) world.write("cfg", `/big/${value}`, `${value}${big}`);
  world.connect();
  await world.clock.runUntil(() => sentOf(world, "up", "ack").some(({ received }) => received > 0), 10_000);
  assert.equal(world.parent.state, "joining");
  world.disconnect();
  await world.clock.advance(100);
  world.sent.length = 0;
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.ok(sentOf(world, "down", "data").every(({ since }) => since > 0));
  world.stop();
});

test("a child that took a late welcome for the answer to its birth begins from nothing all the same", async () => {
  const world = createWorld();
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  const [late] = sentOf(world, "down", "welcome");
  assert.ok(late !== undefined);
  world.child.replica.write(NODE, "parent", new Map([["/ghost", 1]]), ofRun(1));
  world.setWeather({ ...FAIR, loss: 1 });
  world.parent.refresh();
  world.child.link.receive({ type: "rebirth", from: world.parentRun });
  await world.clock.advance(1_500);
  world.child.link.receive(late);
  world.setWeather(FAIR);
  world.write("cfg", "/a", 1);
  await world.clock.runUntil(() => world.agrees(), 60_000);
  assert.equal(world.child.replica.get(NODE)?.facets.parent.has("/ghost"), false);
  world.stop();
});

test("a link that is made anew within a run of the parent goes on above its epochs", async () => {
  const world = createWorld();
  world.write("cfg", "/a", 1);
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  for (let crashes = 0; crashes < 6; crashes++) { // right after its birth, which changes nothing here
    world.killChild();
    world.startChild();
    world.child.replica.merge(NODE, "cfg", new Map([["/a", { value: 1, version: at(1, 1) }]]));
    world.connect();
    await world.clock.advance(3);
  }
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.renewParentLink();
  world.disconnect();
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  const epochs = sentOf(world, "down", "welcome").map(({ epoch }) => epoch);
  assert.deepEqual(epochs, [...epochs].sort((a, b) => a - b));
  world.stop();
});

test("every welcome is one that a frame can carry, also while a child has to begin from nothing", async () => {
  const world = await level();
  const run = world.child.run;
  world.killChild();
  world.startChild();
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 20_000);
  world.parent.refresh();
  const birth = { received: 0, epoch: 0, parentTerm: ofRun(0), digest: DIGEST, knownDigest: "" };
  world.parent.receive({ type: "birth", from: run, term: ofRun(1), parent: world.parentRun, ...birth });
  await world.clock.runUntil(() => world.agrees(), 60_000);
  world.stop();
});

test("a child that is pinged acknowledges what it has, and nothing else changes", async () => {
  const world = await level();
  world.discover("/a", 1);
  await world.clock.runUntil(() => world.agrees(), 5_000);
  await world.clock.advance(1_000);
  const before = [world.disk.index, world.child.replica.index, world.parentStates.length, world.child.states.length];
  world.sent.length = 0;
  world.parent.ping();
  await world.clock.advance(500);
  assert.deepEqual(world.sent.map(({ way, frame }) => `${way} ${frame.type}`), ["down ping", "up ack"]);
  const after = [world.disk.index, world.child.replica.index, world.parentStates.length, world.child.states.length];
  assert.deepEqual(after, before);
  assert.ok(world.agrees());
  world.stop();
});

test("a child that is taken for lost and is not comes back with all of its values, and is the same run as before", async () => {
  const world = await level();
  world.parent.lose("nobody has seen it");
  assert.equal(world.parent.state, "down");
  world.discover("/a", 2);
  world.write("cfg", "/b", 3);
  await world.clock.runUntil(() => world.agrees(), 10_000);
  assert.deepEqual(selfAtParent(world), { "/a": 2 });
  assert.equal(world.child.link.term.run, 1);
  world.stop();
});
