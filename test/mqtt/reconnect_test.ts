import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import type { MqttConnectionOptions } from "../../src/mqtt/mod.ts";
import { keepConnected, reconnectWait } from "../../src/mqtt/reconnect.ts";
import type { SessionEvents } from "../../src/mqtt/session.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

/** A connection whose sessions a test brings up and ends. Chance is always one half: a wait is three quarters of the longest. */
function make(more: Partial<MqttConnectionOptions> = {}) {
  const clock = createVirtualClock();
  const sessions: { readonly events: SessionEvents; readonly at: number; ended: boolean }[] = [];
  const published: { readonly text: string; readonly settle: (taken: boolean) => void }[] = [];
  const said: string[] = [];
  const logged: string[] = [];
  const connection = keepConnected(
    {
      ...{ url: "mqtt://name:secret@a", clientId: "c", topics: [], random: () => 0.5 },
      log: createLog((line) => void logged.push(line), { level: "debug" }),
      onConnect: () => said.push("connected"),
      onClose: () => said.push("closed"),
      onMessage: (topic, payload) => said.push(`${topic} ${payload.length}`),
      ...more,
    },
    (events) => {
      const made = { events, at: clock.now(), ended: false };
      sessions.push(made);
      return {
        publish: (topic, payload, { qos, retain }, settle) =>
          void published.push({ text: `${topic} ${payload.length} ${qos} ${retain}`, settle }),
        end() {
          made.ended = true;
          return Promise.resolve();
        },
      };
    },
    clock,
  );
  const last = () => {
    const session = sessions.at(-1);
    assert.ok(session !== undefined);
    return session.events;
  };
  const levels = () => logged.map((line): unknown => JSON.parse(line).level);
  return { clock, sessions, published, said, logged, levels, connection, last };
}

test("a broker that can't be reached is tried again after 375 ms, twice as long each time, and every 7.5 s at last", async () => {
  const { clock, sessions, last } = make();
  for (let failures = 0; failures < 8; failures++) {
    last().onClosed("refused");
    await clock.advance(reconnectWait(failures, () => 0.5));
    assert.equal(sessions.length, failures + 2);
  }
  const waits = sessions.slice(1).map(({ at }, place) => at - (sessions[place]?.at ?? 0));
  assert.deepEqual(waits, [375, 750, 1_500, 3_000, 6_000, 7_500, 7_500, 7_500]);
});

test("a connection that was up is tried again as soon as a new one", async () => {
  const { clock, sessions, last } = make();
  for (let failures = 0; failures < 6; failures++) {
    last().onClosed("refused");
    await clock.advance(10_000);
  }
  last().onUp();
  const before = sessions.length;
  last().onClosed();
  await clock.advance(374);
  assert.equal(sessions.length, before);
  await clock.advance(1);
  assert.equal(sessions.length, before + 1);
});

test("a reason is logged once as a warning, and again when it is another one or came after a connection", async () => {
  const { clock, logged, levels, last } = make();
  const fail = async (problem: string) => {
    last().onClosed(problem);
    await clock.advance(10_000);
  };
  await fail("refused");
  await fail("refused");
  await fail("not authorized");
  assert.deepEqual(levels(), ["warn", "debug", "warn"]);
  last().onUp();
  await fail("gone");
  await fail("not authorized");
  assert.deepEqual(levels().slice(3), ["info", "info", "warn"]);
  assert.doesNotMatch(logged.join(), /secret/);
});

test("who listens is told of each connection and of its end, and of no attempt", async () => {
  const { clock, said, last } = make();
  last().onClosed("refused");
  await clock.advance(10_000);
  last().onUp();
  last().onMessage("t", new Uint8Array(3));
  last().onClosed();
  assert.deepEqual(said, ["connected", "t 3", "closed"]);
});

test("each problem is told of, after the end of the connection, with a word where none is known", async () => {
  const problems: string[] = [];
  const { clock, said, last, connection } = make({
    onProblem: (problem) => problems.push(`${said.length} ${problem}`),
  });
  last().onClosed("refused");
  await clock.advance(10_000);
  last().onUp();
  last().onClosed();
  assert.deepEqual(problems, ["0 refused", "2 it closed the connection"]);
  await connection.end();
  assert.equal(problems.length, 2);
});

test("a listener that throws is logged, and the connection goes on", () => {
  const { levels, last } = make({
    onMessage() {
      throw new Error("A bug");
    },
  });
  last().onUp();
  last().onMessage("t", new Uint8Array(3));
  assert.deepEqual(levels(), ["info", "error"]);
});

test("nothing is published while there is no connection", async () => {
  const { connection, published, last } = make();
  assert.equal(await connection.publish("t", Uint8Array.of(1)), false);
  last().onUp();
  last().onClosed();
  assert.equal(await connection.publish("t", Uint8Array.of(1)), false);
  assert.deepEqual([published, connection.waiting], [[], { messages: 0, bytes: 0 }]);
});

test("a message is published with QoS 1 and not retained, unless it is said otherwise", () => {
  const { connection, published, last } = make();
  last().onUp();
  void connection.publish("t", Uint8Array.of(1));
  void connection.publish("u", Uint8Array.of(1, 2), { qos: 0, retain: true });
  assert.deepEqual(published.map(({ text }) => text), ["t 1 1 false", "u 2 0 true"]);
  assert.deepEqual(connection.waiting, { messages: 2, bytes: 3 });
});

test("a publication is told of when the broker has taken it, and counts until then", async () => {
  const { connection, published, last } = make();
  last().onUp();
  const taken = connection.publish("t", new Uint8Array(5));
  published[0]?.settle(true);
  published[0]?.settle(true);
  assert.equal(await taken, true);
  assert.deepEqual(connection.waiting, { messages: 0, bytes: 0 });
});

test("what was under way when a connection broke was not taken", async () => {
  const { connection, last } = make();
  last().onUp();
  const all = [connection.publish("t", new Uint8Array(5)), connection.publish("t", new Uint8Array(6))];
  last().onClosed();
  assert.deepEqual(await Promise.all(all), [false, false]);
  assert.deepEqual(connection.waiting, { messages: 0, bytes: 0 });
});

test("more than may be outstanding is refused, by number and by bytes", async () => {
  const { connection, published, last } = make({ maxOutstanding: 3 });
  last().onUp();
  const large = new Uint8Array(32 * 1024 * 1024);
  void connection.publish("t", large);
  void connection.publish("t", large);
  assert.equal(await connection.publish("t", Uint8Array.of(1)), false, "64 MiB are under way");
  published[1]?.settle(true);
  void connection.publish("t", Uint8Array.of(1));
  void connection.publish("t", Uint8Array.of(1));
  assert.equal(await connection.publish("t", Uint8Array.of(1)), false, "three messages are under way");
  assert.equal(published.length, 4);
});

test("1,024 messages may be outstanding where nothing else is said", async () => {
  const { connection, last } = make();
  last().onUp();
  for (let sent = 0; sent < 1_024; sent++) void connection.publish("t", Uint8Array.of(1));
  assert.equal(await connection.publish("t", Uint8Array.of(1)), false);
  assert.equal(connection.waiting.messages, 1_024);
});

test("an end ends the session, and nothing is tried again or said after it", async () => {
  const { clock, connection, sessions, said, logged, last } = make();
  await connection.end();
  const [session] = sessions;
  last().onUp(); // was on its way
  last().onClosed("it was ended");
  await clock.advance(60_000);
  assert.deepEqual([session?.ended, sessions.length, said, logged, clock.waiting], [true, 1, [], [], 0]);
});

test("an end during a wait ends that", async () => {
  const { clock, connection, sessions, last } = make();
  last().onClosed("refused");
  await connection.end();
  await clock.advance(60_000);
  assert.deepEqual([sessions.length, clock.waiting], [1, 0]);
});
