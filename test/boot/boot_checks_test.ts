import assert from "node:assert/strict";
import { test } from "node:test";
import { findShared } from "../../aggregator/cfg/boot_checks.ts";

test("no two nodes have one MAC address, one address, or one serial number of a Raspberry Pi", () => {
  const node = (name: string, url: string, value: string) => ({
    id: name,
    cfg: new Map([["/name", name], [url, value]]),
  });
  for (
    const [url, value] of [
      ["/ipv4/mac", "52:54:00:77:00:01"],
      ["/ipv4/address", "10.77.0.11"],
      ["/rpi/serial", "9ffefdef"],
    ] as const
  ) {
    const other = node("n1", url, value);
    const [problem, ...more] = findShared([node("n2", url, value)], () => [other]);
    assert.match(problem ?? "", new RegExp(`^n2: ${url} is "${value}": expected .* that 'n1' has not$`));
    assert.deepEqual(more, []);
    assert.equal(findShared([node("n1", url, value), node("n2", url, value)], () => []).length, 1, "both are new");
    assert.deepEqual(findShared([other], () => [other]), [], "its own");
    // They exchange theirs in one write.
    assert.deepEqual(
      findShared([node("n1", url, "a"), node("n2", url, value)], () => [other, node("n2", url, "a")]),
      [],
    );
  }
});
