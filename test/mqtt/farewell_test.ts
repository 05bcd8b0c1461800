import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import type { ChildEnd, ChildTransportOptions } from "../../src/mqtt/mod.ts";
import { createFarewells } from "../../src/mqtt/farewell.ts";
import type { UpFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const PARENT = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
const OLD = { parent: "0d9c4a30-53c7-4f0e-8f55-1c3fd1f0a7b2", broker: "mqtt://old.example:1883" };

/** Farewells over connections that a test makes and answers. */
function make(url = "mqtt://new.example:1883") {
  const clock = createVirtualClock();
  const connections: { options: ChildTransportOptions; end: ChildEnd | undefined; sent: UpFrame[]; ended: boolean }[] =
    [];
  const farewells = createFarewells({
    ...{
      url,
      clock,
      cluster: "c",
      parent: PARENT,
      child: PARENT,
      run: "r",
      random: () => 0.5,
      log: createLog(() => {}),
    },
    connect() {
      throw new Error("No broker is here");
    },
    makeTransport(options) {
      const made: typeof connections[number] = { options, end: undefined, sent: [], ended: false };
      connections.push(made);
      return {
        counts: { sent: 0, unsent: 0, received: 0, malformed: 0, waiting: 0, waitingBytes: 0 },
        send: (frame) => void made.sent.push(frame),
        start: (end) => void (made.end = end),
        stop() {
          made.ended = true;
          return Promise.resolve();
        },
      };
    },
  });
  return { clock, connections, farewells };
}

test("an old parent is told until it answers, by a client of its own, and then left alone", async () => {
  const { clock, connections, farewells } = make("mqtt://name:secret@old.example:1884");
  farewells.say(3, [OLD]);
  farewells.say(3, [OLD]);
  await clock.advance(2_000);
  const [first] = connections;
  assert.ok(first?.end !== undefined);
  assert.deepEqual([first.options.run, first.options.parent], ["r-left", OLD.parent]);
  assert.equal(first.options.url, "mqtt://name:secret@old.example:1883");
  assert.deepEqual(first.sent, []);
  first.end.connected();
  await clock.advance(7_000);
  assert.ok(first.sent.length >= 3);
  assert.deepEqual(first.sent[0], { type: "left", from: "r-left", number: 3 });
  first.end.receive({ type: "left", from: "old", number: 2 });
  assert.equal(first.ended, false);
  first.end.receive({ type: "left", from: "old", number: 3 });
  assert.equal(first.ended, true);
  await clock.advance(3_600_000);
  assert.equal(connections.length, 1);
});

test("one that can't be reached, or does not answer, is tried again every few minutes", async () => {
  const { clock, connections, farewells } = make();
  farewells.say(3, [OLD]);
  await clock.advance(600_000);
  assert.ok(connections.length >= 3 && connections.length <= 5, `${connections.length} connections in ten minutes`);
  assert.ok(connections.slice(0, -1).every(({ ended }) => ended));
  assert.ok(connections.every(({ sent }) => sent.length === 0));
  farewells.say(4, []);
  const before = connections.length;
  await clock.advance(600_000);
  assert.equal(connections.length, before, "of an earlier assignment nothing is said any more");
  assert.ok(connections.every(({ ended }) => ended));
});

test("stop() ends what is under way", async () => {
  const { clock, connections, farewells } = make();
  farewells.say(3, [OLD, { ...OLD, parent: PARENT }]);
  await clock.advance(2_000);
  farewells.stop();
  assert.deepEqual(connections.map(({ ended }) => ended), [true, true]);
  await clock.advance(600_000);
  assert.equal(connections.length, 2);
});
