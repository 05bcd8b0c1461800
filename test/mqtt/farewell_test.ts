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
  const connections: {
    options: ChildTransportOptions;
    end: ChildEnd | undefined;
    sent: UpFrame[];
    ended: boolean;
    isBack?: boolean | undefined;
  }[] = [];
  const world = { fails: false };
  const logged: string[] = [];
  const farewells = createFarewells({
    ...{
      url,
      clock,
      cluster: "c",
      parent: PARENT,
      child: PARENT,
      run: "r",
      random: () => 0.5,
      log: createLog((line) => void logged.push(line), { level: "warn" }),
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
        start(end) {
          if (world.fails) throw new Error("No way");
          made.end = end;
        },
        stop(isBack) {
          made.ended = true;
          made.isBack = isBack;
          return Promise.resolve();
        },
      };
    },
  });
  return { clock, connections, farewells, world, logged };
}

test("an old parent is told until it answers, by a client of its own, and then left alone", async () => {
  const { clock, connections, farewells } = make("mqtt://name:secret@old.example:1884");
  farewells.say({ number: 3 }, [OLD]);
  farewells.say({ number: 3 }, [OLD]);
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
  first.end.receive({ type: "noted", from: "old", number: 2 });
  assert.equal(first.ended, false);
  first.end.receive({ type: "noted", from: "old", number: 3 });
  assert.equal(first.ended, true);
  await clock.advance(3_600_000);
  assert.equal(connections.length, 1);
});

test("one that can't be reached, or does not answer, is tried again every few minutes", async () => {
  const { clock, connections, farewells } = make();
  farewells.say({ number: 3 }, [OLD]);
  await clock.advance(600_000);
  assert.ok(connections.length >= 3 && connections.length <= 5, `${connections.length} connections in ten minutes`);
  assert.ok(connections.slice(0, -1).every(({ ended }) => ended));
  assert.ok(connections.every(({ sent }) => sent.length === 0));
  farewells.say({ number: 4 }, []);
  const before = connections.length;
  await clock.advance(600_000);
  assert.equal(connections.length, before, "of an earlier assignment nothing is said any more");
  assert.ok(connections.every(({ ended }) => ended));
});

test("nothing is said of an assignment again, nor of an earlier one", async () => {
  const { clock, connections, farewells } = make();
  farewells.say({ number: 3 }, [OLD]);
  for (const number of [3, 2]) farewells.say({ number: number }, [{ ...OLD, parent: PARENT }]);
  await clock.advance(2_000);
  assert.deepEqual(connections.map(({ options }) => options.parent), [OLD.parent]);
  farewells.say({ number: 4 }, [{ ...OLD, parent: PARENT }]);
  await clock.advance(2_000);
  assert.deepEqual(connections.map(({ options }) => options.parent), [OLD.parent, PARENT]);
});

test("nothing is said while there is no connection, nor what another frame or an earlier connection answers heeded", async () => {
  const { clock, connections, farewells } = make();
  farewells.say({ number: 3 }, [OLD]);
  await clock.advance(1_000);
  const [first] = connections;
  first?.end?.connected();
  first?.end?.disconnected();
  await clock.advance(18_000);
  assert.deepEqual([first?.sent.length, first?.ended], [1, false]);
  first?.end?.receive({ type: "moved", from: "old", number: 3, parent: PARENT });
  assert.equal(first?.ended, false);
  await clock.advance(184_000);
  assert.deepEqual([first?.ended, connections.length], [true, 2]);
  first?.end?.receive({ type: "noted", from: "old", number: 3 });
  assert.equal(connections[1]?.ended, false, "that was the first one's");
});

test("a connection that can't even be tried is given up with a word, and the others go on", async () => {
  const { clock, connections, farewells, world, logged } = make();
  world.fails = true;
  farewells.say({ number: 3 }, [OLD, { ...OLD, parent: PARENT }]);
  await clock.advance(3_600_000);
  assert.equal(connections.length, 2);
  assert.deepEqual(logged.map((line) => /Cannot tell an earlier parent.*No way/.test(line)), [true, true]);
  farewells.stop();
  assert.deepEqual([connections.map(({ ended }) => ended), clock.waiting], [[false, false], 0]);
});

test("a connection is tried for some 20 s, left for three minutes, and ended without a word of its own", async () => {
  const { clock, connections, farewells } = make();
  farewells.say({ number: 3 }, [OLD]);
  await clock.advance(21_999); // from 1 s on, every 3 s
  assert.equal(connections[0]?.ended, false);
  await clock.advance(1);
  assert.deepEqual([connections[0]?.ended, connections[0]?.isBack], [true, true]);
  await clock.advance(179_999);
  assert.equal(connections.length, 1);
  await clock.advance(1);
  assert.equal(connections.length, 2);
});

test("stop() ends what is under way", async () => {
  const { clock, connections, farewells } = make();
  farewells.say({ number: 3 }, [OLD, { ...OLD, parent: PARENT }]);
  await clock.advance(2_000);
  farewells.stop();
  assert.deepEqual(connections.map(({ ended }) => ended), [true, true]);
  await clock.advance(600_000);
  assert.equal(connections.length, 2);
});
