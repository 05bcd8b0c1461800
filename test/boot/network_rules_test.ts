import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressFault,
  bootHostOf,
  canonicalBoot,
  gatewayFault,
  ipv4Number,
  ipv4Text,
  macFault,
  parseMac,
  serverFault,
  validateBoot,
  validateNetwork,
} from "../../src/boot/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

test("every notation of a MAC address is the same one, in lower case with colons", () => {
  const mac = "a2:e2:60:02:c0:03";
  const notations = [
    "A2E26002C003",
    "a2e26002c003",
    "a2-e2-60-02-c0-03",
    "A2-E2-60-02-C0-03",
    "a2e2.6002.c003",
    "A2:E2:60:02:C0:03",
    mac,
  ];
  for (const text of notations) {
    assert.equal(parseMac(text), mac, text);
    assert.equal(canonicalBoot("/ipv4/mac", text), mac, text);
  }
  for (
    const text of [
      "",
      "a2:e2:60:02:c0",
      "a2:e2-60:02:c0:03",
      "a2e2:6002:c003",
      "a2e2.6002c003",
      "g2:e2:60:02:c0:03",
      `${mac}:00`,
      ` ${mac}`,
    ]
  ) {
    assert.equal(parseMac(text), undefined, text);
    assert.equal(canonicalBoot("/ipv4/mac", text), text, "what is no address stays, for validation to report");
  }
  assert.equal(canonicalBoot("/rpi/serial", "9FFEFDEF"), "9ffefdef");
  assert.equal(canonicalBoot("/boot/kernel", "VMLINUZ"), "VMLINUZ");
});

test("a MAC address of zeros, of ones or of multicast is no machine's", () => {
  assert.equal(macFault("52:54:00:77:00:01"), undefined);
  assert.equal(macFault("02-00-00-00-00-00"), undefined, "locally administered");
  for (
    const [text, why] of [
      ["00:00:00:00:00:00", /all zeros/],
      ["FFFF.FFFF.FFFF", /all ones/],
      ["01:00:5e:00:00:01", /multicast/],
      ["33:33:00:00:00:01", /multicast/],
      ["nonsense", /a MAC address such as/],
    ] as const
  ) assert.match(macFault(text) ?? "", why, text);
});

test("an address that is no machine's by its block is refused with the block", () => {
  for (
    const [address, why] of [
      ["0.0.0.0", /0\.0\.0\.0\/8 stands for no machine/],
      ["0.1.2.3", /0\.0\.0\.0\/8/],
      ["127.0.0.1", /loopback/],
      ["127.255.0.9", /loopback/],
      ["224.0.0.1", /multicast/],
      ["239.255.255.255", /multicast/],
      ["240.0.0.1", /reserved/],
      ["255.255.255.255", /broadcast/],
      ["10.77.0.011", /an IPv4 address such as/],
      ["::ffff:10.77.0.11", /an IPv4 address such as/],
      ["0x0a4d000b", /an IPv4 address such as/],
    ] as const
  ) {
    assert.match(validateBoot("/ipv4/address", address) ?? "", why, address);
    assert.match(validateBoot("/ipv4/gateway", address) ?? "", why, address);
    assert.match(validateBoot("/ipv4/dns", ["10.0.0.1", address]) ?? "", why, address);
  }
  for (const address of ["1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255"]) {
    assert.equal(validateBoot("/ipv4/address", address), undefined, address);
  }
  assert.match(validateBoot("/ipv4/dns", ["10.0.0.1", "10.0.0.1"]) ?? "", /expected each address once/);
});

test("of a network with a prefix of up to 30, first and last address are no machine's, and all are with 31 and 32", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x01000000, max: 0xdfffffff }), fc.integer({ min: 2, max: 32 }), (number, prefix) => {
      fc.pre(Math.floor(number / 2 ** 24) !== 127);
      const size = 2 ** (32 - prefix);
      const offset = number % size;
      const isEnd = prefix < 31 && (offset === 0 || offset === size - 1);
      assert.equal(addressFault(ipv4Text(number), prefix) !== undefined, isEnd);
    }),
    { examples: [[ipv4Number("10.77.0.255"), 24], [ipv4Number("10.77.0.255"), 23], [ipv4Number("10.77.0.0"), 31]] },
  );
  assert.match(addressFault("10.77.0.0", 24) ?? "", /that of its network \/24/);
  assert.match(addressFault("10.77.0.255", 24) ?? "", /broadcast address of its network \/24/);
});

test("a router is another machine of the same network", () => {
  const place = { address: "10.77.0.11", prefix: 24 };
  assert.equal(gatewayFault("10.77.0.1", place), undefined);
  assert.equal(gatewayFault("10.77.0.254", place), undefined);
  for (const gateway of ["10.77.1.1", "10.76.255.255", "192.0.2.1"]) {
    assert.match(gatewayFault(gateway, place) ?? "", /a router in the network of 10\.77\.0\.11\/24/, gateway);
  }
  assert.match(gatewayFault("10.77.0.11", place) ?? "", /another machine/);
  assert.match(gatewayFault("10.77.0.0", place) ?? "", /that of its network/);
  assert.match(gatewayFault("10.77.0.255", place) ?? "", /broadcast/);
  assert.match(gatewayFault("127.0.0.1", place) ?? "", /loopback/);
  assert.equal(gatewayFault("10.77.0.10", { address: "10.77.0.11", prefix: 31 }), undefined);
  assert.match(gatewayFault("10.77.0.12", { address: "10.77.0.11", prefix: 31 }) ?? "", /a router in the network/);
  assert.match(gatewayFault("10.77.0.11", { address: "10.77.0.11", prefix: 32 }) ?? "", /a router in the network/);
});

test("a name server is a machine, in the node's network or elsewhere", () => {
  const place = { address: "10.77.0.11", prefix: 24 };
  for (const server of ["10.77.0.1", "192.0.2.53", "10.78.0.255"]) {
    assert.equal(serverFault(server, place), undefined, server);
  }
  assert.match(serverFault("10.77.0.255", place) ?? "", /broadcast/);
  assert.match(serverFault("10.77.0.0", place) ?? "", /that of its network/);
  assert.equal(serverFault("10.77.0.255", undefined), undefined);
});

test("validateNetwork() names each field that does not fit the others, with its value", () => {
  const problems = (cfg: Record<string, Value>) => validateNetwork(new Map(Object.entries(cfg)));
  assert.deepEqual(
    problems({ "/ipv4/address": "10.77.0.11", "/ipv4/gateway": "10.77.0.1", "/ipv4/dns": ["192.0.2.1"] }),
    [],
  );
  assert.deepEqual(problems({ "/ipv4/gateway": "10.77.0.1" }), []);
  assert.deepEqual(problems({ "/ipv4/address": "10.77.0.255" }), [
    '/ipv4/address is "10.77.0.255": expected the address of one machine: this is the broadcast address of its network /24',
  ]);
  assert.deepEqual(problems({ "/ipv4/address": "10.77.0.255", "/ipv4/prefix": 16 }), []);
  assert.deepEqual(
    problems({
      "/ipv4/address": "10.77.0.11",
      "/ipv4/prefix": 28,
      "/ipv4/gateway": "10.77.0.17",
      "/ipv4/dns": ["192.0.2.1", "10.77.0.15"],
    }),
    [
      '/ipv4/gateway is "10.77.0.17": expected a router in the network of 10.77.0.11/28',
      '/ipv4/dns is ["192.0.2.1","10.77.0.15"]: expected the address of one machine: this is the broadcast address of its network /28',
    ],
  );
  assert.deepEqual(
    problems({ "/ipv4/address": "nonsense", "/ipv4/gateway": "10.77.0.17" }),
    [],
    "validateBoot() says so",
  );
});

test("whatever a cfg from before holds, no machine is given an address that no machine can have", () => {
  const ip = fc.oneof(
    fc.constantFrom(
      "10.77.0.0",
      "10.77.0.255",
      "10.77.0.11",
      "10.77.0.1",
      "0.0.0.0",
      "127.0.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "x",
    ),
    fc.ipV4(),
  );
  const covered = createCoverage("leases of any cfg", ["none", "lease", "gateway", "name server"], 0.02);
  const prefix = fc.integer({ min: 1, max: 32 });
  fc.assert(
    fc.property(ip, prefix, ip, fc.array(ip, { maxLength: 4 }), (address, prefix, gateway, dns) => {
      const cfg = { "/ipv4/address": address, "/ipv4/prefix": prefix, "/ipv4/gateway": gateway, "/ipv4/dns": dns };
      const { lease } = bootHostOf(new Map<string, Value>(Object.entries(cfg)));
      covered.saw(
        lease === undefined ? "none" : "lease",
        ...(lease?.gateway === undefined ? [] : ["gateway" as const]),
        ...(lease?.dns === undefined ? [] : ["name server" as const]),
      );
      if (lease === undefined) return;
      const place = { address, prefix };
      assert.equal(addressFault(lease.address, prefix), undefined);
      if (lease.gateway !== undefined) assert.equal(gatewayFault(lease.gateway, place), undefined);
      for (const server of lease.dns ?? []) assert.equal(serverFault(server, place), undefined);
    }),
    { numRuns: 1000 },
  );
  covered.check();
});

test("a machine whose MAC address is no machine's is known by none", () => {
  assert.equal(bootHostOf(new Map([["/ipv4/mac", "ff:ff:ff:ff:ff:ff"]])).mac, undefined);
  assert.equal(bootHostOf(new Map([["/ipv4/mac", "52:54:00:77:00:01"]])).mac, "52:54:00:77:00:01");
});
