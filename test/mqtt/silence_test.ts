import assert from "node:assert/strict";
import { test } from "node:test";
import { type Listened, watchSilence } from "../../aggregator/broker/silence.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

interface Heard extends Listened {
  closed: boolean;
  readonly why: string[];
}

function client(): Heard {
  const why: string[] = [];
  return { closed: false, why, conn: { destroy: (error) => void why.push(error.message) } };
}

function make() {
  const clock = createVirtualClock();
  return { clock, silence: watchSilence(clock) };
}

test("who says nothing is disconnected after one and a half keep-alives, at most a second late", async () => {
  for (const [keepalive, limit] of [[1, 2_000], [2, 3_000], [10, 15_000]] as const) {
    const { clock, silence } = make();
    await clock.advance(900);
    const silent = client();
    silence.greeted(silent, keepalive);
    await clock.advance(limit);
    assert.equal(silent.why.length, 0, `${keepalive} s`);
    await clock.advance(1_000);
    assert.equal(silent.why.length, 1, `${keepalive} s`);
    assert.match(silent.why[0] ?? "", /one and a half times its keep-alive/);
    await clock.advance(60_000);
    assert.equal(silent.why.length, 1, "it is disconnected once");
  }
});

test("who says something in time is kept", async () => {
  const { clock, silence } = make();
  const busy = client();
  silence.greeted(busy, 10);
  for (let round = 0; round < 10; round++) {
    await clock.advance(14_000);
    silence.heard(busy);
  }
  assert.equal(busy.why.length, 0);
  await clock.advance(17_000);
  assert.equal(busy.why.length, 1);
});

test("who may be silent is, and who has gone is not disconnected", async () => {
  const { clock, silence } = make();
  const [quiet, gone, stranger] = [client(), client(), client()];
  silence.greeted(quiet, 0);
  silence.greeted(gone, 1);
  silence.heard(stranger);
  gone.closed = true;
  await clock.advance(600_000);
  assert.deepEqual([quiet.why, gone.why, stranger.why], [[], [], []]);
});

test("nobody is watched after a stop", async () => {
  const { clock, silence } = make();
  const silent = client();
  silence.greeted(silent, 1);
  silence.stop();
  await clock.advance(60_000);
  assert.deepEqual([silent.why, clock.waiting], [[], 0]);
});
