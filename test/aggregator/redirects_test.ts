import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedirects } from "../../aggregator/links/redirects.ts";
import type { DownFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { idOf } from "./small_tree.ts";

function make() {
  const clock = createVirtualClock();
  const sent: DownFrame[] = [];
  const at: number[] = [];
  const redirects = createRedirects({
    ...{ clock, run: "r" },
    send(_child, frame) {
      sent.push(frame);
      at.push(clock.now());
    },
  });
  const numbers = () => sent.map((frame) => frame.type === "moved" && frame.number);
  return { clock, sent, at, redirects, numbers };
}
const to = (number: number) => ({ number, parent: idOf("b") });

test("repeat() tells a node now, and after 1, 2, 4 and 8 s", async () => {
  const { clock, sent, at, redirects } = make();
  redirects.repeat("n", to(2));
  await clock.advance(60_000);
  assert.deepEqual(at, [0, 1_000, 3_000, 7_000, 15_000]);
  assert.deepEqual(sent[0], { type: "moved", from: "r", number: 2, parent: idOf("b") });
});

test("stop() ends what is repeated to a node that has gone", async () => {
  const { clock, sent, redirects } = make();
  redirects.repeat("n", to(2));
  redirects.stop("n");
  await clock.advance(60_000);
  assert.equal(sent.length, 1);
});

test("a node that is given away again is told of that alone", async () => {
  const { clock, redirects, numbers } = make();
  redirects.repeat("n", to(2));
  redirects.repeat("n", to(3));
  assert.equal(clock.waiting, 1);
  await clock.advance(60_000);
  assert.deepEqual(numbers(), [2, 3, 3, 3, 3, 3]);
});

test("tell() tells a node once, and at most once a second", async () => {
  const { clock, redirects, numbers } = make();
  redirects.tell("n", to(2));
  redirects.tell("n", to(3));
  assert.deepEqual(numbers(), [2]);
  await clock.advance(1_000);
  redirects.tell("n", to(3));
  await clock.advance(60_000);
  assert.deepEqual(numbers(), [2, 3]);
});

test("of more than 10,000 nodes that are told, the one that was told longest ago is told by itself no more", () => {
  const { clock, redirects } = make();
  for (let child = 0; child < 10_000; child++) redirects.repeat(`n${child}`, to(2));
  assert.equal(clock.waiting, 10_000);
  redirects.repeat("one more", to(2));
  assert.equal(clock.waiting, 10_000);
});

test("stopAll() ends everything that is repeated", async () => {
  const { clock, sent, redirects } = make();
  redirects.repeat("n", to(2));
  redirects.stopAll();
  assert.equal(clock.waiting, 0);
  await clock.advance(60_000);
  assert.equal(sent.length, 1);
});
