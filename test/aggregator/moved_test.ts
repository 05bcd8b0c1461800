import assert from "node:assert/strict";
import { test } from "node:test";
import { createMovedNotices } from "../../aggregator/links/moved.ts";
import type { DownFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { idOf } from "./small_tree.ts";

function make() {
  const clock = createVirtualClock();
  const sent: DownFrame[] = [];
  const notices = createMovedNotices({ clock, run: "r", send: (_child, frame) => void sent.push(frame) });
  return { clock, sent, notices };
}
const to = (number: number) => ({ number, parent: idOf("b") });

test("a child that was given away is told five times, at growing intervals, unless it goes", async () => {
  const { clock, sent, notices } = make();
  notices.tell("n", to(2));
  notices.tell("m", to(2));
  notices.gone("m");
  assert.equal(sent.length, 2);
  await clock.advance(1_000);
  assert.equal(sent.length, 3);
  await clock.advance(60_000);
  assert.equal(sent.length, 6);
  assert.deepEqual(sent[0], { type: "moved", from: "r", number: 2, parent: idOf("b") });
});

test("a child that stays is told after 1, 2, 4 and 8 s", async () => {
  const clock = createVirtualClock();
  const at: number[] = [];
  const notices = createMovedNotices({ clock, run: "r", send: () => at.push(clock.now()) });
  notices.tell("n", to(2));
  await clock.advance(60_000);
  assert.deepEqual(at, [0, 1_000, 3_000, 7_000, 15_000]);
});

test("a child that is given away again is told of that alone", async () => {
  const { clock, sent, notices } = make();
  notices.tell("n", to(2));
  notices.tell("n", to(3));
  assert.equal(clock.waiting, 1);
  await clock.advance(60_000);
  assert.deepEqual(sent.map((frame) => frame.type === "moved" && frame.number), [2, 3, 3, 3, 3, 3]);
});

test("of more than 10,000 children that were given away the oldest notice is forgotten", async () => {
  const { clock, sent, notices } = make();
  for (let child = 0; child < 10_000; child++) notices.tell(`n${child}`, to(2));
  assert.equal(clock.waiting, 10_000);
  notices.tell("n1", to(3)); // the youngest now
  notices.tell("one more", to(2));
  assert.equal(clock.waiting, 10_000);
  await clock.advance(60_000);
  sent.length = 0;
  for (const child of ["n0", "n1", "n2"]) notices.heard(child, undefined);
  assert.equal(sent.length, 2);
});

test("of more than 10,000 nodes that were heard the one that was heard longest ago counts as heard at the start", async () => {
  const { clock, notices } = make();
  await clock.advance(5_000);
  for (let node = 0; node < 10_000; node++) notices.left(`n${node}`);
  assert.equal(notices.silence("n0"), 0);
  notices.left("n0"); // the youngest now
  notices.left("one more");
  assert.deepEqual([notices.silence("n0"), notices.silence("n1"), notices.silence("n2")], [0, 5_000, 0]);
});

test("of more than 10,000 nodes that were told where to go the last 10,000 are remembered", async () => {
  const { clock, sent, notices } = make();
  for (let node = 0; node < 10_000; node++) notices.heard(`n${node}`, to(2));
  notices.heard("n0", to(3)); // the youngest now
  await clock.advance(1_000);
  sent.length = 0;
  notices.heard("n1", undefined);
  assert.equal(sent.length, 1, "all are remembered so far");
  notices.heard("one more", to(2));
  await clock.advance(1_000);
  sent.length = 0;
  for (const node of ["n0", "n1", "n2"]) notices.heard(node, undefined);
  assert.equal(sent.length, 2);
});

test("whoever is heard later is told again, at most once a second, with the newest that is known", async () => {
  const { clock, sent, notices } = make();
  notices.heard("n", undefined);
  assert.equal(sent.length, 0);
  notices.heard("n", to(2));
  notices.heard("n", to(2));
  assert.equal(sent.length, 1);
  await clock.advance(1_000);
  notices.heard("n", to(1));
  assert.equal(sent.length, 2);
  assert.equal(sent[1]?.type === "moved" && sent[1].number, 2);
  notices.heard("n", to(3));
  assert.equal(sent[2]?.type === "moved" && sent[2].number, 3);
});

test("silence() counts from when a node was heard last, and at most from the start", async () => {
  const { clock, notices } = make();
  await clock.advance(5_000);
  assert.equal(notices.silence("n"), 5_000);
  notices.left("n");
  await clock.advance(2_000);
  assert.equal(notices.silence("n"), 2_000);
  notices.heard("n", undefined);
  assert.equal(notices.silence("n"), 0);
});

test("stop() ends what is repeated", async () => {
  const { clock, sent, notices } = make();
  notices.tell("n", to(2));
  notices.stop();
  assert.equal(clock.waiting, 0);
  await clock.advance(60_000);
  notices.heard("n", undefined);
  assert.equal(sent.length, 1);
  assert.equal(clock.waiting, 0);
});
