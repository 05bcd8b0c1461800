import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import type { DhcpEvent } from "../../aggregator/boot/dhcp/mod.ts";
import { createReceiver } from "../../aggregator/boot/dhcp/receive.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { clientPacket, FIRMWARE } from "./dhcp_packets.ts";

const MAC = "52:54:00:77:00:01";

test("what programs of users send in a machine's name, however much, keeps its firmware from nothing", async () => {
  const clock = createVirtualClock();
  const events: DhcpEvent[] = [];
  const receive = createReceiver(
    {
      ...{ address: "127.0.0.1", mode: "server", clock, log: createLog(() => {}) },
      lookup: () => ({ name: "n1", lease: { address: "127.0.0.11", prefix: 8 } }),
      boot: () => ({ file: "ipxe.efi" }),
      onEvent: (event) => events.push(event),
    },
    68,
    { received: 0, answered: 0, malformed: 0, unknown: 0, limited: 0, failed: 0 },
  );
  const bytes = encodeDhcp(clientPacket("discover", { mac: MAC, ...FIRMWARE.bios })) ?? assert.fail();
  const socket = { port: 67, send: () => Promise.resolve(), close: () => Promise.resolve() };
  const say = (port: number, times: number) => {
    for (let n = 0; n < times; n++) receive(bytes, { address: "127.0.0.9", port }, "dhcp", socket);
  };
  const heard = (privileged: boolean) => events.filter((event) => event.privileged === privileged).length;
  say(40_000, 1_000);
  assert.equal(heard(false), 20);
  say(68, 1);
  assert.equal(heard(true), 1);
  for (let second = 0; second < 10; second++) {
    await clock.advance(1_000);
    say(40_000, 100);
    say(68, 1);
  }
  assert.deepEqual([heard(true), heard(false)], [11, 60]);
  say(68, 100);
  assert.ok(heard(true) <= 11 + 20, "it is bounded too");
});

test("a reply is as large as the client takes with the headers of IPv4 and UDP, which its option 57 counts, and no larger", () => {
  const cases: [number | undefined, number][] = [
    [undefined, 548],
    [100, 548],
    [576, 548],
    [1000, 972],
    [1500, 1472],
    [65_535, 1472],
  ];
  for (const [says, most] of cases) {
    let largest = 0;
    let failed = 0;
    for (let length = 200; length < 1_500; length++) {
      const counts = { received: 0, answered: 0, malformed: 0, unknown: 0, limited: 0, failed: 0 };
      const receive = createReceiver(
        {
          ...{ address: "127.0.0.1", mode: "server", clock: createVirtualClock(), log: createLog(() => {}) },
          lookup: () => ({ name: "n1", lease: { address: "127.0.0.11", prefix: 8 } }),
          boot: () => ({ file: "x".repeat(length) }),
        },
        68,
        counts,
      );
      const size: [number, Uint8Array][] = says === undefined
        ? []
        : [[OPTION.maxSize, Uint8Array.of(says >> 8, says & 255)]];
      const bytes = encodeDhcp(clientPacket("discover", { mac: MAC, ...FIRMWARE.bios, options: size })) ??
        assert.fail();
      receive(bytes, { address: "0.0.0.0", port: 68 }, "dhcp", {
        port: 67,
        send(sent) {
          largest = Math.max(largest, sent.length);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      });
      failed += counts.failed;
    }
    assert.ok(largest <= most && largest > most - 8, `${says}: ${largest}`);
    assert.ok(failed > 0, "what is larger is not sent");
  }
});
