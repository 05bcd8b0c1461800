import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { mtuOf } from "../../aggregator/boot/network.ts";
import { blockFor } from "../../aggregator/boot/tftp/mod.ts";

const INTERFACES = {
  lo: [{ address: "127.0.0.1" }],
  eth0: [{ address: "fe80::1" }, { address: "10.77.0.1" }],
  "eth0:1": [{ address: "10.77.0.2" }],
};

test("the largest block is what goes through the interface of the boot address with its headers", () => {
  const read = (path: string): string => {
    if (path === "/sys/class/net/eth0/mtu") return "9000\n";
    throw new Error(`there is no ${path}`);
  };
  assert.equal(mtuOf("10.77.0.1", INTERFACES, read), 9000);
  assert.equal(mtuOf("10.77.0.2", INTERFACES, read), 9000, "a label is its interface's");
  assert.equal(mtuOf("127.0.0.1", INTERFACES, read), undefined, "it can't be read");
  assert.equal(mtuOf("10.99.0.1", INTERFACES, read), undefined, "no interface has it");
  assert.equal(mtuOf("10.77.0.1", INTERFACES, () => "many"), undefined);
  assert.deepEqual([9000, 1500, 1400, 68, 65_536].map(blockFor), [8968, 1468, 1368, 512, 65_464]);
});

test("this machine's loopback interface has an MTU", () => {
  assert.ok((mtuOf("127.0.0.1", networkInterfaces()) ?? 0) >= 1500);
});
