import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { type ChildTransportOptions, createUplink, type UplinkOptions } from "../../src/mqtt/mod.ts";
import type { UpFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

interface Way {
  readonly options: ChildTransportOptions;
  readonly sent: UpFrame[];
  started: boolean;
  /** How it was stopped: to be back at once, or not. */
  stopped: boolean | undefined;
}

/** An uplink to `p` at broker `a`, over connections that a test sees. Chance is always one half. */
function make(more: Partial<UplinkOptions> = {}) {
  const clock = createVirtualClock();
  const ways: Way[] = [];
  const said: string[] = [];
  const logged: string[] = [];
  let failing = "";
  const uplink = createUplink({
    ...{ url: "mqtt://a", cluster: "c", parent: "p", child: "n", run: "r" },
    ...{ random: () => 0.5, clock, log: createLog((line) => void logged.push(line)) },
    connect() {
      throw new Error("No broker is here");
    },
    ...more,
  }, (options) => {
    const made: Way = { options, sent: [], started: false, stopped: undefined };
    ways.push(made);
    return {
      counts: { sent: 1, unsent: 2, received: 3, malformed: 4, waiting: 5, waitingBytes: 6 },
      send: (frame) => void made.sent.push(frame),
      start() {
        if (options.url.startsWith(failing) && failing !== "") throw new Error("Cannot speak that");
        made.started = true;
      },
      stop(isBack = false) {
        made.stopped = isBack;
        return Promise.resolve();
      },
    };
  });
  const start = () =>
    uplink.start({
      connected: () => said.push("connected"),
      disconnected: () => said.push("disconnected"),
      receive() {},
      parentLife() {},
    });
  /** The connections in short: whom they are to, and over which broker; those that say farewell aside. */
  const joined = () =>
    ways.filter(({ options }) => options.run === "r").map(({ options: { parent, url } }) => `${parent} ${url}`);
  /** Whom it has said farewell to. */
  const farewells = () =>
    ways.filter(({ options }) => options.run !== "r").map(({ options: { parent, url } }) => `${parent} ${url}`);
  return {
    ...{ clock, ways, said, logged, uplink, start, joined, farewells },
    fail: (url: string) => void (failing = url),
    settle: () => clock.advance(0),
  };
}

const frame: UpFrame = { type: "ack", from: "r", to: "p", received: 0 };

test("a child joins by its own setting until it is told otherwise", async () => {
  const { uplink, start, joined, ways, clock } = make();
  start();
  uplink.send(frame);
  await clock.advance(600_000);
  assert.deepEqual([joined(), uplink.parent, ways[0]?.sent, ways[0]?.started], [["p mqtt://a"], "p", [frame], true]);
});

test("a child joins the parent that it is assigned to, and the connection before ends first", async () => {
  const { uplink, start, joined, ways, said, settle } = make();
  start();
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  assert.deepEqual([joined(), ways[0]?.stopped, said, uplink.parent], [["p mqtt://a"], false, ["disconnected"], "q"]);
  uplink.send(frame);
  await settle();
  assert.deepEqual(joined(), ["p mqtt://a", "q mqtt://b"]);
  assert.deepEqual(ways.map(({ sent }) => sent.length), [0, 0], "between the two nothing is sent");
  assert.equal(ways[1]?.started, true);
});

test("an older assignment is passed over", async () => {
  const { uplink, start, joined, settle } = make();
  start();
  uplink.assign({ number: 3, parent: "q", broker: "mqtt://b" });
  await settle();
  uplink.assign({ number: 2, parent: "p", broker: "mqtt://a" });
  await settle();
  assert.deepEqual([joined(), uplink.parent], [["p mqtt://a", "q mqtt://b"], "q"]);
});

test("an assignment to the parent that it has changes nothing, whatever broker it names", async () => {
  const { uplink, start, joined, settle } = make();
  start();
  uplink.assign({ number: 2, parent: "p", broker: "mqtt://other" });
  await settle();
  assert.deepEqual(joined(), ["p mqtt://a"]);
});

test("an assignment that names no broker is to the one that it has", async () => {
  const { uplink, start, joined, settle } = make();
  start();
  uplink.assign({ number: 2, parent: "q" });
  await settle();
  assert.deepEqual(joined(), ["p mqtt://a", "q mqtt://a"]);
});

test("an assignment before the start costs no connection", () => {
  const { uplink, start, joined, ways } = make();
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  start();
  assert.deepEqual([joined(), ways.map(({ started }) => started)], [["p mqtt://a", "q mqtt://b"], [false, true]]);
});

test("a broker that the client can't speak to is logged, and a later assignment is heeded", async () => {
  const { uplink, start, joined, fail, logged, settle } = make();
  start();
  fail("ws://b");
  uplink.assign({ number: 2, parent: "q", broker: "ws://b" });
  await settle();
  assert.match(logged.at(-1) ?? "", /Cannot speak that/);
  uplink.assign({ number: 3, parent: "q2", broker: "mqtt://d" });
  await settle();
  assert.equal(joined().at(-1), "q2 mqtt://d");
});

test("a child whose parent does not take it in asks the standby after 25 s, and then the parent again", async () => {
  const { uplink, start, joined, clock } = make();
  start();
  uplink.assign({ number: 1, parent: "p", standby: { parent: "s", broker: "mqtt://b" } });
  await clock.advance(24_999);
  assert.equal(joined().length, 1);
  await clock.advance(1);
  assert.deepEqual([joined(), uplink.parent], [["p mqtt://a", "s mqtt://b"], "s"]);
  await clock.advance(25_000);
  assert.deepEqual(joined(), ["p mqtt://a", "s mqtt://b", "p mqtt://a"]);
});

test("a child that is level waits for nobody, and begins to wait when it is not", async () => {
  const { uplink, start, joined, clock } = make();
  start();
  uplink.assign({ number: 1, parent: "p", standby: { parent: "s", broker: "mqtt://b" } });
  await clock.advance(20_000);
  uplink.linked("level");
  await clock.advance(600_000);
  assert.equal(joined().length, 1);
  uplink.linked("joining");
  await clock.advance(24_999);
  assert.equal(joined().length, 1);
  await clock.advance(1);
  assert.equal(joined().length, 2);
});

test("a child goes to a standby that its parent sends it to, and to nobody else", async () => {
  const { uplink, start, joined, settle } = make();
  start();
  uplink.assign({ number: 1, parent: "p", standby: { parent: "s", broker: "mqtt://b" } });
  uplink.assign({ number: 1, parent: "stranger", broker: "mqtt://evil" });
  await settle();
  assert.equal(joined().length, 1);
  uplink.assign({ number: 1, parent: "s", broker: "mqtt://b" });
  await settle();
  assert.deepEqual(joined(), ["p mqtt://a", "s mqtt://b"]);
  uplink.assign({ number: 1, parent: "s", broker: "mqtt://b" });
  await settle();
  assert.equal(joined().length, 2, "it is there");
});

test("an assignment of the same number may bring another standby, or take it away", async () => {
  const { uplink, start, joined, clock } = make();
  start();
  uplink.assign({ number: 1, parent: "p", standby: { parent: "s", broker: "mqtt://b" } });
  uplink.assign({ number: 1, parent: "p", standby: { parent: "t", broker: "mqtt://d" } });
  await clock.advance(25_000);
  assert.equal(joined().at(-1), "t mqtt://d");
  uplink.assign({ number: 1, parent: "p" });
  await clock.advance(600_000);
  assert.deepEqual(joined(), ["p mqtt://a", "t mqtt://d", "p mqtt://a"]);
});

test("a child that asks the standby stays there when its parent's word comes again, until it is level", async () => {
  const { uplink, start, joined, clock, settle } = make();
  const word = { number: 1, parent: "p", standby: { parent: "s", broker: "mqtt://b" } };
  start();
  uplink.assign(word);
  await clock.advance(25_000);
  uplink.assign(word);
  await settle();
  assert.equal(joined().length, 2);
  uplink.linked("level");
  uplink.assign(word);
  await settle();
  assert.deepEqual(joined(), ["p mqtt://a", "s mqtt://b", "p mqtt://a"], "the root says that it belongs to its parent");
});

test("a child that is level at its parent says farewell to those that may still take it for theirs", async () => {
  const { uplink, start, farewells, clock } = make();
  start();
  uplink.assign({
    number: 3,
    parent: "q",
    broker: "mqtt://b",
    before: [
      { parent: "old", broker: "mqtt://o" },
      { parent: "unreachable" },
      { parent: "p", broker: "mqtt://a" }, // it has said so itself
    ],
  });
  uplink.linked("joining");
  await clock.advance(10_000);
  assert.deepEqual(farewells(), []);
  uplink.linked("level");
  await clock.advance(2_000);
  assert.deepEqual(farewells(), ["old mqtt://o"]);
});

test("a child that is level at its standby says no farewell", async () => {
  const { uplink, start, farewells, clock } = make();
  start();
  uplink.assign({
    ...{ number: 3, parent: "p", standby: { parent: "s", broker: "mqtt://b" } },
    before: [{ parent: "old", broker: "mqtt://o" }],
  });
  await clock.advance(25_000);
  assert.equal(uplink.parent, "s");
  uplink.linked("level");
  await clock.advance(10_000);
  assert.deepEqual(farewells(), []);
});

test("a word that comes while the child is level says farewell at once", async () => {
  const { uplink, start, farewells, clock } = make();
  start();
  uplink.linked("level");
  uplink.assign({ number: 3, parent: "p", before: [{ parent: "old", broker: "mqtt://o" }] });
  await clock.advance(2_000);
  assert.deepEqual(farewells(), ["old mqtt://o"]);
  await uplink.stop();
});

test("who has told of one assignment may still need to be told of the next", async () => {
  const { uplink, start, farewells, clock } = make();
  start();
  uplink.assign({ number: 2, parent: "p" });
  uplink.assign({ number: 3, parent: "q", broker: "mqtt://b" });
  await clock.advance(0);
  uplink.assign({ number: 4, parent: "q", before: [{ parent: "p", broker: "mqtt://a" }] });
  uplink.linked("level");
  await clock.advance(2_000);
  assert.deepEqual(farewells(), ["p mqtt://a"], "it has told of 3, and not of 4");
});

test("a keep-alive that doubles, or halves, makes the connection anew at a moment of its own within eleven minutes", async () => {
  for (const seconds of [20, 5]) {
    const { uplink, start, ways, joined, clock } = make();
    start();
    uplink.linked("level");
    uplink.setKeepalive(seconds);
    await clock.advance(359_999);
    assert.equal(joined().length, 1);
    await clock.advance(1);
    assert.deepEqual(joined(), ["p mqtt://a", "p mqtt://a"]);
    assert.deepEqual([ways[0]?.stopped, ways[0]?.options.keepalive, ways[1]?.options.keepalive], [true, 10, seconds]);
    await clock.advance(1_000_000);
    assert.equal(joined().length, 2);
  }
});

test("a keep-alive that changes by little, or while the child is not level, makes no connection", async () => {
  for (const [seconds, isLevel] of [[19, true], [6, true], [60, false]] as const) {
    const { uplink, start, joined, clock } = make();
    start();
    if (isLevel) uplink.linked("level");
    uplink.setKeepalive(seconds);
    await clock.advance(1_000_000);
    assert.equal(joined().length, 1, String(seconds));
  }
});

test("what the connections before have counted stays counted, and what waits is what waits now", async () => {
  const { uplink, start, settle } = make();
  start();
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  await settle();
  uplink.assign({ number: 3, parent: "p", broker: "mqtt://a" });
  await settle();
  assert.deepEqual(uplink.counts, { sent: 3, unsent: 6, received: 9, malformed: 12, waiting: 5, waitingBytes: 6 });
});

test("a name and password that are kept from a broker are told of", async () => {
  const { uplink, start, logged, joined, settle } = make({ url: "mqtt://name:secret@a" });
  start();
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  await settle();
  assert.deepEqual(joined()[1], "q mqtt://b");
  assert.match(logged.join("\n"), /without the configured user name and password/);
  assert.doesNotMatch(logged.join("\n"), /secret/);
});

test("a stopped uplink joins nobody, and has no timer", async () => {
  const { uplink, start, joined, ways, clock } = make();
  start();
  uplink.assign({ number: 2, parent: "p", standby: { parent: "s", broker: "mqtt://b" } });
  uplink.linked("level");
  uplink.setKeepalive(60);
  uplink.linked("joining");
  await uplink.stop();
  uplink.assign({ number: 3, parent: "q", broker: "mqtt://d" });
  uplink.linked("down");
  await clock.advance(1_000_000);
  assert.deepEqual([joined().length, ways[0]?.stopped, clock.waiting], [1, false, 0]);
});

test("a stop while the connection changes makes none", async () => {
  const { uplink, start, joined, settle } = make();
  start();
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  await uplink.stop();
  await settle();
  assert.equal(joined().length, 1);
});

test("who watches an uplink hears which broker is not reached, without its password", async () => {
  const heard: string[] = [];
  const watch = {
    reached: () => void heard.push("reached"),
    failed: (why: string, broker: string) => void heard.push(`${broker}: ${why}`),
  };
  const { uplink, start, ways, settle } = make({ url: "mqtt://name:secret@a", watch });
  start();
  ways[0]?.options.onReached?.();
  ways[0]?.options.onProblem?.("it is gone");
  uplink.assign({ number: 2, parent: "q", broker: "mqtt://b" });
  await settle();
  ways[1]?.options.onProblem?.("it refuses");
  assert.deepEqual(heard, ["reached", "mqtt://a (with credentials): it is gone", "mqtt://b: it refuses"]);
});
