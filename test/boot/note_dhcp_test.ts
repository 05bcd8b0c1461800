import assert from "node:assert/strict";
import { test } from "node:test";
import type { DhcpEvent, DhcpMode } from "../../aggregator/boot/dhcp/mod.ts";
import { noteDhcp } from "../../aggregator/boot/note_dhcp.ts";
import type { StrangerSight } from "../../aggregator/nodes/strangers.ts";
import type { BootMethod } from "../../src/boot/mod.ts";

const MAC = "52:54:00:77:00:01";
const EVENT: DhcpEvent = {
  client: { mac: MAC, firmware: "bios", http: false, ipxe: false, boots: true, vendorClass: "PXEClient" },
  request: "request",
  privileged: true,
  host: { name: "n1" },
  answer: "ack",
  reason: "",
};

/** Who was told what of an event. */
function told(event: DhcpEvent, options: { readonly mode?: DhcpMode; readonly method?: BootMethod } = {}): unknown[] {
  const { mode = "server", method = "pxe" } = options;
  const host = { id: "id", name: "n1", mac: MAC, method, kernel: "k", initrd: "i", arguments: [], images: [] };
  const all: unknown[] = [];
  const hear = (who: string) => ({ saw: (id: string, { kind }: { kind: string }) => void all.push([who, id, kind]) });
  noteDhcp(event, {
    mode,
    desk: { host: (mac) => mac === MAC ? host : undefined, ...hear("pxe") },
    rpi: hear("rpi"),
    strangers: { saw: (sight: StrangerSight) => void all.push(sight) },
    asked: (id, name) => void all.push(["asked", id, name]),
  });
  return all;
}

test("a machine that takes an address to boot with is seen by the module of its way to boot, and its agent asked whether it lives", () => {
  const asked = ["asked", "id", "n1"];
  assert.deepEqual(told(EVENT), [["pxe", "id", "address"], asked]);
  assert.deepEqual(told(EVENT, { method: "rpi" }), [["rpi", "id", "address"], asked]);
  assert.deepEqual(told({ ...EVENT, client: { ...EVENT.client, boots: false } }), [], "its kernel's own DHCP client");
  assert.deepEqual(told({ ...EVENT, privileged: false }), [], "a user's program on it");
  for (const request of ["discover", "inform", "release", "decline"] as const) {
    assert.deepEqual(told({ ...EVENT, request }), [], request);
  }
});

test("beside a site's own server the request is seen, whose answer is that server's; otherwise it is another server's affair", () => {
  const unanswered: DhcpEvent = { ...EVENT, answer: "silent" };
  const asked = ["asked", "id", "n1"];
  assert.deepEqual(told(unanswered, { mode: "proxy" }), [["pxe", "id", "address"], asked]);
  assert.deepEqual(told(unanswered, { mode: "proxy", method: "rpi" }), [["rpi", "id", "address"], asked]);
  assert.deepEqual(told(unanswered), []);
  assert.deepEqual(told({ ...EVENT, answer: "nak" }), []);
});

test("a machine that nobody knows is recorded with what it says of itself", () => {
  assert.deepEqual(told({ ...EVENT, host: undefined, request: "discover", answer: "silent" }), [
    { mac: MAC, asked: "dhcp discover", arch: "bios", vendorClass: "PXEClient" },
  ]);
});
