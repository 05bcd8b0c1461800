import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { MAX_RETRANSMITS } from "../../src/sync/limits.ts";
import { createOutbox } from "../../src/sync/outbox.ts";
import type { Window } from "../../src/sync/window.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { NODE } from "./world.ts";
import { ofRun } from "../support/versions.ts";

/** How long an outbox waits for the first ack here, in milliseconds: chance is always one half. */
const WAIT = 4_500;

/** An outbox, and what it has sent. What begins with `/private` is not for the other side. */
function make(batch?: number) {
  const clock = createVirtualClock();
  const replica = createReplica();
  const sent: Window[] = [];
  const world = { broken: 0, lookedAfter: 0, onSend: (_window: Window): void => {} };
  const outbox = createOutbox({
    ...{ replica, clock, random: () => 0.5, log: createLog(() => {}) },
    documents(after) {
      world.lookedAfter = after;
      return replica.changedSince(after);
    },
    wanted: ({ url }) => !url.startsWith("/private"),
    ...(batch !== undefined && { batch }),
    send(window) {
      sent.push(window);
      world.onSend(window);
    },
    onBroken: () => void world.broken++,
  });
  replica.onChange(() => outbox.changed());
  const write = (url: string, value: number) => void replica.write(NODE, "self", new Map([[url, value]]), ofRun(1));
  return { clock, replica, sent, world, outbox, write };
}

function urlsIn({ documents }: Window): string[] {
  return documents.flatMap(({ facets }) => [...facets.self?.keys() ?? []]);
}

/** A window in short: where it begins and ends, and what it carries. */
function brief(window: Window): string {
  return `${window.since}-${window.upTo} ${urlsIn(window).join()}`;
}

test("an outbox says nothing before it is started", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.ack(1);
  outbox.resync(0);
  await clock.advance(60_000);
  assert.deepEqual([sent, outbox.acked, outbox.waiting, clock.waiting], [[], 0, false, 0]);
});

test("a start sends a window at once, also an empty one", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(1);
  assert.deepEqual(sent, [{ since: 1, upTo: 1, newest: 1, documents: [] }]);
  assert.deepEqual([outbox.acked, outbox.waiting], [1, true]);
});

test("a start goes on after what the other side has", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(1);
  assert.deepEqual(sent.map(brief), ["1-2 /b"]);
});

test("a start after an index that does not exist yet begins from nothing", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(2);
  assert.deepEqual([outbox.acked, ...sent.map(brief)], [0, "0-1 /a"]);
});

test("an ack of what does not exist yet changes nothing", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  outbox.ack(2);
  assert.deepEqual([outbox.acked, outbox.waiting], [0, true]);
  await clock.advance(WAIT);
  assert.deepEqual(sent.map(brief), ["0-1 /a", "0-1 /a"]);
});

test("a late ack does not take back what was acknowledged", () => {
  const { outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(0);
  outbox.ack(2);
  outbox.ack(1);
  assert.deepEqual([outbox.acked, outbox.waiting], [2, false]);
});

test("a window is under way until all of it is acknowledged", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(0);
  outbox.ack(1);
  assert.deepEqual([outbox.acked, outbox.waiting], [1, true]);
  await clock.advance(WAIT);
  assert.deepEqual(sent.map(brief), ["0-2 /a,/b", "1-2 /b"]);
});

test("a resync goes back to what the other side has", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(2);
  outbox.resync(1);
  outbox.resync(0);
  assert.deepEqual(sent.map(brief), ["2-2 ", "1-2 /b", "0-2 /a,/b"]);
  assert.equal(outbox.acked, 0);
});

test("a resync that comes again does not send again what is under way", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(1);
  for (let copies = 0; copies < 3; copies++) outbox.resync(0);
  assert.deepEqual(sent.map(brief), ["1-1 ", "0-1 /a"]);
});

test("a resync to the newest index says that the other side has everything", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  outbox.resync(1);
  assert.deepEqual(sent.map(brief), ["0-1 /a", "1-1 "]);
  assert.equal(clock.waiting, 1, "the first window is not sent again");
  outbox.ack(1);
  await clock.advance(1_000);
  assert.deepEqual([outbox.acked, sent.length], [1, 2]);
});

test("a resync to what does not exist yet is passed over", () => {
  const { sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  outbox.resync(2);
  assert.deepEqual([outbox.acked, sent.length], [0, 1]);
});

test("what changes while a window is under way goes with the next one, a batch's time after it", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  write("/b", 1);
  write("/b", 2);
  await clock.advance(30);
  assert.equal(sent.length, 1);
  outbox.ack(1);
  await clock.advance(69);
  assert.equal(sent.length, 1);
  await clock.advance(1);
  assert.deepEqual(sent.map(brief), ["0-1 /a", "1-3 /b"]);
});

test("changes that wait for their batch have one timer, and nothing to send has none", async () => {
  const { clock, sent, outbox, write } = make();
  outbox.start(0);
  outbox.ack(0);
  assert.equal(clock.waiting, 0);
  for (const value of [1, 2, 3]) write("/a", value);
  assert.equal(clock.waiting, 1);
  await clock.advance(100);
  assert.deepEqual(sent.slice(1).map(brief), ["0-3 /a"]);
});

test("a change after quiet goes at once, and the next within the time of a batch", async () => {
  for (const [batch, wait] of [[undefined, 100], [20, 20]] as const) {
    const { clock, sent, outbox, write } = make(batch);
    outbox.start(0);
    outbox.ack(0);
    await clock.advance(1_000);
    write("/a", 1);
    await clock.advance(0);
    assert.equal(sent.length, 2);
    outbox.ack(1);
    write("/b", 1);
    await clock.advance(wait - 1);
    assert.equal(sent.length, 2);
    await clock.advance(1);
    assert.deepEqual(sent.slice(1).map(brief), ["0-1 /a", "1-2 /b"]);
  }
});

test("what is not for the other side sends nothing, and is not looked at again", async () => {
  const { clock, sent, outbox, write, replica, world } = make();
  outbox.start(0);
  outbox.ack(0);
  await clock.advance(1_000);
  write("/private/a", 1);
  await clock.advance(1_000);
  assert.equal(world.lookedAfter, 0);
  assert.deepEqual([sent.length, outbox.waiting, clock.waiting], [1, false, 0]);
  write("/b", 1);
  await clock.advance(1_000);
  assert.equal(world.lookedAfter, 1);
  assert.deepEqual(sent.slice(1).map(brief), ["0-2 /b"]);
  assert.equal(replica.index, 2);
});

test("what became wanted before a resync goes with it", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(1);
  outbox.ack(1);
  await clock.advance(1_000);
  write("/private/b", 1);
  await clock.advance(1_000); // looked at, and nothing was found
  outbox.resync(0);
  assert.deepEqual(sent.slice(1).map(brief), ["0-2 /a"]);
});

test("a start after an earlier index looks at everything after it again", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(1);
  outbox.ack(1);
  write("/private/b", 1);
  await clock.advance(1_000); // looked at, and nothing was found
  outbox.start(0);
  assert.deepEqual(sent.slice(1).map(brief), ["0-2 /a"]);
});

test("a window that is not acknowledged is sent again after 4.5 s, 9 s, 18 s and then every 22.5 s", async () => {
  const { clock, outbox, world } = make();
  const at: number[] = [];
  world.onSend = () => at.push(clock.now());
  outbox.start(0);
  await clock.advance(99_000);
  assert.deepEqual(at, [0, 4_500, 13_500, 31_500, 54_000, 76_500]);
  assert.equal(outbox.retransmits, 5);
});

test("after its last repetition an outbox says once that the link is broken, and nothing more", async () => {
  const { clock, sent, outbox, world, write } = make();
  outbox.start(0);
  await clock.advance(98_999);
  assert.equal(world.broken, 0);
  await clock.advance(1);
  write("/a", 1);
  await clock.advance(600_000);
  assert.deepEqual([world.broken, sent.length, outbox.retransmits], [1, 1 + MAX_RETRANSMITS, MAX_RETRANSMITS]);
  assert.deepEqual([outbox.waiting, clock.waiting], [false, 0]);
});

test("an ack, and a start, begin the count of repetitions anew", async () => {
  const { clock, sent, outbox, write } = make();
  outbox.start(0);
  await clock.advance(WAIT);
  outbox.ack(0);
  write("/a", 1);
  await clock.advance(100);
  await clock.advance(WAIT);
  assert.equal(sent.length, 4);
  outbox.start(0);
  await clock.advance(WAIT);
  assert.equal(sent.length, 6);
});

test("a stopped outbox sends nothing, and has no timer", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  outbox.stop();
  outbox.ack(1);
  outbox.resync(0);
  write("/b", 1);
  await clock.advance(600_000);
  assert.deepEqual([sent.length, outbox.acked, outbox.waiting, clock.waiting], [1, 0, false, 0]);
});

test("an outbox that is stopped by what it sends leaves no timer behind", () => {
  const { clock, outbox, world } = make();
  world.onSend = () => outbox.stop();
  outbox.start(0);
  assert.equal(clock.waiting, 0);
});
