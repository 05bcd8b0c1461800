import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { decodeDhcp } from "../../aggregator/boot/dhcp/decode.ts";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import {
  type DhcpEvent,
  type DhcpHost,
  type DhcpServer,
  type DhcpServerOptions,
  startDhcpServer,
} from "../../aggregator/boot/dhcp/mod.ts";
import { type DhcpPacket, MESSAGE, OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { bindUdp, type UdpPeer, type UdpSocket } from "../../aggregator/boot/udp.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { until } from "../support/until.ts";
import { clientPacket, FIRMWARE, type Saying } from "./dhcp_packets.ts";

const SERVER = "127.0.0.1";
/** Replies go through a relay: on loopback there is no broadcast. */
const RELAY = "127.0.0.2";

const macOf = (n: number) =>
  `52:54:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`;

/** Known machines 0 to 199, at 127.0.0.10 and on. */
const HOSTS: ReadonlyMap<string, DhcpHost> = new Map(Array.from({ length: 200 }, (_, n) => [
  macOf(n),
  { name: `n${n}`, lease: { address: `127.0.0.${10 + n}`, prefix: 8 } },
]));

interface Lab {
  readonly server: DhcpServer;
  readonly events: DhcpEvent[];
  /** What came to the relay. */
  readonly replies: DhcpPacket[];
  readonly relay: UdpSocket;
  say(kind: keyof typeof MESSAGE, saying: Saying): Promise<void>;
}

async function withServer(options: Partial<DhcpServerOptions>, use: (lab: Lab) => Promise<void>): Promise<void> {
  const events: DhcpEvent[] = [];
  const replies: DhcpPacket[] = [];
  const server = await startDhcpServer({
    address: SERVER,
    mode: "server",
    lookup: (mac) => HOSTS.get(mac),
    boot: () => ({ file: "ipxe.efi" }),
    onEvent: (event) => events.push(event),
    ports: { server: 0, client: 0, pxe: 0 },
    log: createLog(() => {}),
    clock: systemClock,
    ...options,
  });
  const relay = await bindUdp({
    address: RELAY,
    port: server.ports.server,
    shared: true,
    onMessage(bytes) {
      const decoded = decodeDhcp(bytes);
      assert.ok(decoded.ok);
      replies.push(decoded.packet);
    },
  });
  const at: UdpPeer = { address: SERVER, port: server.ports.server };
  try {
    await use({
      server,
      events,
      replies,
      relay,
      async say(kind, saying) {
        const bytes = encodeDhcp(clientPacket(kind, { giaddr: RELAY, ...saying }));
        assert.ok(bytes);
        await relay.send(bytes, at);
      },
    });
  } finally {
    await relay.close();
    await server.stop();
    await server.stop();
  }
}

/** Says something again until it has been heard: the kernel drops what it has no room for. */
async function insist(say: () => Promise<void>, heard: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 50 && !heard(); attempt++) {
    await say();
    await until(heard, 100).catch(() => {});
  }
  assert.ok(heard(), `It was not heard: ${heard}`);
}

const kindOf = (packet: DhcpPacket) => packet.options.get(OPTION.messageType)?.[0];

test("a machine behind a relay gets its lease over real sockets, and what happened is told", async () => {
  await withServer({}, async ({ say, replies, events, server }) => {
    await say("discover", { mac: macOf(3), ...FIRMWARE.uefi });
    await until(() => replies.length === 1);
    assert.deepEqual([replies[0]?.yiaddr, replies[0]?.file, kindOf(replies[0] ?? assert.fail())], [
      "127.0.0.13",
      "ipxe.efi",
      MESSAGE.offer,
    ]);
    await say("request", { mac: macOf(3), server: SERVER, wants: "127.0.0.13" });
    await until(() => replies.length === 2);
    assert.deepEqual(events.map(({ request, answer, address, host }) => [request, answer, address, host?.name]), [
      ["discover", "offer", "127.0.0.13", "n3"],
      ["request", "ack", "127.0.0.13", "n3"],
    ]);
    assert.deepEqual(events[0]?.client, {
      mac: macOf(3),
      firmware: "uefi-x86_64",
      http: false,
      ipxe: false,
      boots: true,
      arch: 7,
      archs: [7],
      vendorClass: "PXEClient:Arch:00007:UNDI:003001",
      relay: RELAY,
    });
    assert.deepEqual([server.counts().received, server.counts().answered], [2, 2]);
  });
});

test("what is sent to any address of the machine is heard, as broadcasts are, and answered from the server's own", async () => {
  const from: string[] = [];
  await withServer({}, async ({ server, replies }) => {
    const client = await bindUdp({ address: "127.0.0.9", port: 0, onMessage() {} });
    const relay = await bindUdp({
      address: "127.0.0.7",
      port: server.ports.server,
      shared: true,
      onMessage: (_bytes, peer) => void from.push(`${peer.address}:${peer.port}`),
    });
    const bytes = encodeDhcp(clientPacket("discover", { mac: macOf(3), giaddr: "127.0.0.7" })) ?? assert.fail();
    await insist(() => client.send(bytes, { address: "127.0.0.5", port: server.ports.server }), () => from.length > 0);
    assert.equal(from[0], `${SERVER}:${server.ports.server}`);
    assert.deepEqual(replies, [], "it went to the relay that has asked");
    await client.close();
    await relay.close();
  });
});

test("a proxy's boot service answers where the question came from", async () => {
  await withServer({ mode: "proxy" }, async ({ server }) => {
    const heard: DhcpPacket[] = [];
    const client = await bindUdp({
      address: "127.0.0.9",
      port: 0,
      onMessage(bytes) {
        const decoded = decodeDhcp(bytes);
        if (decoded.ok) heard.push(decoded.packet);
      },
    });
    const bytes = encodeDhcp(clientPacket("request", { mac: macOf(1), ...FIRMWARE.bios, ciaddr: "127.0.0.9" }));
    assert.ok(bytes && server.ports.pxe);
    await client.send(bytes, { address: SERVER, port: server.ports.pxe });
    await until(() => heard.length === 1);
    assert.deepEqual([heard[0]?.file, heard[0]?.yiaddr], ["ipxe.efi", "0.0.0.0"]);
    await client.close();
  });
});

test("junk, a hook that throws and a cfg that no packet can have are survived", async () => {
  const bad: DhcpHost = { name: "bad", lease: { address: "127.0.0.300", prefix: 8 } };
  await withServer({
    lookup: (mac) => mac === macOf(250) ? bad : HOSTS.get(mac),
    boot() {
      throw new Error("Cannot say");
    },
  }, async ({ say, replies, relay, server }) => {
    const at = { address: SERVER, port: server.ports.server };
    const head = encodeDhcp(clientPacket("discover", { mac: macOf(1) })) ?? assert.fail();
    for (
      const junk of [
        new Uint8Array(),
        new Uint8Array(239),
        new Uint8Array(300),
        head.with(236, 0),
        head.with(242, 9),
        head.subarray(0, 241),
      ]
    ) {
      await relay.send(junk, at);
    }
    await say("offer", { mac: macOf(1) });
    await say("discover", { mac: macOf(250) });
    await say("discover", { mac: macOf(1), ...FIRMWARE.bios });
    await say("discover", { mac: macOf(2) });
    await until(() => replies.length === 1);
    assert.equal(replies[0]?.yiaddr, "127.0.0.12");
    const { received, malformed, failed } = server.counts();
    assert.deepEqual([received, malformed, failed], [10, 7, 2]);
  });
});

test("one known machine gone wild is answered a few times, others as ever", async () => {
  await withServer({}, async ({ say, replies, server, events }) => {
    for (let n = 0; n < 500; n++) await say("discover", { mac: macOf(1) });
    await insist(() => say("discover", { mac: macOf(2) }), () => replies.some(({ yiaddr }) => yiaddr === "127.0.0.12"));
    assert.ok(replies.length < 100, `${replies.length} replies`);
    const { received, limited } = server.counts();
    assert.ok(limited > received / 2, `${limited} of ${received} were dropped`);
    assert.ok(events.length < 100, `${events.length} events`);
  });
});

/** Sends DHCPDISCOVER from invented addresses, 25,000 a second, from a process of its own; Perl is on every Debian. */
const FLOOD = `
use Socket;
my ($port, $hex) = @ARGV;
socket(my $socket, PF_INET, SOCK_DGRAM, 17) or die;
my $to = sockaddr_in($port, inet_aton("127.0.0.1"));
my $packet = pack("H*", $hex);
for my $n (1 .. 40_000) {
  substr($packet, 28, 6) = pack("CCN", 0x66, 1, $n);
  send($socket, $packet, 0, $to);
  select(undef, undef, undef, 0.002) if $n % 50 == 0;
}`;

test("in a flood of 40,000 packets from invented addresses, known machines are served", async () => {
  await withServer({}, async ({ say, replies, server, events }) => {
    const stranger = encodeDhcp(clientPacket("discover", { giaddr: RELAY, ...FIRMWARE.bios })) ?? assert.fail();
    const words = ["-e", FLOOD, String(server.ports.server), Buffer.from(stranger).toString("hex")];
    const flood = spawn("perl", words, { stdio: "inherit", timeout: 60_000 });
    const flooded = new Promise((resolve) => flood.once("exit", resolve));
    await until(() => server.counts().unknown > 100);
    const boot = async (n: number) => {
      const address = `127.0.0.${10 + n}`;
      const has = (kind: number) => replies.some((packet) => packet.yiaddr === address && kindOf(packet) === kind);
      await insist(() => say("discover", { mac: macOf(n) }), () => has(MESSAGE.offer));
      await insist(() => say("request", { mac: macOf(n), server: SERVER, wants: address }), () => has(MESSAGE.ack));
    };
    for (let n = 0; n < 5; n++) await boot(n);
    assert.equal(flood.exitCode, null, "the flood was over before the last of them was served");
    assert.equal(await flooded, 0);
    const unknownMachines = events.filter(({ host }) => host === undefined);
    const { unknown, limited } = server.counts();
    assert.ok(unknown > 1000, `only ${unknown} packets of the flood arrived`);
    assert.ok(
      unknownMachines.length + limited >= unknown && unknownMachines.length < 1000,
      `${unknownMachines.length} of ${unknown} were told`,
    );
    assert.ok(unknownMachines.every(({ answer }) => answer === "silent"));
  });
});

test("a server stops with its signal, and says when it can't listen", async () => {
  const stop = new AbortController();
  const common = {
    address: SERVER,
    mode: "server",
    lookup: () => undefined,
    boot: () => ({ unserved: "nothing" }),
    log: createLog(() => {}),
    clock: systemClock,
  } as const;
  const server = await startDhcpServer({ ...common, ports: { server: 0, client: 0, pxe: 0 }, signal: stop.signal });
  const bindAlone = () =>
    bindUdp({ address: SERVER, port: server.ports.server, onMessage() {} }).then((socket) =>
      socket.close().then(() => true)
    );
  assert.equal(await bindAlone().catch(() => false), false, "the port is the server's");
  stop.abort();
  for (let tries = 0; !await bindAlone().catch(() => false); tries++) {
    assert.ok(tries < 500, "its port is not free");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await server.stop();
  await assert.rejects(startDhcpServer({ ...common, signal: stop.signal }));
  await assert.rejects(startDhcpServer({ ...common, address: "10.0.0" }), /Cannot read "10.0.0" as an IPv4 address/);
  await assert.rejects(
    startDhcpServer({ ...common, address: "192.0.2.1", ports: { server: 0, client: 0, pxe: 0 } }),
    /Cannot listen at 192.0.2.1:0/,
  );
});
