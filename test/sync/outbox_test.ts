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
const WAIT = 4_550;
/** How long it waits where acks came at once. */
const SHORT = 1_550;

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

test("a resync goes back to what the other side has, when the next window may go", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(2);
  outbox.resync(1);
  assert.deepEqual([sent.length, outbox.waiting], [1, true]);
  await clock.advance(100);
  outbox.resync(0);
  await clock.advance(99);
  assert.equal(sent.length, 2);
  await clock.advance(1);
  assert.deepEqual(sent.map(brief), ["2-2 ", "1-2 /b", "0-2 /a,/b"]);
  assert.equal(outbox.acked, 0);
});

test("however often the other side asks now for this and now for that, a window goes every 100 ms", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(2);
  for (let count = 0; count < 1_000; count++) {
    outbox.resync(count % 2);
    await clock.advance(1);
  }
  assert.ok(sent.length >= 9 && sent.length <= 11, `${sent.length} windows in a second`);
});

test("a side that has less than it has acknowledged, as it has begun anew, is sent the rest again", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  write("/b", 1);
  outbox.start(0);
  outbox.has(1);
  assert.deepEqual([outbox.acked, outbox.waiting], [1, true]);
  outbox.has(0);
  await clock.advance(100);
  assert.equal(sent.length, 1, "what is under way may bring it");
  outbox.has(2);
  assert.deepEqual([outbox.acked, outbox.waiting], [2, false]);
  outbox.has(1);
  outbox.has(0);
  await clock.advance(100);
  assert.deepEqual(sent.slice(1).map(brief), ["1-2 /b"]);
  outbox.has(3);
  assert.equal(outbox.acked, 1, "there is no such index");
});

test("a resync that comes again does not send again what is under way", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(1);
  outbox.resync(0);
  await clock.advance(100);
  for (let copies = 0; copies < 3; copies++) outbox.resync(0);
  await clock.advance(200);
  assert.deepEqual(sent.map(brief), ["1-1 ", "0-1 /a"]);
});

test("a resync to the newest index says that the other side has everything", async () => {
  const { clock, sent, outbox, write } = make();
  write("/a", 1);
  outbox.start(0);
  outbox.resync(1);
  await clock.advance(100);
  assert.deepEqual(sent.map(brief), ["0-1 /a", "1-1 "]);
  assert.equal(clock.waiting, 1, "the first window is not sent again");
  outbox.ack(1);
  await clock.advance(WAIT);
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
  await clock.advance(0);
  assert.deepEqual(sent.slice(1).map(brief), ["0-2 /a"], "after a quiet time it goes as soon as the caller is done");
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

test("the first window that is not acknowledged is sent again after 4.5 s, and then after twice as long each time, up to 22.5 s", async () => {
  const { clock, outbox, world } = make();
  const at: number[] = [];
  world.onSend = () => at.push(clock.now());
  outbox.start(0);
  await clock.advance(121_000);
  assert.deepEqual(at, [0, 4_550, 13_600, 31_650, 54_200, 76_750, 99_300]);
  assert.equal(outbox.retransmits, 6);
});

test("after its last repetition an outbox says once that the link is broken, and nothing more", async () => {
  const { clock, sent, outbox, world, write } = make();
  outbox.start(0);
  await clock.advance(121_849);
  assert.equal(world.broken, 0);
  await clock.advance(1);
  write("/a", 1);
  await clock.advance(600_000);
  assert.deepEqual([world.broken, sent.length, outbox.retransmits], [1, 1 + MAX_RETRANSMITS, MAX_RETRANSMITS]);
  assert.deepEqual([outbox.waiting, clock.waiting], [false, 0]);
});

/** Sends windows whose acks take so long, one after the other. */
async function exchange(
  { clock, replica, outbox, write }: ReturnType<typeof make>,
  ms: readonly number[],
): Promise<void> {
  for (const [value, wait] of ms.entries()) {
    await clock.advance(100);
    write("/a", value);
    await clock.advance(0);
    await clock.advance(wait);
    outbox.ack(replica.index);
  }
}

/** Loses a window. @returns After how many milliseconds it is sent again. */
async function lose({ clock, sent, outbox, replica, write }: ReturnType<typeof make>): Promise<number> {
  await clock.advance(100);
  write("/lost", replica.index);
  await clock.advance(0);
  const [before, count] = [clock.now(), sent.length];
  await clock.runUntil(() => sent.length > count, 60_000);
  assert.deepEqual(sent.slice(-2).map(brief).map((each, _, [first]) => each === first), [true, true]);
  assert.ok(outbox.waiting);
  return clock.now() - before;
}

function assertNear(value: number, expected: number): void {
  assert.ok(Math.abs(value - expected) <= 10, `${value}: expected about ${expected}`);
}

test("where acks come at once a lost window is sent again after a second or two, however many came", async () => {
  const made = make();
  made.outbox.start(0);
  made.outbox.ack(0);
  await exchange(made, Array.from({ length: 50 }, () => 5));
  assertNear(await lose(made), SHORT);
});

test("where acks take two seconds a lost window is sent again a second or more later than that, and none before", async () => {
  const made = make();
  made.outbox.start(0);
  await made.clock.advance(900);
  made.outbox.ack(0);
  await exchange(made, Array.from({ length: 60 }, () => 2_000));
  assert.equal(made.outbox.retransmits, 0);
  const wait = await lose(made);
  assert.ok(wait >= 4_500 && wait <= 4_700, `${wait} ms`);
});

test("round trips that grow slowly, or vary, have no window sent again that was not lost", async () => {
  const grows = make();
  grows.outbox.start(0);
  grows.outbox.ack(0);
  await exchange(grows, Array.from({ length: 120 }, (_, at) => Math.round(50 * 1.05 ** at))); // up to 16 s
  const varies = make();
  varies.outbox.start(0);
  varies.outbox.ack(0);
  await exchange(varies, Array.from({ length: 200 }, (_, at) => [100, 900, 400, 700][at % 4] ?? 0));
  assert.deepEqual([grows.outbox.retransmits, varies.outbox.retransmits], [0, 0]);
});

test("where acks suddenly take ten seconds the wait for them grows until they come in time, and only some windows are sent again", async () => {
  const made = make();
  made.outbox.start(0);
  made.outbox.ack(0);
  await exchange(made, Array.from({ length: 30 }, () => 5));
  await exchange(made, Array.from({ length: 30 }, () => 10_000));
  assert.ok(made.outbox.retransmits <= 4, `${made.outbox.retransmits} windows`);
});

test("the ack of a window that was sent twice measures nothing: the wait stays doubled until one comes of a window that was sent once", async () => {
  const made = make();
  const { clock, outbox, replica } = made;
  outbox.start(0);
  outbox.ack(0);
  assertNear(await lose(made), SHORT);
  await clock.advance(1);
  outbox.ack(replica.index);
  assertNear(await lose(made), 2 * SHORT - 50);
  outbox.ack(replica.index);
  await exchange(made, [5]);
  assertNear(await lose(made), SHORT);
});

test("a start ends what was doubled, and what a resync has sent again measures nothing", async () => {
  const made = make();
  const { clock, outbox, replica } = made;
  outbox.start(0);
  outbox.ack(0);
  assertNear(await lose(made), SHORT);
  outbox.start(replica.index);
  outbox.resync(0);
  await clock.advance(1_000);
  outbox.ack(replica.index); // of the start, maybe
  assertNear(await lose(made), SHORT);
});

test("an ack, and a start, begin the count of repetitions anew", async () => {
  const { clock, sent, outbox, write } = make();
  outbox.start(0);
  await clock.advance(WAIT);
  outbox.ack(0);
  write("/a", 1);
  await clock.advance(100);
  await clock.advance(2 * WAIT - 50);
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

test("an ack that waited while the program was held up counts: the window is not sent again before it was let in", async () => {
  const { clock, sent, outbox } = make();
  outbox.start(0);
  await clock.advance(WAIT - 50);
  assert.equal(sent.length, 1, "its time is over");
  outbox.ack(0);
  await clock.advance(60_000);
  assert.deepEqual([sent.length, outbox.retransmits, clock.waiting], [1, 0, 0]);
});
