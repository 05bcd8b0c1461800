import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { generate, type IPublishPacket, type Packet } from "mqtt-packet";
import { encodePacket, parseBrokerUrl } from "../../src/mqtt/client/mod.ts";
import { openSession } from "../../src/mqtt/client/session.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { type Script, startScriptedBroker, welcoming } from "./scripted_broker.ts";
import { until } from "../support/until.ts";

test("a broker that takes nothing is given up when 80 MiB wait for it", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "subscribe") socket.pause();
  });
  const problems: (string | undefined)[] = [];
  let isUp = false;
  const session = openSession({
    ...{ broker: parseBrokerUrl(broker.url), topics: ["t"], keepalive: 0, log: createLog(() => {}) },
    greeting: encodePacket({ type: "connect", clientId: "c", keepalive: 0 }),
  }, {
    onUp: () => void (isUp = true),
    onMessage: () => {},
    onClosed: (problem) => void problems.push(problem),
  });
  try {
    await until(() => isUp);
    const payload = new Uint8Array(1024 * 1024);
    const send = (count: number) => {
      for (let sent = 0; sent < count; sent++) session.publish("t", payload, { qos: 0, retain: false }, () => {});
    };
    send(75);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(problems, []);
    send(40); // some MiB are in the buffers of the system
    await until(() => problems.length > 0);
    assert.deepEqual(problems, ["The broker does not read"]);
  } finally {
    await session.end();
    await broker.close();
  }
});

/** Opens a session on a clock that the test moves, and says what it was told and how it has ended. */
function openOnClock(url: string, keepalive = 0, topics: readonly string[] = ["t"]) {
  const clock = createVirtualClock();
  const problems: (string | undefined)[] = [];
  const heard: string[] = [];
  const logged: string[] = [];
  const log = createLog((line) => void logged.push(line), { level: "warn" });
  const session = openSession({
    ...{ broker: parseBrokerUrl(url), topics, keepalive, log, clock },
    greeting: encodePacket({ type: "connect", clientId: "c", keepalive }),
  }, {
    onUp: () => void heard.push("up"),
    onMessage(topic, payload) {
      heard.push(`${topic} ${payload.join(" ")}`);
      listener();
    },
    onClosed: (problem) => void problems.push(problem),
  });
  let listener = () => {};
  /** What is done with each message. */
  const onMessage = (run: () => void) => void (listener = run);
  return { clock, session, problems, heard, logged, onMessage };
}

/** A broker that grants one subscription and then says these packets at once. */
function saying(...packets: readonly Packet[]): Script {
  return (packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd !== "subscribe") return;
    socket.write(Buffer.concat(packets.map((each) => generate(each))));
  };
}

/** A message of this topic and payload; with an id, of QoS 1. */
function message(topic: string, payload: number, messageId?: number): IPublishPacket {
  const qos = messageId === undefined ? 0 : 1;
  const head = { cmd: "publish", topic, payload: Buffer.of(payload), retain: false, dup: false } as const;
  return { ...head, qos, ...(messageId !== undefined && { messageId }) };
}

test("a broker that accepts the socket and says nothing is left after ten seconds, and so is one that grants nothing", async () => {
  for (const welcomes of [false, true]) {
    const broker = await startScriptedBroker((packet, reply) => {
      if (welcomes && packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
    });
    const { clock, problems } = openOnClock(broker.url);
    await until(() => broker.received.length === (welcomes ? 2 : 1));
    await clock.advance(9_999);
    assert.equal(clock.waiting, 1, "it waits still");
    await clock.advance(1);
    await until(() => problems.length > 0);
    assert.deepEqual([problems, clock.waiting], [["The broker does not answer"], 0]);
    await broker.close();
  }
});

test("a broker that answers no ping is left after one and a half keep-alives", async () => {
  const broker = await startScriptedBroker(welcoming);
  const { clock, problems, session } = openOnClock(broker.url, 20);
  await until(() => broker.received.includes("subscribe") && clock.waiting === 1);
  await clock.advance(29_999);
  assert.equal(clock.waiting, 1, "it waits still");
  await clock.advance(1);
  await until(() => problems.length > 0);
  assert.deepEqual(problems, ["The broker does not answer a ping"]);
  await session.end();
  await broker.close();
});

test("a broker that keeps the connection open is left two seconds after the end was said", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "subscribe") socket.pause();
  });
  const { clock, problems, session } = openOnClock(broker.url);
  await until(() => broker.received.includes("subscribe") && clock.waiting === 0);
  const ended = session.end();
  await clock.advance(1_999);
  assert.deepEqual([problems, clock.waiting], [[], 1]);
  await clock.advance(1);
  await ended;
  assert.deepEqual(problems, [undefined]);
  await broker.close();
});

test("an end before the broker has accepted says nothing to it, waits for nothing and is no problem", async () => {
  const broker = await startScriptedBroker(() => {});
  const { clock, problems, session } = openOnClock(broker.url);
  await until(() => broker.received.length === 1);
  await session.end();
  assert.deepEqual([problems, clock.waiting], [[undefined], 0]);
  await broker.close();
  assert.deepEqual(broker.received, ["connect"]);
});

test("an end while the broker has not granted the subscriptions yet is said to it", async () => {
  const broker = await startScriptedBroker((packet, reply) => {
    if (packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
  });
  const { problems, session } = openOnClock(broker.url);
  await until(() => broker.received.length === 2);
  await session.end();
  await until(() => broker.received.length === 3);
  assert.deepEqual([broker.received, problems], [["connect", "subscribe", "disconnect"], [undefined]]);
  await broker.close();
});

test("a second end says and cuts off nothing: what was published before the first one is out", async () => {
  let resume = () => {};
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd !== "subscribe") return;
    socket.pause();
    resume = () => void socket.resume();
  });
  const { clock, problems, session } = openOnClock(broker.url);
  await until(() => broker.received.includes("subscribe") && clock.waiting === 0);
  session.publish("t", new Uint8Array(8 * 1024 * 1024), { qos: 0, retain: false }, () => {});
  const ended = Promise.all([session.end(), session.end()]);
  resume();
  await ended;
  await session.end();
  await until(() => broker.received.length === 4);
  assert.deepEqual(broker.received, ["connect", "subscribe", "publish", "disconnect"]);
  assert.deepEqual([problems, clock.waiting], [[undefined], 0]);
  await broker.close();
});

test("what a broker must not say, or refuses, ends the session with why", async () => {
  const connack: Packet = { cmd: "connack", returnCode: 0, sessionPresent: false };
  const suback = (...granted: number[]): Packet => ({ cmd: "suback", messageId: 1, granted });
  const refusing = (returnCode: number): Script => (_packet, reply) => reply({ ...connack, returnCode });
  const cases: [script: Script, problem: string][] = [
    [(_packet, reply) => reply({ cmd: "puback", messageId: 1 }), "Unexpected packet 'puback'"],
    [(_packet, reply) => reply(message("t", 1)), "Unexpected packet 'publish'"],
    [saying(connack), "Unexpected packet 'connack'"],
    [saying(suback(1)), "Unexpected packet 'suback'"],
    [
      (packet, reply) => reply(packet.cmd === "connect" ? connack : suback(1, 1)),
      "Unexpected packet 'suback'",
    ],
    [
      (packet, reply) => reply(packet.cmd === "connect" ? connack : suback(128)),
      "Cannot subscribe: The broker refuses 't'",
    ],
    [refusing(1), "The broker refuses MQTT 3.1.1"],
    [refusing(2), "The broker refuses the client id"],
    [refusing(3), "The broker refuses clients for now"],
    [refusing(4), "The broker refuses the user name or password"],
    [refusing(5), "The broker refuses this client: not authorized"],
    [refusing(9), "The broker refuses with code 9"],
    [(_packet, _reply, socket) => void socket.end(), "The broker has closed the connection"],
    [
      (_packet, _reply, socket) => void socket.write("HTTP"),
      "The broker sends packet type 4 with flags 8: expected no flags",
    ],
  ];
  for (const [script, problem] of cases) {
    const broker = await startScriptedBroker(script);
    const { clock, problems, session } = openOnClock(broker.url, 20);
    await until(() => problems.length > 0);
    await session.end();
    assert.deepEqual([problems, clock.waiting], [[problem], 0], problem);
    await broker.close();
  }
});

test("of several subscriptions those are named that the broker refuses", async () => {
  const broker = await startScriptedBroker((packet, reply) => {
    if (packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
    else reply({ cmd: "suback", messageId: 1, granted: [1, 128, 0, 128] });
  });
  const { problems } = openOnClock(broker.url, 0, ["a", "b", "c", "d"]);
  await until(() => problems.length > 0);
  assert.deepEqual(problems, ["Cannot subscribe: The broker refuses 'b', 'd'"]);
  await broker.close();
});

test("a broker that is not there ends the session with the system's reason", async () => {
  const broker = await startScriptedBroker(() => {});
  await broker.close();
  const { problems, clock } = openOnClock(broker.url);
  await until(() => problems.length > 0);
  assert.match(problems[0] ?? "", /ECONNREFUSED|refused|Failed to connect/);
  assert.equal(clock.waiting, 0);
});

test("a session that the broker ends leaves no timer, and a later end is over at once", async () => {
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    if (packet.cmd === "publish") socket.end();
  });
  const { clock, session, problems, heard } = openOnClock(broker.url, 20);
  await until(() => heard.length === 1);
  session.publish("t", Uint8Array.of(1), { qos: 0, retain: false }, () => {});
  await until(() => problems.length > 0);
  await session.end();
  assert.deepEqual([problems, clock.waiting], [["The broker has closed the connection"], 0]);
  await broker.close();
});

test("messages are taken in their order, and those of QoS 1 acknowledged", async () => {
  const ids: (number | undefined)[] = [];
  const say = saying(message("t", 1, 7), message("t", 2), message("u", 3, 9));
  const broker = await startScriptedBroker((packet, reply, socket) => {
    say(packet, reply, socket);
    if (packet.cmd === "puback") ids.push(packet.messageId);
  });
  const { session, heard } = openOnClock(broker.url);
  await until(() => ids.length === 2);
  assert.deepEqual([ids, heard], [[7, 9], ["up", "t 1", "t 2", "u 3"]]);
  await session.end();
  await broker.close();
  assert.deepEqual(broker.received, ["connect", "subscribe", "puback", "puback", "disconnect"]);
});

test("a listener that ends the session hears nothing more, and what it has heard last is not acknowledged", async () => {
  const broker = await startScriptedBroker(saying(message("t", 1, 7), message("t", 2, 8)));
  const { session, heard, onMessage, problems } = openOnClock(broker.url);
  onMessage(() => {
    session.publish("t", new Uint8Array(8 * 1024 * 1024), { qos: 0, retain: false }, () => {});
    void session.end();
  });
  await until(() => problems.length > 0);
  await broker.close();
  assert.deepEqual([heard, problems], [["up", "t 1"], [undefined]]);
  assert.deepEqual(broker.received, ["connect", "subscribe", "publish", "disconnect"], "all that was said is out");
});

test("nothing of what comes with a packet that ends the session is heard", async () => {
  const connack: Packet = { cmd: "connack", returnCode: 0, sessionPresent: false };
  const broker = await startScriptedBroker(saying(message("t", 1), connack, message("t", 2)));
  const { heard, problems } = openOnClock(broker.url);
  await until(() => problems.length > 0);
  assert.deepEqual([heard, problems], [["up", "t 1"], ["Unexpected packet 'connack'"]]);
  await broker.close();
});

test("a message of QoS 1 was taken when the broker says so, and one of QoS 0 when it was written", async () => {
  const ids: number[] = [];
  let acknowledge = (_id: number) => {};
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    acknowledge = (messageId) => reply({ cmd: "puback", messageId });
    if (packet.cmd === "publish" && packet.messageId !== undefined) ids.push(packet.messageId);
  });
  const { session, heard } = openOnClock(broker.url);
  await until(() => heard.length === 1);
  const taken: string[] = [];
  const publish = (name: string, qos: 0 | 1) =>
    session.publish("t", Uint8Array.of(1), { qos, retain: false }, (was) => void taken.push(`${name} ${was}`));
  publish("first", 1);
  publish("second", 1);
  publish("third", 0);
  await until(() => ids.length === 2 && taken.length === 1);
  assert.deepEqual(taken, ["third true"]);
  acknowledge(ids[1] ?? 0);
  acknowledge(ids[1] ?? 0); // once more, which is passed over
  acknowledge(60_000); // what was never sent
  acknowledge(ids[0] ?? 0);
  await until(() => taken.length === 3);
  assert.deepEqual(taken, ["third true", "second true", "first true"]);
  await session.end();
  await broker.close();
});

test("a broker that answers each ping is kept, and one with whom both sides speak is not pinged", async () => {
  let say = (_payload: number) => {};
  const broker = await startScriptedBroker((packet, reply, socket) => {
    welcoming(packet, reply, socket);
    say = (payload) => reply(message("t", payload));
    if (packet.cmd !== "pingreq") return;
    reply({ cmd: "pingresp" });
    say(0);
  });
  const { clock, session, problems, heard } = openOnClock(broker.url, 20);
  await until(() => heard.length === 1);
  await clock.advance(20_000);
  await until(() => heard.length === 2); // with the answer to the ping
  await clock.advance(10_000);
  assert.deepEqual([problems, clock.waiting], [[], 1]);
  for (let turn = 1; turn <= 4; turn++) {
    session.publish("t", Uint8Array.of(turn), { qos: 0, retain: false }, () => {});
    say(turn);
    await until(() => heard.length === 2 + turn);
    await clock.advance(10_000);
  }
  await session.end();
  await until(() => broker.received.includes("disconnect"));
  assert.equal(broker.received.filter((name) => name === "pingreq").length, 1);
  await broker.close();
});

test("a message of more than 512 KiB is passed over with a word in the log, and acknowledged", async () => {
  const large: Packet = { ...message("large", 0, 7), payload: Buffer.alloc(512 * 1024) };
  const fits: Packet = { ...message("t", 0, 8), payload: Buffer.alloc(512 * 1024 - 2 - 1 - 2) };
  const ids: (number | undefined)[] = [];
  const broker = await startScriptedBroker((packet, reply, socket) => {
    saying(large, fits)(packet, reply, socket);
    if (packet.cmd === "puback") ids.push(packet.messageId);
  });
  const { session, heard, logged } = openOnClock(broker.url);
  await until(() => ids.length === 2);
  assert.deepEqual([ids, heard.map((each) => each.slice(0, 3)), logged.length], [[7, 8], ["up", "t 0"], 1]);
  assert.match(logged[0] ?? "", /"Dropped a message that is too large".*"topic":"large"/);
  await session.end();
  await broker.close();
});
