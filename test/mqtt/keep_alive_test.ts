import assert from "node:assert/strict";
import { test } from "node:test";
import { startKeepAlive } from "../../src/mqtt/client/keep_alive.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A connection with a keep-alive of ten seconds, and when it has pinged and was given up. */
function make(seconds = 10) {
  const clock = createVirtualClock();
  const pings: number[] = [];
  const silent: number[] = [];
  const alive = startKeepAlive(seconds, {
    ping: () => pings.push(clock.now()),
    onSilent: () => silent.push(clock.now()),
  }, clock);
  return { clock, pings, silent, alive };
}

test("a broker that answers nothing is given up after one and a half intervals", async () => {
  const { clock, pings, silent } = make();
  await clock.advance(15_000);
  assert.deepEqual([pings, silent], [[10_000], [15_000]]);
});

test("a connection on which both sides speak is not pinged", async () => {
  const { clock, pings, silent, alive } = make();
  for (let second = 0; second < 60; second += 4) {
    alive.sent();
    alive.received();
    await clock.advance(4_000);
  }
  assert.deepEqual([pings, silent], [[], []]);
});

test("a client that only listens pings, so that the broker hears it", async () => {
  const { clock, pings, silent, alive } = make();
  for (let second = 0; second < 30; second++) {
    alive.received();
    await clock.advance(1_000);
  }
  assert.deepEqual([pings, silent], [[10_000, 15_000, 20_000, 25_000, 30_000], []]);
});

test("a client that only speaks pings, and gives a broker up that does not answer", async () => {
  const { clock, pings, silent, alive } = make();
  for (let second = 0; second < 15; second++) {
    alive.sent();
    await clock.advance(1_000);
  }
  assert.deepEqual([pings, silent], [[10_000], [15_000]]);
});

test("a broker that answers every ping, and says nothing else, is kept", async () => {
  const { clock, pings, silent, alive } = make();
  for (let answered = 0; clock.now() < 60_000; await clock.advance(1_000)) {
    if (pings.length > answered) alive.received();
    answered = pings.length;
  }
  assert.equal(silent.length, 0);
  assert.ok(pings.length >= 5);
});

test("an interval of 0 has no timer, and a stop ends the one that there is", () => {
  assert.equal(make(0).clock.waiting, 0);
  const { clock, alive } = make();
  assert.equal(clock.waiting, 1);
  alive.stop();
  assert.equal(clock.waiting, 0);
});
