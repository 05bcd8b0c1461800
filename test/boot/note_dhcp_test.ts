import assert from "node:assert/strict";
import { test } from "node:test";
import type { DhcpEvent, DhcpMode } from "../../aggregator/boot/dhcp/mod.ts";
import { noteDhcp } from "../../aggregator/boot/notes.ts";
import type { MachineSighting } from "../../aggregator/nodes/unknown_machines.ts";
import type { BootMethod, BootSight } from "../../src/boot/mod.ts";

const MAC = "52:54:00:77:00:01";
const EVENT: DhcpEvent = {
  client: { mac: MAC, firmware: "bios", http: false, ipxe: false, boots: true, vendorClass: "PXEClient" },
  request: "request",
  privileged: true,
  host: { name: "n1" },
  answer: "ack",
  reason: "",
  isOurs: true,
};

/** Who was told what of an event. */
function told(event: DhcpEvent, options: { readonly mode?: DhcpMode; readonly method?: BootMethod } = {}): unknown[] {
  const { mode = "server", method = "pxe" } = options;
  const host = { id: "id", name: "n1", mac: MAC, method, kernel: "k", initrd: "i", arguments: [], images: [] };
  const all: unknown[] = [];
  const hear = (who: string) => ({
    saw: (id: string, { kind, ...more }: BootSight) => void all.push([who, id, kind, ...Object.values(more)]),
  });
  noteDhcp(event, {
    mode,
    registry: { host: (mac) => mac === MAC ? host : undefined, ...hear("pxe") },
    rpi: hear("rpi"),
    unknownMachines: { saw: (sight: MachineSighting) => void all.push(sight) },
    asked: (id, name) => void all.push(["asked", id, name]),
    heard: (id, client) => void all.push(["heard", id, client.firmware]),
    recheck: (id) => void all.push(["recheck", id]),
    tell: (node, why) => void all.push(["event", node, why]),
  });
  return all;
}

const HEARD = ["heard", "id", "bios"];
const RECHECK = ["recheck", "id"];
const ASKED = ["asked", "id", "n1"];

test("a machine that takes an address to boot with is seen by the module of its way to boot, and its agent asked whether it lives", () => {
  assert.deepEqual(told(EVENT), [HEARD, ["pxe", "id", "address"], ASKED, RECHECK]);
  assert.deepEqual(told(EVENT, { method: "rpi" }), [HEARD, ["rpi", "id", "address"], ASKED, RECHECK]);
  assert.deepEqual(
    told({ ...EVENT, request: "discover", answer: "offer" }),
    [HEARD, RECHECK],
    "it has not taken it yet",
  );
  assert.deepEqual(told({ ...EVENT, client: { ...EVENT.client, boots: false } }), [], "its kernel's own DHCP client");
  assert.deepEqual(told({ ...EVENT, privileged: false }), [], "a user's program on it");
  for (const request of ["inform", "release"] as const) assert.deepEqual(told({ ...EVENT, request }), [], request);
});

test("beside a site's own server the request is seen, whose answer is that server's; otherwise it is another server's affair", () => {
  const unanswered: DhcpEvent = { ...EVENT, answer: "silent", isOurs: false };
  assert.deepEqual(told(unanswered, { mode: "proxy" }), [HEARD, ["pxe", "id", "address"], ASKED, RECHECK]);
  assert.deepEqual(told(unanswered, { mode: "proxy", method: "rpi" }), [
    HEARD,
    ["rpi", "id", "address"],
    ASKED,
    RECHECK,
  ]);
  assert.deepEqual(told(unanswered), [HEARD, RECHECK]);
});

test("what a known machine was not given over DHCP is an event of its node, with the reason", () => {
  const events = (event: Partial<DhcpEvent>) =>
    told({ ...EVENT, ...event }).filter((each) => Array.isArray(each) && each[0] === "event");
  const silent = { answer: "silent", request: "discover", reason: "Its node has no address in its cfg" } as const;
  assert.deepEqual(events(silent), [
    ["event", "n1", "Its DHCP discover was not answered: Its node has no address in its cfg"],
  ]);
  assert.deepEqual(events({ ...silent, isOurs: false }), [], "another server's affair");
  assert.deepEqual(events({ ...silent, privileged: false }), [], "a user's program on it");
  assert.deepEqual(events({ answer: "nak", reason: "It wants 10.77.0.9" }), [
    ["event", "n1", "Its DHCP request was refused: It wants 10.77.0.9"],
  ]);
  for (const answer of ["offer", "silent"] as const) {
    assert.deepEqual(events({ answer, request: "discover", unserved: "its firmware is of kind 12" }), [
      [
        "event",
        "n1",
        "Its firmware asks what to boot over DHCP, and there is nothing for it: its firmware is of kind 12",
      ],
    ]);
  }
});

test("an address that a machine declines, as another one has it, is told to the module of its way to boot, and is an event", () => {
  const client = { ...EVENT.client, boots: false }; // RFC 2131, table 5: such a packet has no vendor class
  const declined = { ...EVENT, client, request: "decline", answer: "silent", address: "10.77.0.11" } as const;
  const event = ["event", "n1", "It declined the address 10.77.0.11, as another machine has it"];
  assert.deepEqual(told(declined), [event, ["pxe", "id", "declined", "10.77.0.11"]]);
  assert.deepEqual(told(declined, { method: "rpi" }), [event, ["rpi", "id", "declined", "10.77.0.11"]]);
  assert.deepEqual(told({ ...declined, isOurs: false }, { mode: "proxy" }), [event], "a site's server gave it");
  assert.deepEqual(told({ ...declined, privileged: false }), []);
});

test("a machine that nobody knows is recorded with what it says of itself", () => {
  assert.deepEqual(told({ ...EVENT, host: undefined, request: "discover", answer: "silent", isOurs: false }), [
    { mac: MAC, asked: "dhcp discover", arch: "bios", vendorClass: "PXEClient" },
  ]);
});
