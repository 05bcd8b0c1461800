import assert from "node:assert/strict";
import { test } from "node:test";
import { createNodeEvents } from "../../aggregator/boot/node_events.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

function makeEvents() {
  const clock = createVirtualClock();
  const added: string[] = [];
  return { clock, added, events: createNodeEvents(clock, (node, why) => added.push(`${node}: ${why}`)) };
}

test("a machine that fails without end gets some events, then one a minute that counts those left out", async () => {
  const { clock, added, events } = makeEvents();
  for (let n = 0; n < 100; n++) events.tell("n1", `broken ${n}`);
  assert.deepEqual(added, [0, 1, 2, 3, 4, 5].map((n) => `n1: broken ${n}`));
  await clock.advance(59_000);
  events.tell("n1", "still broken");
  assert.equal(added.length, 6);
  await clock.advance(1_000);
  events.tell("n1", "broken again");
  assert.equal(added.at(-1), "n1: broken again (95 more since the event before)");
});

test("events of one machine leave the room of others alone, and all together are bounded", () => {
  const { added, events } = makeEvents();
  for (let n = 0; n < 1_000; n++) events.tell("n1", "broken");
  events.tell("n2", "broken");
  assert.equal(added.at(-1), "n2: broken");
  for (let n = 0; n < 10_000; n++) events.tell(`m${n}`, "broken");
  assert.equal(added.length, 600);
});

test("a text of an event is cut at 500 characters", () => {
  const { added, events } = makeEvents();
  events.tell("n1", "x".repeat(2_000));
  assert.equal(added[0]?.length, 504);
});
