import assert from "node:assert/strict";
import { test } from "node:test";
import { watchOtherServers } from "../../aggregator/boot/other_servers.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

function make() {
  const clock = createVirtualClock();
  const told: string[] = [];
  return { clock, told, others: watchOtherServers({ clock, tell: (node, why) => void told.push(`${node}: ${why}`) }) };
}

test("another server is told of once, and is a warning until it was not seen for ten minutes", async () => {
  const { clock, told, others } = make();
  assert.deepEqual(others.warnings(), []);
  others.saw("10.77.0.9", "n1");
  others.saw("10.77.0.9", "n2");
  assert.deepEqual(told, [
    "n1: It asked another DHCP server, 10.77.0.9, for its address: two servers answer on this network",
  ]);
  assert.match(
    others.warnings().join(),
    /^Another DHCP server, 10\.77\.0\.9, answers on the boot network: 'n2' asked it/,
  );
  await clock.advance(600_000);
  assert.equal(others.warnings().length, 1);
  await clock.advance(1);
  assert.deepEqual(others.warnings(), []);
  others.saw("10.77.0.9", "n1");
  assert.equal(told.length, 2);
});

test("sixteen servers are remembered at most: a machine may invent more", () => {
  const { told, others } = make();
  for (let n = 0; n < 100; n++) others.saw(`10.77.0.${n}`, "n1");
  assert.deepEqual([told.length, others.warnings().length], [16, 16]);
});
