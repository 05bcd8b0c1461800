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

/** A receiver of one known machine, and what it has sent, told and counted. */
function make(more: { readonly fails?: boolean; readonly known?: string; readonly mode?: "server" | "proxy" } = {}) {
  const counts = { received: 0, answered: 0, malformed: 0, unknown: 0, limited: 0, failed: 0 };
  const events: DhcpEvent[] = [];
  const faults: string[] = [];
  const logged: string[] = [];
  const sent: string[] = [];
  const clock = createVirtualClock();
  const receive = createReceiver(
    {
      ...{ address: "127.0.0.1", mode: more.mode ?? "server", clock, log: createLog((line) => void logged.push(line)) },
      lookup: (mac) =>
        mac === (more.known ?? MAC) ? { name: "n1", lease: { address: "127.0.0.11", prefix: 8 } } : undefined,
      boot: () => ({ file: "ipxe.efi" }),
      onEvent: (event) => void events.push(event),
      onFault: ({ name }, fault) => void faults.push(`${name}: ${fault}`),
    },
    1068,
    counts,
  );
  const take = (bytes: Uint8Array, port = 68, service: "dhcp" | "pxe" = "dhcp") =>
    receive(bytes, { address: "127.0.0.9", port }, service, {
      port: 1067,
      send(_bytes, to) {
        sent.push(`${to.address}:${to.port}`);
        return more.fails === true ? Promise.reject(new Error("No route")) : Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  const say = (...[kind, saying]: Parameters<typeof clientPacket>) =>
    take(encodeDhcp(clientPacket(kind, { mac: MAC, ...saying })) ?? assert.fail());
  return { counts, events, faults, logged, sent, clock, take, say };
}

test("an unknown machine is told of and gets no answer, which another server may give it", () => {
  const { counts, events, sent, say } = make();
  say("discover", { mac: "52:54:00:77:00:99" });
  const [{ client, ...event } = assert.fail("nothing was told")] = events;
  assert.equal(client.mac, "52:54:00:77:00:99");
  assert.deepEqual(event, {
    ...{ request: "discover", privileged: true, host: undefined },
    ...{ answer: "silent", reason: "It is unknown", isOurs: false },
  });
  assert.deepEqual([events.length, sent], [1, []]);
  assert.deepEqual(counts, { received: 1, answered: 0, malformed: 0, unknown: 1, limited: 0, failed: 0 });
});

test("a known machine's packet that can't be read, or is none of a client, is its fault where its firmware sends it", () => {
  const good = encodeDhcp(clientPacket("discover", { mac: MAC })) ?? assert.fail();
  const broken = good.slice();
  broken[236] = 0; // the magic cookie
  const offer = encodeDhcp({ ...clientPacket("offer", { mac: MAC }), op: 1 }) ?? assert.fail();
  for (const [bytes, problem] of [[offer, "It is not from a client"], [broken, undefined]] as const) {
    const { counts, events, faults, logged, sent, take } = make();
    take(bytes);
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? "", /^n1: Its DHCP packet can't be read: \S.*$/);
    if (problem !== undefined) assert.equal(faults[0], `n1: Its DHCP packet can't be read: ${problem}`);
    assert.doesNotMatch(faults[0] ?? "", /undefined/);
    take(bytes, 1_024);
    assert.equal(faults.length, 1, "any user's program may send from there");
    assert.deepEqual([events, sent], [[], []]);
    assert.deepEqual(counts, { received: 2, answered: 0, malformed: 2, unknown: 0, limited: 0, failed: 0 });
    assert.ok(logged.every((line) => !line.includes('"level":"warn"')));
  }
  const { faults, counts, take } = make({ known: "52:54:00:77:00:98" });
  take(offer);
  assert.deepEqual([faults, counts.malformed, counts.unknown], [[], 1, 1]);
});

test("what is no packet of a client's Ethernet card is malformed, and nobody's", () => {
  const good = encodeDhcp(clientPacket("discover", { mac: MAC })) ?? assert.fail();
  const changed = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  };
  const { counts, events, faults, take } = make();
  for (const bytes of [new Uint8Array(0), good.slice(0, 239), changed(0, 2), changed(1, 6), changed(2, 8)]) take(bytes);
  assert.deepEqual([counts.malformed, counts.received, events, faults], [5, 5, [], []]);
});

test("an answer goes to the client's port, to a relay's own, and of the boot service to where the question came from", async () => {
  const { counts, sent, say } = make();
  say("discover");
  say("discover", { giaddr: "127.0.0.2" });
  assert.deepEqual(sent, ["255.255.255.255:1068", "127.0.0.2:1067"]);
  await Promise.resolve();
  assert.deepEqual([counts.answered, counts.failed], [2, 0]);
  const proxy = make({ mode: "proxy" });
  const asking = clientPacket("request", { mac: MAC, ...FIRMWARE.bios, ciaddr: "127.0.0.50" });
  proxy.take(encodeDhcp(asking) ?? assert.fail(), 4_000, "pxe");
  assert.deepEqual(proxy.sent, ["127.0.0.9:4000"]);
});

test("an answer that can't be sent is counted and logged", async () => {
  const { counts, logged, say } = make({ fails: true });
  say("discover");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual([counts.answered, counts.failed], [1, 1]);
  assert.match(logged.join(""), /"Cannot send a DHCP reply".*"to":"255\.255\.255\.255".*No route/);
});

test("an address that a machine declines is logged with why", () => {
  const { events, logged, sent, say } = make();
  say("decline", { wants: "127.0.0.11" });
  assert.deepEqual([events[0]?.answer, sent], ["silent", []]);
  assert.match(logged.join(""), /"level":"warn".*"DHCP address declined".*"node":"n1"/);
});

test("what is answered is told with what was said, and is ours", () => {
  const { events, say } = make();
  say("discover", FIRMWARE.uefi);
  const [{ client: _client, host, ...event } = assert.fail("nothing was told")] = events;
  assert.equal(host?.name, "n1");
  assert.deepEqual([event.answer, event.address, event.file, event.isOurs], ["offer", "127.0.0.11", "ipxe.efi", true]);
});
