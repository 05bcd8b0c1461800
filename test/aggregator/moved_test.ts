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
  await clock.advance(60_000);
  assert.equal(sent.length, 1);
  assert.equal(clock.waiting, 0);
});
