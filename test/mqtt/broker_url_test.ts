import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBrokerUrl } from "../../src/mqtt/client/mod.ts";

test("a broker's URL says where it is, with the ports of MQTT where it names none", () => {
  const plain = { host: "h", port: 1883, tls: false };
  assert.deepEqual(parseBrokerUrl("mqtt://h"), plain);
  assert.deepEqual(parseBrokerUrl("MQTT://h"), plain);
  assert.deepEqual(parseBrokerUrl("mqtt://h/"), plain);
  assert.deepEqual(parseBrokerUrl("mqtt://h/path?query#hash"), plain);
  assert.deepEqual(parseBrokerUrl("mqtt://h:2883"), { ...plain, port: 2883 });
  assert.deepEqual(parseBrokerUrl("mqtts://h"), { host: "h", port: 8883, tls: true });
  assert.deepEqual(parseBrokerUrl("mqtts://h:1883"), { host: "h", port: 1883, tls: true });
  assert.deepEqual(parseBrokerUrl("mqtt://10.0.0.1"), { ...plain, host: "10.0.0.1" });
  assert.deepEqual(parseBrokerUrl("mqtt://[2001:db8::1]:99"), { ...plain, host: "2001:db8::1", port: 99 });
});

test("a name and a password are taken as they were meant, each with or without the other", () => {
  const as = (text: string) => {
    const { username, password } = parseBrokerUrl(text);
    return [username, password];
  };
  assert.deepEqual(as("mqtt://h"), [undefined, undefined]);
  assert.deepEqual(Object.keys(parseBrokerUrl("mqtt://h")).sort(), ["host", "port", "tls"]);
  assert.deepEqual(as("mqtt://n@h"), ["n", undefined]);
  assert.deepEqual(as("mqtt://n:p@h"), ["n", "p"]);
  assert.deepEqual(as("mqtt://:p@h"), ["", "p"], "a password may not go without a user name (MQTT 3.1.1, 3.1.2.9)");
  assert.deepEqual(as("mqtt://n%40x:p%3A%20%C3%A9@h"), ["n@x", "p: é"]);
});

test("what is no URL of a broker is refused, without its password", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["h", /expected a URL such as mqtt:\/\/10\.0\.0\.1$/],
    ["", /expected a URL such as mqtt:\/\/10\.0\.0\.1$/],
    ["ws://h", /'ws:\/\/h': this client does not speak MQTT over WebSocket, expected mqtt:\/\/ or mqtts:\/\/$/],
    ["wss://n:hush@h", /this client does not speak MQTT over WebSocket/],
    ["http://h", /'http:\/\/h': expected mqtt:\/\/ or mqtts:\/\/$/],
    ["tcp://n:hush@h", /: expected mqtt:\/\/ or mqtts:\/\/$/],
    ["mqtt:///x", /expected a host$/],
    ["mqtts:///", /expected a host$/],
    ["mqtt://n%:hush@h", /expected a name and password in which every % begins an escape$/],
    ["mqtt://n:hush%zz@h", /expected a name and password in which every % begins an escape$/],
  ];
  for (const [text, problem] of refused) {
    assert.throws(() => parseBrokerUrl(text), ({ message }: Error) => {
      assert.match(message, /^Cannot connect to '/);
      assert.match(message, problem, text);
      assert.ok(!message.includes("hush"), message);
      return true;
    });
  }
});
