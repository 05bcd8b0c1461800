import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestRoot, refusalOf } from "../support/root.ts";

const MAC = "a2:e2:60:02:c0:03";
const OWN = [
  { address: "10.77.0.1", mac: "52:54:00:77:00:fe" },
  { address: "fe80::1", mac: "52:54:00:77:00:fe" },
];

test("an address that no machine can have is refused where cfg is written, with field, value and what is expected", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  for (
    const [values, expected] of [
      [
        { "/ipv4/address": "10.77.0.0" },
        /^n1: \/ipv4\/address is "10\.77\.0\.0": expected .*that of its network \/24$/,
      ],
      [{ "/ipv4/address": "10.77.0.255" }, /^n1: \/ipv4\/address is "10\.77\.0\.255": .*broadcast/],
      [{ "/ipv4/address": "0.0.0.0" }, /^n1: \/ipv4\/address is "0\.0\.0\.0": .*stands for no machine/],
      [{ "/ipv4/address": "127.0.0.1" }, /loopback/],
      [{ "/ipv4/address": "224.0.0.1" }, /multicast/],
      [{ "/ipv4/mac": "00:00:00:00:00:00" }, /^n1: \/ipv4\/mac is "00:00:00:00:00:00": .*all zeros/],
      [{ "/ipv4/mac": "FFFF.FFFF.FFFF" }, /^n1: \/ipv4\/mac is "ff:ff:ff:ff:ff:ff": .*all ones/],
      [{ "/ipv4/mac": "01-00-5e-00-00-01" }, /multicast/],
      [{ "/ipv4/address": "10.77.0.11", "/ipv4/gateway": "10.78.0.1" }, /^n1: \/ipv4\/gateway is .*in the network of/],
      [{ "/ipv4/address": "10.77.0.11", "/ipv4/dns": ["10.77.0.255"] }, /^n1: \/ipv4\/dns is .*broadcast/],
    ] as const
  ) {
    const [kind, problem = "", ...more] = refusalOf(root.patch("n1", values));
    assert.equal(kind, "invalid");
    assert.match(problem, expected);
    assert.deepEqual(more, []);
    const applied = refusalOf(root.apply({ n1: values }));
    assert.match(applied[1] ?? "", expected, "an inventory is checked alike");
  }
  assert.equal(root.cfg("n1", "/ipv4/address"), undefined);
  assert.deepEqual(refusalOf(root.patch("n1", { "/ipv4/address": "10.77.0.255", "/ipv4/prefix": 23 })), []);
});

test("a change of the prefix alone is held against the address that was there", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  assert.deepEqual(refusalOf(root.patch("n1", { "/ipv4/address": "10.77.0.16", "/ipv4/prefix": 24 })), []);
  assert.match(refusalOf(root.patch("n1", { "/ipv4/prefix": 28 }))[1] ?? "", /\/ipv4\/address is "10\.77\.0\.16"/);
  assert.deepEqual(refusalOf(root.patch("n1", { "/ipv4/gateway": "10.77.0.1" })), []);
  assert.match(refusalOf(root.patch("n1", { "/ipv4/prefix": 30 }))[2] ?? "", /\/ipv4\/gateway is "10\.77\.0\.1"/);
});

test("no machine that boots from an aggregator has an address or a MAC address of that one", async () => {
  const root = await createTestRoot({ names: ["n1"], interfaces: OWN, broker: "mqtt://192.0.2.1:1883" });
  const own = (
    value: string,
    what: string,
  ) => ["invalid", `n1: ${value}: expected ${what} that aggregator 'root' has not`];
  assert.deepEqual(
    refusalOf(root.patch("n1", { "/ipv4/address": "10.77.0.1" })),
    own('/ipv4/address is "10.77.0.1"', "an address"),
  );
  assert.deepEqual(
    refusalOf(root.patch("n1", { "/ipv4/address": "192.0.2.1" })),
    own('/ipv4/address is "192.0.2.1"', "an address"),
    "under which others reach it",
  );
  assert.deepEqual(
    refusalOf(root.patch("n1", { "/ipv4/mac": "5254.0077.00FE" })),
    own('/ipv4/mac is "52:54:00:77:00:fe"', "a MAC address"),
  );
  assert.deepEqual(refusalOf(root.patch("root", { "/ipv4/address": "10.77.0.1" })), [], "its own node has them");
  assert.deepEqual(refusalOf(root.patch("root", { "/ipv4/address": null })), []);
  assert.deepEqual(
    refusalOf(root.patch("n1", { "/ipv4/address": "10.77.0.1", "/boot/method": "other" })),
    [],
    "the record of a machine that boots by itself may be of this one",
  );
  assert.equal(refusalOf(root.patch("n1", { "/boot/method": "pxe" }))[0], "invalid", "until it is to boot from here");
});

test("every notation of a MAC address is stored as one, and a clash names both nodes", async () => {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  for (const text of ["A2E26002C003", "a2-e2-60-02-c0-03", "a2e2.6002.c003", "A2:E2:60:02:C0:03"]) {
    assert.deepEqual(refusalOf(root.patch("n1", { "/ipv4/mac": text })), []);
    assert.equal(root.cfg("n1", "/ipv4/mac"), MAC);
    assert.deepEqual(refusalOf(root.patch("n2", { "/ipv4/mac": text })), [
      "conflict",
      `n2: /ipv4/mac is "${MAC}": expected a MAC address that 'n1' has not`,
    ]);
    assert.deepEqual(refusalOf(root.apply({ n3: { "/ipv4/mac": text } })), [
      "conflict",
      `n3: /ipv4/mac is "${MAC}": expected a MAC address that 'n1' has not`,
    ]);
  }
  const both = root.apply({ n4: { "/ipv4/mac": "52:54:00:77:00:01" }, n5: { "/ipv4/mac": "5254.0077.0001" } });
  assert.match(refusalOf(both)[1] ?? "", /^n5: .* that 'n4' has not$/);
  assert.deepEqual(refusalOf(root.patch("n1", { "/rpi/serial": "9FFEFDEF" })), []);
  assert.equal(refusalOf(root.patch("n2", { "/rpi/serial": "9ffefdef" }))[0], "conflict");
  assert.equal(refusalOf(root.patch("n2", { "/rpi/serial": "xyz" }))[0], "invalid");
});

test("a write in another notation of what is there changes nothing", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  root.patch("n1", { "/ipv4/mac": MAC });
  const result = root.patch("n1", { "/ipv4/mac": "A2E26002C003" });
  assert.deepEqual(result.ok && result.changes[0]?.differences, []);
});

test("what is wrong with a value is told before what others have", async () => {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  root.patch("n1", { "/ipv4/mac": MAC });
  const [kind, ...problems] = refusalOf(root.patch("n2", { "/ipv4/mac": MAC, "/ipv4/address": "127.0.0.1" }));
  assert.equal(kind, "invalid");
  assert.equal(problems.length, 2);
});
