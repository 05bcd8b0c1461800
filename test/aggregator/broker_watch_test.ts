import assert from "node:assert/strict";
import { test } from "node:test";
import { createBrokerWatch } from "../../aggregator/broker/watch.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const BROKER = "mqtt://10.0.0.1:1883";

function make(url: string | undefined) {
  const clock = createVirtualClock();
  const turns: string[] = [];
  const watch = createBrokerWatch({ url, clock });
  watch.onTurn((turn) => turns.push(turn));
  return { clock, turns, watch };
}

test("a broker that was never reached is a trouble from the start, and lost as soon as it can't be reached", () => {
  const { watch, turns } = make(BROKER);
  assert.match(
    watch.problem ?? "",
    /^The broker mqtt:\/\/10\.0\.0\.1:1883 is not reached since .*: it has not answered yet\. Start it/,
  );
  assert.deepEqual([watch.isDeaf, watch.losses], [true, 0]);
  watch.failed("connection refused");
  watch.failed("connection refused");
  assert.match(watch.problem ?? "", /connection refused/);
  assert.deepEqual([turns, watch.losses], [["lost"], 1]);
});

test("a broker that is reached at once is no trouble, and silence counts from then on", () => {
  const { watch, turns, clock } = make(BROKER);
  watch.reached();
  watch.reached();
  assert.deepEqual([watch.problem, watch.lostSince, watch.isDeaf, turns], [undefined, undefined, false, ["reached"]]);
  assert.equal(clock.waiting, 0);
});

test("silence says nothing until a minute after a lost broker is back, and since when it was lost stays", async () => {
  const { watch, clock, turns } = make(BROKER);
  watch.reached();
  watch.failed("gone");
  const since = watch.lostSince;
  await clock.advance(100_000);
  watch.failed("refused");
  assert.equal(watch.lostSince, since);
  watch.reached();
  assert.equal(watch.problem, undefined);
  await clock.advance(59_000);
  assert.equal(watch.isDeaf, true);
  watch.failed("gone again");
  watch.reached();
  await clock.advance(59_000);
  assert.equal(watch.isDeaf, true, "the minute begins anew");
  await clock.advance(1_000);
  assert.equal(watch.isDeaf, false);
  assert.deepEqual(turns, ["reached", "lost", "reached", "lost", "reached"]);
  assert.equal(watch.losses, 2);
});

test("the embedded broker is never lost, and a watch that is stopped leaves no timer", () => {
  const embedded = make(undefined);
  assert.deepEqual([embedded.watch.problem, embedded.watch.isDeaf], [undefined, false]);
  const { watch, clock } = make(BROKER);
  watch.failed("gone");
  watch.reached();
  assert.equal(clock.waiting, 1);
  watch.stop();
  assert.equal(clock.waiting, 0);
});

test("the broker to the parent is told of by where it is now, and by what is missing meanwhile", () => {
  const watch = createBrokerWatch({ url: BROKER, clock: createVirtualClock(), to: "parent" });
  watch.failed("connection refused", "mqtt://10.0.0.2");
  assert.match(
    watch.problem ?? "",
    /^The broker mqtt:\/\/10\.0\.0\.2 to the parent is not reached since .*: connection refused\. .*--uplink\. Until then no change/,
  );
  watch.failed("gone");
  assert.match(watch.problem ?? "", /mqtt:\/\/10\.0\.0\.2 .*: gone/, "it is where it was");
  watch.stop();
});
