import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { entitle } from "../../src/mqtt/credentials.ts";
import { createUplink } from "../../src/mqtt/mod.ts";
import { redactUrl } from "../../src/redact.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("a name and password go to the same host, as safely as they were set or more, and nowhere else", () => {
  const cases: [set: string, named: string, given: string][] = [
    ["mqtt://n:p@a", "mqtt://a", "mqtt://n:p@a"],
    ["mqtt://n:p@a", "mqtt://a:2883", "mqtt://n:p@a:2883"],
    ["mqtt://n:p@a", "mqtts://a", "mqtts://n:p@a"],
    ["mqtts://n:p@a", "wss://a/mqtt", "wss://n:p@a/mqtt"],
    ["mqtts://n:p@a", "mqtt://a", "mqtt://a"],
    ["wss://n:p@a", "ws://a", "ws://a/"],
    ["mqtt://n:p@a", "mqtt://b", "mqtt://b"],
    ["mqtt://n:p@a", "mqtts://a.b", "mqtts://a.b"],
    ["mqtt://:p@a", "mqtt://a", "mqtt://:p@a"],
    ["mqtt://n:p@a", "mqtt://other:own@b", "mqtt://other:own@b"],
    ["mqtt://a", "mqtt://b", "mqtt://b"],
    ["mqtt://n@a", "mqtt://a", "mqtt://n@a"],
    ["mqtt://n:p@a", "mqtt://own@a", "mqtt://own@a"],
    ["mqtt://n:p@a", "mqtt://:own@a", "mqtt://:own@a"],
  ];
  for (const [set, named, given] of cases) {
    const { url, withheld } = entitle(set, named);
    assert.equal(url, given, `${set} for ${named}`);
    assert.equal(withheld !== undefined, set.includes("@") && !given.includes("@"), `${set} for ${named}`);
  }
});

test("a child that is sent to a broker elsewhere joins it without the name and password, and says what to do", async () => {
  const brokers: string[] = [];
  const lines: string[] = [];
  const uplink = createUplink({
    ...{ url: "mqtts://n1:secret@a", cluster: "c", parent: "p1", child: "n1", run: "r" },
    ...{ random: () => 0.5, clock: createVirtualClock(), log: createLog((line) => lines.push(line)) },
    connect: () => ({
      publish: () => Promise.resolve(false),
      end: () => Promise.resolve(),
      waiting: { messages: 0, bytes: 0 },
    }),
  }, ({ url }) => {
    brokers.push(url);
    const counts = { sent: 0, unsent: 0, received: 0, malformed: 0, waiting: 0, waitingBytes: 0 };
    return { counts, send() {}, start() {}, stop: () => Promise.resolve() };
  });
  uplink.assign({ number: 2, parent: "p2", broker: "mqtts://a:8884" });
  assert.ok(!lines.some((line) => line.includes('"warn"')));
  uplink.assign({ number: 3, parent: "p3", broker: "mqtts://b" });
  assert.deepEqual(brokers, ["mqtts://n1:secret@a", "mqtts://n1:secret@a:8884", "mqtts://b"]);
  const warned = lines.filter((line) => line.includes('"warn"'));
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? "", /set for the host 'a', which is not this one.*start this program with a broker URL/);
  assert.ok(!lines.join().includes("secret"));
  await uplink.stop();
});

test("redactUrl() shows no password, wherever it stands", () => {
  for (
    const text of [
      ...["mqtt://u:hush@h", "mqtt://u:hush@h:1883/x", "mqtt://u:hush", "mqtt:u:hush@h", "u:hush@h", "mqtt:/u:hush@h"],
      ...["mqtt://u:hush@h:port", "mqtt://u:hush@@h", "mqtt://h/u:hush@x", "mqtt://h?password=hush", "//u:hush@h"],
      ...["mqtt://u:h%ZZhush@h:99999", "u:hush", "mqtt://u:hush@", "mqtt://h#hush", "hush@h", "http://u:hush@[::1"],
    ]
  ) assert.ok(!redactUrl(text).includes("hush"), redactUrl(text));
  assert.equal(redactUrl("mqtt://h:1883"), "mqtt://h:1883");
  assert.equal(redactUrl("mqtt://u:hush@h:1883"), "mqtt://h:1883 (with credentials)");
  assert.equal(redactUrl("10.0.0.1"), "10.0.0.1");
  assert.equal(redactUrl("mqtt://u:hush@h:port"), "mqtt:... (not shown, as a password may be in it)");
});
