import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf, readHost } from "../../aggregator/addresses.ts";

const broker = undefined;

test("an aggregator is reached on loopback, or under the host that it advertises", () => {
  assert.deepEqual(addressesOf({ advertise: undefined, http: 3141, mqtt: 1883, broker }), {
    api: "http://127.0.0.1:3141",
    broker: "mqtt://127.0.0.1:1883",
  });
  assert.deepEqual(addressesOf({ advertise: "rack1.example", http: 3141, mqtt: 1883, broker }), {
    api: "http://rack1.example:3141",
    broker: "mqtt://rack1.example:1883",
  });
  assert.equal(addressesOf({ advertise: "2001:db8::1", http: 1, mqtt: 2, broker }).broker, "mqtt://[2001:db8::1]:2");
});

test("a broker of one's own is advertised as it is set, without name and password", () => {
  const parts = { advertise: "rack1.example", http: 3141, mqtt: undefined };
  assert.deepEqual(addressesOf({ ...parts, broker: "mqtts://u:p@broker.example" }), {
    api: "http://rack1.example:3141",
    broker: "mqtts://broker.example",
  });
});

test("what is no host is refused with what was expected", () => {
  for (const text of ["", "a:1", "http://a", "a/b", "u@a", "[::1", "a b", "[::1]:80", "999.1.1.1"]) {
    assert.throws(() => readHost(text), /Option '--advertise' is '.*': expected a host name or an IP address/, text);
  }
  assert.equal(readHost("[::1]"), "[::1]");
  assert.equal(readHost("10.0.0.7"), "10.0.0.7");
});
