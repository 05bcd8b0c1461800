import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import {
  childrenFilter,
  createChildTransport,
  createLocalParentTransport,
  createMqttParentTransport,
  formatTopic,
  type MqttConnection,
  type MqttConnectionOptions,
} from "../../src/mqtt/mod.ts";
import {
  type AckFrame,
  type DataFrame,
  decodeFrame,
  type DownFrame,
  encodeFrame,
  type Frame,
  MAX_FRAME_BYTES,
  type ResyncFrame,
  type UpFrame,
} from "../../src/sync/mod.ts";
import { qosOf } from "../../src/mqtt/topics.ts";
import { at, ofRun } from "../support/versions.ts";

const [PARENT, CHILD, OTHER] = ["1", "2", "3"].map((digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`) as [
  string,
  string,
  string,
];
const topicOf = (channel: "up" | "down" | "life", child = CHILD, parent = PARENT, cluster = "c") =>
  formatTopic({ cluster, parent, child, channel });

const ack: AckFrame = { type: "ack", from: "r", to: "p", received: 3 };
const resync: ResyncFrame = { type: "resync", from: "r", to: "p", received: 3 };
/** What only a child, only a parent, and only a life topic may say. */
const where: UpFrame = { type: "where", from: "r", to: "p", child: CHILD };
const declare: DownFrame = { type: "declare", from: "p", to: "r" };
const alive: Frame = { type: "alive", from: "p" };

/** A data frame of so many bytes. */
function frameOf(bytes: number, length = bytes - 1_000): DataFrame {
  const value = "x".repeat(length);
  const self = new Map([["/a", { value, version: at(1, 1) }]]);
  const made: DataFrame = {
    ...{ type: "data", from: "r", to: "p", since: 0, upTo: 1, newest: 1 },
    documents: [{ id: CHILD, facets: { self } }],
  };
  const more = bytes - encodeFrame(made).length;
  return more === 0 ? made : frameOf(bytes, length + more);
}

/** An MQTT client of which a test sees everything. It takes what is published until it is told otherwise. */
function makeClient() {
  const published: string[] = [];
  const logged: string[] = [];
  const world = {
    takes: true,
    isSlow: false,
    ended: 0,
    whenEnded: Promise.resolve(),
    options: undefined as MqttConnectionOptions | undefined,
  };
  const connect = (options: MqttConnectionOptions): MqttConnection => {
    world.options = options;
    return {
      publish(topic, payload, { qos = 1, retain = false } = {}) {
        const decoded = decodeFrame(payload);
        const what = !decoded.ok
          ? "?"
          : decoded.frame.type + (decoded.frame.type === "dead" ? ` ${decoded.frame.why}` : "");
        published.push(`${topic} ${what} ${decoded.ok && decoded.frame.from} ${qos}${retain ? " retained" : ""}`);
        return world.isSlow ? new Promise(() => {}) : Promise.resolve(world.takes);
      },
      end() {
        world.ended++;
        return world.whenEnded;
      },
      waiting: { messages: 5, bytes: 6 },
    };
  };
  const used = () => {
    assert.ok(world.options !== undefined);
    return world.options;
  };
  const say = (topic: string, frame: Frame) => used().onMessage(topic, encodeFrame(frame));
  const log = createLog((line) => void logged.push(line), { level: "warn" });
  return { published, logged, world, connect, used, say, log };
}

function makeChild(keepalive?: number) {
  const client = makeClient();
  const said: string[] = [];
  const transport = createChildTransport({
    ...{ url: "mqtt://b", cluster: "c", parent: PARENT, child: CHILD, run: "r", random: Math.random },
    ...{ connect: client.connect, log: client.log },
    ...(keepalive !== undefined && { keepalive }),
  });
  const start = () =>
    transport.start({
      connected: () => said.push("connected"),
      disconnected: () => said.push("disconnected"),
      receive: ({ type }) => said.push(type),
      parentLife: ({ type }) => said.push(`parent ${type}`),
    });
  return { ...client, said, transport, start };
}

test("a child connects as its run, with a will, to its own words and its parent's life", () => {
  for (const [keepalive, expected] of [[undefined, 10], [30, 30]] as const) {
    const { start, used, world, transport } = makeChild(keepalive);
    assert.equal(world.options, undefined, "it is silent until it is started");
    assert.deepEqual([transport.counts.waiting, transport.counts.waitingBytes], [0, 0]);
    start();
    const { url, clientId, topics, will, keepalive: seconds } = used();
    assert.deepEqual([url, clientId, seconds], ["mqtt://b", "kraken-r", expected]);
    assert.deepEqual(topics, [topicOf("down"), topicOf("life", PARENT)]);
    assert.equal(will?.topic, topicOf("life"));
    assert.deepEqual(decodeFrame(will?.payload ?? new Uint8Array()), {
      ...{ ok: true, frame: { type: "dead", from: "r", why: "lost" } },
    });
  }
});

test("a child that is connected says that it lives, for who comes later too", () => {
  const { start, used, said, published } = makeChild();
  start();
  used().onConnect();
  assert.deepEqual([said, published], [["connected"], [`${topicOf("life")} alive r 1 retained`]]);
  used().onClose();
  assert.deepEqual(said, ["connected", "disconnected"]);
});

test("a child says each time that its broker is reached, before its link hears of it, and tells of problems", () => {
  const { connect, used, log } = makeClient();
  const said: string[] = [];
  const transport = createChildTransport({
    ...{ url: "mqtt://b", cluster: "c", parent: PARENT, child: CHILD, run: "r", random: Math.random, connect, log },
    onReached: () => said.push("reached"),
    onProblem: (problem) => said.push(problem),
  });
  transport.start({
    connected: () => said.push("connected"),
    disconnected: () => said.push("disconnected"),
    receive: () => {},
    parentLife: () => {},
  });
  used().onConnect();
  used().onClose();
  used().onProblem?.("it is away");
  used().onConnect();
  assert.deepEqual(said, ["reached", "connected", "disconnected", "it is away", "reached", "connected"]);
});

test("a child takes a parent's frames on its own topic, and the parent's life on that", () => {
  const { start, say, said, used, transport, logged } = makeChild();
  start();
  for (const frame of [ack, resync, declare]) say(topicOf("down"), frame);
  say(topicOf("life", PARENT), alive);
  assert.deepEqual(said, ["ack", "resync", "declare", "parent alive"]);
  assert.equal(transport.counts.received, 4);
  say(topicOf("down"), where);
  say(topicOf("down"), alive);
  say(topicOf("life", PARENT), ack);
  used().onMessage(topicOf("down"), Uint8Array.of(0xff));
  assert.deepEqual([said.length, transport.counts.received, transport.counts.malformed], [4, 4, 4]);
  assert.match(logged[0] ?? "", /A frame of type 'where' does not belong here/);
});

test("each frame is taken where it belongs, and nowhere else", () => {
  const indexes = { since: 0, upTo: 0, newest: 0, documents: [] };
  const term = { assignment: 1, run: 1 };
  const birth = {
    from: "r",
    term,
    parent: "",
    received: 0,
    epoch: 0,
    parentTerm: term,
    digest: "0".repeat(32),
    knownDigest: "",
  };
  const welcome = {
    from: "p",
    to: "r",
    term,
    received: 0,
    newest: 0,
    epoch: 1,
    keepalive: 10,
    digest: "0".repeat(32),
  };
  const frames: readonly (readonly [Frame, readonly string[]])[] = [
    [{ type: "birth", ...birth }, ["up"]],
    [where, ["up"]],
    [{ type: "left", from: "r", number: 2 }, ["up"]],
    [{ type: "noted", from: "p", number: 2 }, ["down"]],
    [{ type: "rebirth", from: "p" }, ["down"]],
    [{ type: "ping", from: "r", to: "p", received: 3 }, ["up", "down"]],
    [{ type: "data", from: "r", to: "p", ...indexes }, ["up", "down"]],
    [ack, ["up", "down"]],
    [resync, ["up", "down"]],
    [{ type: "welcome", ...welcome }, ["down"]],
    [declare, ["down"]],
    [{ type: "moved", from: "p", number: 2, parent: PARENT }, ["down"]],
    [{ type: "location", from: "p", to: "r", child: CHILD, number: 2, parent: PARENT }, ["down"]],
    [alive, ["life"]],
    [{ type: "dead", from: "p", why: "lost" }, ["life"]],
  ];
  for (const [frame, channels] of frames) {
    const child = makeChild();
    child.start();
    const parent = makeParent();
    child.say(topicOf("down"), frame);
    child.say(topicOf("life", PARENT), frame);
    parent.say(topicOf("up"), frame);
    parent.say(topicOf("life"), frame);
    const taken = (channel: string) => channels.includes(channel) ? [frame.type] : [];
    assert.deepEqual(child.said, [...taken("down"), ...taken("life").map((type) => `parent ${type}`)], frame.type);
    assert.deepEqual(parent.said, [...taken("up"), ...taken("life")].map((type) => `child ${type}`), frame.type);
  }
});

test("of messages that are dropped the first, second, fourth and so on are logged, with why", () => {
  const { start, used, logged, transport } = makeChild();
  start();
  for (let dropped = 0; dropped < 20; dropped++) used().onMessage(topicOf("down"), Uint8Array.of(0xff));
  assert.deepEqual(logged.map((line) => /"dropped":(\d+)/.exec(line)?.[1]), ["1", "2", "4", "8", "16"]);
  assert.match(logged[0] ?? "", /Float or simple value/);
  assert.equal(transport.counts.malformed, 20);
});

test("a child's frames go up, windows and acks without an acknowledgement, and what is not taken is counted", async () => {
  const { start, transport, published, world } = makeChild();
  transport.send(where);
  assert.deepEqual([published, transport.counts.sent], [[], 1], "it is not started");
  start();
  transport.send(where);
  transport.send(ack);
  transport.send(frameOf(2_000));
  await undefined;
  assert.deepEqual(published, ["where r 1", "ack r 0", "data r 0"].map((each) => `${topicOf("up")} ${each}`));
  world.takes = false;
  transport.send(ack);
  await undefined;
  await undefined;
  const { sent, unsent, waiting, waitingBytes } = transport.counts;
  assert.deepEqual([sent, unsent, waiting, waitingBytes], [5, 1, 5, 6]);
});

test("windows, acks and the welcome before a window have one quality of service, so that none overtakes another; what is rare is acknowledged", () => {
  const welcome: DownFrame = {
    ...{ type: "welcome", from: "p", to: "r", term: ofRun(1), received: 0, newest: 0, epoch: 1, keepalive: 10 },
    digest: "0".repeat(32),
  };
  assert.deepEqual([welcome, frameOf(2_000), ack].map(qosOf), [0, 0, 0]);
  assert.deepEqual([where, resync, declare, alive].map(qosOf), [1, 1, 1, 1]);
});

test("a frame that is too large is not sent, by a child or a parent", () => {
  const child = makeChild();
  child.start();
  const parent = makeParent();
  for (const bytes of [MAX_FRAME_BYTES, MAX_FRAME_BYTES + 1]) {
    child.transport.send(frameOf(bytes));
    parent.transport.send(CHILD, frameOf(bytes));
  }
  for (const { published, logged, transport } of [child, parent]) {
    assert.deepEqual([published.length, transport.counts.sent, transport.counts.unsent], [1, 2, 1]);
    assert.match(logged.join(), /Cannot send a frame that is too large/);
  }
});

test("a child that stops says so and disconnects, and one that is to be back says nothing", async () => {
  for (const isBack of [undefined, true]) {
    const { start, transport, published, world } = makeChild();
    await transport.stop(isBack);
    assert.deepEqual([published, world.ended], [[], 0], "it was not started");
    start();
    await transport.stop(isBack);
    assert.deepEqual(published, isBack === true ? [] : [`${topicOf("life")} dead stopped r 1 retained`]);
    assert.equal(world.ended, 1);
  }
});

test("a child has stopped once it is disconnected", async () => {
  for (const isBack of [false, true]) {
    const { start, transport, world } = makeChild();
    start();
    let end: () => void = () => {};
    world.whenEnded = new Promise((resolve) => end = resolve);
    let hasStopped = false;
    const stopped = transport.stop(isBack).then(() => hasStopped = true);
    for (let turns = 0; turns < 10; turns++) await undefined;
    assert.deepEqual([hasStopped, world.ended], [false, 1]);
    end();
    await stopped;
  }
});

test("a child says that it stops before it disconnects, and waits two seconds for the broker to take that", async () => {
  const { setTimeout, clearTimeout } = globalThis;
  const waits: { readonly ms: unknown; readonly over: () => void }[] = [];
  let cleared = 0;
  Object.assign(globalThis, {
    setTimeout: (over: () => void, ms: unknown) => waits.push({ ms, over }),
    clearTimeout: (timer: unknown) => void (cleared = Number(timer)),
  });
  try {
    const { start, transport, world, published } = makeChild();
    start();
    world.isSlow = true;
    const stopped = transport.stop();
    for (let turns = 0; turns < 10; turns++) await undefined;
    assert.deepEqual([published.length, world.ended, waits.map(({ ms }) => ms)], [1, 0, [2_000]]);
    waits[0]?.over();
    await stopped;
    assert.deepEqual([world.ended, cleared], [1, 1], "and no timer keeps the program");
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
});

function makeParent(more: { readonly keepalive?: number } = {}) {
  const client = makeClient();
  const said: string[] = [];
  const transport = createMqttParentTransport({
    ...{ url: "mqtt://b", cluster: "c", parent: PARENT, run: "p", random: Math.random },
    ...{ connect: client.connect, log: client.log },
    onUp: (child, { type }) => said.push(`${child === CHILD ? "child" : "other"} ${type}`),
    onLife: (child, { type }) => said.push(`${child === CHILD ? "child" : "other"} ${type}`),
    onConnect: () => said.push("connected"),
    onProblem: (problem) => said.push(problem),
    ...more,
  });
  return { ...client, said, transport };
}

test("a parent connects as its run, with a will on its own life topic, to all of its children's words and lives", () => {
  for (const [keepalive, expected] of [[undefined, 10], [30, 30]] as const) {
    const { used } = makeParent(keepalive === undefined ? {} : { keepalive });
    const { url, clientId, topics, will, keepalive: seconds, maxOutstanding } = used();
    assert.deepEqual([url, clientId, seconds, maxOutstanding], ["mqtt://b", "kraken-parent-p", expected, 32_768]);
    assert.deepEqual(topics, [childrenFilter("c", PARENT, "up"), childrenFilter("c", PARENT, "life")]);
    assert.equal(will?.topic, topicOf("life", PARENT));
    assert.deepEqual(decodeFrame(will?.payload ?? new Uint8Array()), {
      ...{ ok: true, frame: { type: "dead", from: "p", why: "lost" } },
    });
  }
});

test("a parent that is connected says that it lives, and tells of that and of problems", () => {
  const { used, said, published } = makeParent();
  used().onConnect();
  used().onProblem?.("refused");
  used().onClose();
  assert.deepEqual([said, published], [["connected", "refused"], [`${topicOf("life", PARENT)} alive p 1 retained`]]);
});

/** The two ways in which a parent hears: over a client, and from a broker in its process. */
function listeners() {
  const parent = makeParent();
  let told: (topic: string, payload: Uint8Array) => void = () => {};
  const said: string[] = [];
  const local = createLocalParentTransport({
    publish() {},
    onPublish(listener) {
      told = listener;
      return () => {};
    },
    waiting: { messages: 0, bytes: 0 },
  }, {
    ...{ cluster: "c", parent: PARENT, log: parent.log },
    onUp: (child, { type }) => said.push(`${child === CHILD ? "child" : "other"} ${type}`),
    onLife: (child, { type }) => said.push(`${child === CHILD ? "child" : "other"} ${type}`),
  });
  return [
    { name: "over a client", said: parent.said, transport: parent.transport, tell: parent.used().onMessage },
    {
      name: "in the process",
      said,
      transport: local,
      tell: (topic: string, payload: Uint8Array) => told(topic, payload),
    },
  ];
}

test("a parent takes its children's frames and lives, and nothing that is not for it", () => {
  for (const { name, said, transport, tell } of listeners()) {
    const say = (topic: string, frame: Frame) => tell(topic, encodeFrame(frame));
    for (const frame of [ack, resync, where]) say(topicOf("up"), frame);
    say(topicOf("life", OTHER), alive);
    assert.deepEqual(said, ["child ack", "child resync", "child where", "other alive"], name);
    say(topicOf("up", CHILD, OTHER), ack); // another parent's
    say(topicOf("up", CHILD, PARENT, "other"), ack); // another cluster's
    say(topicOf("life", PARENT), alive); // its own
    say(topicOf("down"), ack);
    say("kraken/1/c", ack);
    assert.deepEqual([said.length, transport.counts.received, transport.counts.malformed], [4, 4, 0], name);
    say(topicOf("up"), declare);
    say(topicOf("up"), alive);
    say(topicOf("life"), ack);
    tell(topicOf("up"), Uint8Array.of(0xff));
    assert.deepEqual([said.length, transport.counts.received, transport.counts.malformed], [4, 4, 4], name);
  }
});

test("a parent's frames go to the child they are for, acks without an acknowledgement, and what is not taken is counted", async () => {
  const { transport, published, world } = makeParent();
  transport.send(CHILD, declare);
  transport.send(OTHER, ack);
  await undefined;
  assert.deepEqual(published, [`${topicOf("down")} declare p 1`, `${topicOf("down", OTHER)} ack r 0`]);
  world.takes = false;
  transport.send(CHILD, declare);
  await undefined;
  await undefined;
  const { sent, unsent, waiting, waitingBytes } = transport.counts;
  assert.deepEqual([sent, unsent, waiting, waitingBytes], [3, 1, 5, 6]);
});

test("a parent that stops says so and disconnects", async () => {
  const { transport, published, world } = makeParent();
  await transport.stop();
  assert.deepEqual([published, world.ended], [[`${topicOf("life", PARENT)} dead stopped p 1 retained`], 1]);
});

test("a parent in the broker's process hands its frames over, and hears nothing after its end", async () => {
  const client = makeClient();
  const published: string[] = [];
  let listens = true;
  const transport = createLocalParentTransport({
    publish: (topic, payload, qos) => void published.push(`${topic} ${decodeFrame(payload).ok} ${qos}`),
    onPublish: () => () => void (listens = false),
    waiting: { messages: 7, bytes: 8 },
  }, { cluster: "c", parent: PARENT, log: client.log, onUp() {}, onLife() {} });
  transport.send(CHILD, declare);
  transport.send(CHILD, ack);
  await undefined;
  await undefined;
  assert.deepEqual(published, [`${topicOf("down")} true 1`, `${topicOf("down")} true 0`]);
  const { sent, unsent, waiting, waitingBytes } = transport.counts;
  assert.deepEqual([sent, unsent, waiting, waitingBytes, listens], [2, 0, 7, 8, true]);
  await transport.stop();
  assert.equal(listens, false);
});

test("a frame that the program can't handle is logged, and the broker in its process goes on", () => {
  const { log, logged } = makeClient();
  let told: (topic: string, payload: Uint8Array) => void = () => {};
  createLocalParentTransport({
    publish() {},
    onPublish(listener) {
      told = listener;
      return () => {};
    },
    waiting: { messages: 0, bytes: 0 },
  }, {
    ...{ cluster: "c", parent: PARENT, log },
    onUp() {
      throw new Error("A bug");
    },
    onLife() {},
  });
  told(topicOf("up"), encodeFrame(ack));
  assert.match(logged.join(), /Cannot handle a frame.*A bug/);
});
