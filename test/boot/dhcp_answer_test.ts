import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { answer, destinationOf, requestKind } from "../../aggregator/boot/dhcp/answer.ts";
import type { AnswerSetting, DhcpAnswer } from "../../aggregator/boot/dhcp/answer_types.ts";
import { describeClient } from "../../aggregator/boot/dhcp/client.ts";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import { ipv4Bytes, readIpv4 } from "../../aggregator/boot/dhcp/ipv4.ts";
import { type DhcpHost, standardBoot } from "../../aggregator/boot/dhcp/mod.ts";
import type { BootInventory } from "../../aggregator/boot/dhcp/standard_boot.ts";
import { type DhcpPacket, MESSAGE, OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { dhcpPacket } from "./dhcp_arbitraries.ts";
import { clientPacket, FIRMWARE, type Saying } from "./dhcp_packets.ts";

const SERVER = "10.77.0.1";
const SCRIPT = "http://10.77.0.1:8080/boot/v1/script?mac=52:54:00:77:00:01";
const HOST: DhcpHost = {
  name: "n1",
  lease: { address: "10.77.0.11", prefix: 24, gateway: "10.77.0.254", dns: ["10.77.0.2", "10.77.0.3"] },
};

const bootOf = (inventory: BootInventory): AnswerSetting["boot"] => (client) =>
  standardBoot(client, inventory, { script: SCRIPT, files: "http://10.77.0.1:8080/boot/v1/files" });

function answerTo(packet: DhcpPacket, setting: Partial<AnswerSetting> = {}): DhcpAnswer {
  const kind = requestKind(packet);
  assert.ok(kind);
  return answer(packet, kind, {
    mode: "server",
    address: SERVER,
    host: HOST,
    client: describeClient(packet),
    boot: bootOf({}),
    service: "dhcp",
    ...setting,
  });
}

function replyTo(packet: DhcpPacket, setting: Partial<AnswerSetting> = {}): DhcpPacket {
  const result = answerTo(packet, setting);
  if (result.answer === "silent") assert.fail(`It said nothing: ${result.reason}`);
  return result.reply;
}

const bytes = (packet: DhcpPacket, code: number) => packet.options.get(code);
const words = (packet: DhcpPacket, code: number) => new TextDecoder().decode(bytes(packet, code));

test("a known machine is offered its address, network and name", () => {
  const reply = replyTo(clientPacket("discover"));
  assert.equal(reply.yiaddr, "10.77.0.11");
  assert.deepEqual([reply.op, reply.xid, reply.htype, [...reply.chaddr]], [2, 0x12345678, 1, [
    0x52,
    0x54,
    0,
    0x77,
    0,
    1,
  ]]);
  assert.deepEqual(bytes(reply, OPTION.messageType), Uint8Array.of(MESSAGE.offer));
  assert.deepEqual(bytes(reply, OPTION.serverId), ipv4Bytes(SERVER));
  assert.deepEqual(bytes(reply, OPTION.subnetMask), ipv4Bytes("255.255.255.0"));
  assert.deepEqual(bytes(reply, OPTION.router), ipv4Bytes("10.77.0.254"));
  assert.deepEqual(bytes(reply, OPTION.dns), Uint8Array.of(10, 77, 0, 2, 10, 77, 0, 3));
  assert.deepEqual(bytes(reply, OPTION.leaseTime), Uint8Array.of(0, 0, 14, 16));
  assert.equal(words(reply, OPTION.hostName), "n1");
  assert.equal(reply.file, "", "it did not ask what to boot");
});

/** RFC 2131, section 4.3.2, as a table: how a client asks for an address, and what it gets. */
const REQUESTS: readonly [name: string, Saying, DhcpAnswer["answer"], RegExp][] = [
  ["selecting, our offer", { server: SERVER, wants: "10.77.0.11" }, "ack", /takes our offer/],
  ["selecting, another address", { server: SERVER, wants: "10.77.0.12" }, "nak", /its address is 10.77.0.11/],
  ["selecting, another server", { server: "10.77.0.9", wants: "10.77.0.11" }, "silent", /another server, 10.77.0.9/],
  ["init-reboot", { wants: "10.77.0.11" }, "ack", /had this address before/],
  ["init-reboot, another address", { wants: "10.77.0.99" }, "nak", /wants 10.77.0.99/],
  ["init-reboot, in another network", { wants: "10.77.0.11", giaddr: "10.99.0.1" }, "nak", /network of 10.99.0.1/],
  [
    "init-reboot, in another network, with that one's",
    { wants: "10.99.0.7", giaddr: "10.99.0.1" },
    "silent",
    /10.99.0/,
  ],
  ["selecting, in another network", { server: SERVER, wants: "10.99.0.7", giaddr: "10.99.0.1" }, "nak", /10.99.0.1/],
  ["rebinding, in another network", { ciaddr: "10.77.0.11", giaddr: "10.99.0.1" }, "nak", /network of 10.99.0.1/],
  ["rebinding, with that network's", { ciaddr: "10.99.0.7", giaddr: "10.99.0.1" }, "silent", /network of 10.99.0.1/],
  ["no address, in another network", { giaddr: "10.99.0.1" }, "silent", /network of 10.99.0.1/],
  [
    "selecting, behind its network's relay",
    { server: SERVER, wants: "10.77.0.11", giaddr: "10.77.0.254" },
    "ack",
    /takes/,
  ],
  ["renewing or rebinding", { ciaddr: "10.77.0.11" }, "ack", /renews/],
  ["renewing what is not its own", { ciaddr: "10.77.0.12" }, "nak", /holds 10.77.0.12/],
  ["no address in particular", {}, "silent", /no address in particular/],
];
for (const [name, saying, expected, reason] of REQUESTS) {
  test(`a request is answered by its state: ${name}: ${expected}`, () => {
    const packet = clientPacket("request", saying);
    const result = answerTo(packet);
    assert.equal(result.answer, expected);
    assert.match(result.reason, reason);
    if (result.answer === "ack") {
      assert.deepEqual([result.reply.yiaddr, result.reply.ciaddr], ["10.77.0.11", packet.ciaddr]);
    }
    if (result.answer === "nak") {
      assert.deepEqual([result.reply.yiaddr, result.reply.options.has(OPTION.leaseTime)], ["0.0.0.0", false]);
    }
  });
}

test("INFORM is answered without an address, to where the client is", () => {
  const packet = clientPacket("inform", { ciaddr: "10.77.0.40" });
  const reply = replyTo(packet);
  assert.deepEqual([reply.yiaddr, reply.options.has(OPTION.leaseTime)], ["0.0.0.0", false]);
  assert.deepEqual(destinationOf(packet, reply, "inform"), { to: "client", address: "10.77.0.40" });
  assert.equal(
    answerTo(clientPacket("inform", { ciaddr: "192.0.2.1" })).answer,
    "silent",
    "nothing is sent to just anybody",
  );
});

test("DECLINE and RELEASE, a node without address and other networks get no answer", () => {
  const cases: [DhcpPacket, Partial<AnswerSetting>, RegExp][] = [
    [clientPacket("decline", { server: SERVER, wants: "10.77.0.11" }), {}, /in use by another machine/],
    [clientPacket("release", { server: SERVER, ciaddr: "10.77.0.11" }), {}, /gave its address up/],
    [clientPacket("discover"), { host: { name: "n1" } }, /no address in its cfg/],
    [clientPacket("discover", { giaddr: "10.78.0.1" }), {}, /from the network of 10.78.0.1/],
    [clientPacket("discover"), { address: "192.168.1.1" }, /from the network of 192.168.1.1/],
  ];
  for (const [packet, setting, reason] of cases) {
    const result = answerTo(packet, setting);
    assert.equal(result.answer, "silent");
    assert.match(result.reason, reason);
  }
});

test("a relay's word on the network counts: giaddr, or the link that it names", () => {
  const link = Uint8Array.of(1, 2, 9, 9, 5, 4, ...ipv4Bytes("10.77.0.0"));
  const named = clientPacket("discover", { giaddr: "192.0.2.1", options: [[OPTION.relayAgent, link]] });
  const reply = replyTo(named);
  assert.equal(reply.giaddr, "192.0.2.1");
  assert.deepEqual(bytes(reply, OPTION.relayAgent), link, "and it gets its option back");
  assert.deepEqual(destinationOf(named, reply, "discover"), { to: "relay", address: "192.0.2.1" });
  const nak = replyTo(clientPacket("request", { giaddr: "10.77.0.254", wants: "10.77.0.99" }));
  assert.equal(nak.flags, 0x8000, "a relay broadcasts a refusal");
  const relayed = { giaddr: "10.77.0.254", wants: "10.77.0.11" };
  assert.equal(replyTo(clientPacket("request", relayed)).flags, 0, "and what is granted as the client wants it");
  assert.equal(replyTo(clientPacket("discover", relayed)).flags, 0);
  assert.equal(replyTo(clientPacket("discover", { ...relayed, flags: 0x8000 })).flags, 0x8000);
  assert.equal(replyTo(clientPacket("request", { wants: "10.77.0.99" })).flags, 0, "there is no relay");
});

test("who has no address yet is reached by broadcast, with or without the flag", () => {
  for (const flags of [0, 0x8000]) {
    const packet = clientPacket("discover", { flags });
    assert.deepEqual(destinationOf(packet, replyTo(packet), "discover"), {
      to: "broadcast",
      address: "255.255.255.255",
    });
  }
  const renewing = clientPacket("request", { ciaddr: "10.77.0.11" });
  assert.equal(destinationOf(renewing, replyTo(renewing), "request").address, "10.77.0.11");
  const refused = clientPacket("request", { ciaddr: "10.77.0.12" });
  assert.equal(destinationOf(refused, replyTo(refused), "request").to, "broadcast");
});

test("firmware gets the loader that fits it, iPXE the script", () => {
  const expected: [Saying, string][] = [
    [FIRMWARE.bios, "undionly.kpxe"],
    [FIRMWARE.uefi, "ipxe.efi"],
    [{ ...FIRMWARE.uefi, arch: 9 }, "ipxe.efi"],
    [{ vendorClass: "PXEClient:Arch:00007:UNDI:003001" }, "ipxe.efi"],
    [FIRMWARE.arm, "ipxe-arm64.efi"],
    [FIRMWARE.http, "http://10.77.0.1:8080/boot/v1/files/ipxe.efi"],
    [{ ...FIRMWARE.http, arch: 19 }, "http://10.77.0.1:8080/boot/v1/files/ipxe-arm64.efi"],
    [FIRMWARE.ipxe, SCRIPT],
    [{ options: [[OPTION.ipxe, Uint8Array.of(0xb1, 1, 2)]] }, SCRIPT],
    [{ vendorClass: "udhcp 1.35.0" }, ""],
  ];
  for (const [saying, file] of expected) {
    assert.equal(replyTo(clientPacket("discover", saying)).file, file, JSON.stringify(saying));
  }
  assert.equal(words(replyTo(clientPacket("discover", FIRMWARE.http)), OPTION.vendorClass), "HTTPClient");
  assert.equal(bytes(replyTo(clientPacket("discover", FIRMWARE.bios)), OPTION.vendorClass), undefined);
  assert.deepEqual(bytes(replyTo(clientPacket("discover", FIRMWARE.ipxe)), OPTION.ipxe), Uint8Array.of(0xb0, 1, 1));
  for (const firmware of [FIRMWARE.bios, FIRMWARE.uefi, FIRMWARE.http, {}]) {
    assert.equal(bytes(replyTo(clientPacket("discover", firmware)), OPTION.ipxe), undefined, "it is for iPXE alone");
  }
});

/** DHCP options 93 and 60 of a client that boots. */
const kinds = (...archs: number[]): Saying => ({
  vendorClass: "PXEClient",
  options: [[OPTION.architecture, Uint8Array.from(archs.flatMap((arch) => [arch >> 8, arch & 255]))]],
});

test("of the kinds of firmware that a client names, the first is served for which there is a loader", () => {
  const cases: [number[], string][] = [
    [[10, 7], "ipxe.efi"],
    [[6, 11], "ipxe-arm64.efi"],
    [[12, 22, 0], "undionly.kpxe"],
    [[7, 11], "ipxe.efi"],
  ];
  for (const [archs, file] of cases) assert.equal(replyTo(clientPacket("discover", kinds(...archs))).file, file);
});

test("a client that nothing is served for gets its address, and it is told why it boots nothing", () => {
  const cases: [Saying, RegExp][] = [
    [kinds(10), /kind 10 \(32-bit ARM UEFI\).* no loader: set its \/boot\/loader/],
    [kinds(6), /kind 6 \(32-bit x86 UEFI\)/],
    [kinds(12), /PowerPC/],
    [kinds(22, 65_000), /kind 22 \(ARM64 U-Boot\), 65000 \(DHCP option 93\)/],
    [{ vendorClass: "PXEClient" }, /does not say of which kind it is \(DHCP option 93\)/],
    [{ vendorClass: "PXEClient", options: [[OPTION.architecture, Uint8Array.of(7)]] }, /does not say/],
  ];
  for (const [saying, why] of cases) {
    for (const kind of ["discover", "request"] as const) {
      const result = answerTo(clientPacket(kind, { wants: "10.77.0.11", ...saying }));
      assert.equal(result.answer, kind === "discover" ? "offer" : "ack");
      assert.match(result.unserved ?? "", why);
      assert.equal("reply" in result && result.reply.file, "");
    }
    const proxied = answerTo(clientPacket("discover", saying), { mode: "proxy" });
    assert.equal(proxied.answer, "silent");
    assert.match(proxied.unserved ?? "", why);
  }
  assert.equal(answerTo(clientPacket("discover")).unserved, undefined, "it asks for nothing to boot");
});

test("what a node's cfg says of its machine outranks what the machine's firmware says", () => {
  const cases: [Saying, BootInventory, string | RegExp][] = [
    [FIRMWARE.bios, { arch: "aarch64" }, "ipxe-arm64.efi"],
    [FIRMWARE.uefi, { arch: "aarch64" }, "ipxe-arm64.efi"],
    [{ vendorClass: "PXEClient" }, { arch: "aarch64" }, "ipxe-arm64.efi"],
    [FIRMWARE.bios, { arch: "x86_64" }, "undionly.kpxe"],
    [FIRMWARE.uefi, { arch: "x86_64" }, "ipxe.efi"],
    [FIRMWARE.arm, { arch: "x86_64" }, /kind 11 \(ARM64 UEFI\) .* and its \/arch is x86_64/],
    [kinds(12), { loader: "ppc/core.elf" }, "ppc/core.elf"],
    [FIRMWARE.uefi, { loader: "snponly.efi", arch: "x86_64" }, "snponly.efi"],
    [FIRMWARE.http, { loader: "snponly.efi" }, "http://10.77.0.1:8080/boot/v1/files/snponly.efi"],
    [FIRMWARE.ipxe, { loader: "snponly.efi" }, SCRIPT],
  ];
  for (const [saying, inventory, expected] of cases) {
    const result = answerTo(clientPacket("discover", saying), { boot: bootOf(inventory) });
    if (typeof expected === "string") assert.equal("reply" in result && result.reply.file, expected);
    else assert.match(result.unserved ?? "", expected);
  }
});

test("no address is offered or acknowledged that can't be a machine's own, and it is said why", () => {
  const cases: [string, number, RegExp][] = [
    [SERVER, 24, /is not this server's own/],
    ["10.77.0.0", 24, /that of its network \/24/],
    ["10.77.0.255", 24, /broadcast address of its network \/24/],
    ["10.77.0.127", 25, /broadcast address of its network \/25/],
    ["0.0.0.0", 1, /0.0.0.0\/8/],
    ["0.1.2.3", 1, /0.0.0.0\/8/],
    ["127.0.0.5", 1, /loopback/],
    ["224.0.0.1", 1, /multicast/],
    ["239.255.255.250", 1, /multicast/],
    ["240.0.0.1", 1, /reserved/],
    ["255.255.255.255", 32, /broadcast/],
  ];
  for (const [address, prefix, why] of cases) {
    const host = { name: "n1", lease: { address, prefix } };
    for (const packet of [clientPacket("discover"), clientPacket("request", { wants: address, server: SERVER })]) {
      const result = answerTo(packet, { host });
      assert.equal(result.answer, "silent", address);
      assert.match(result.reason, why);
    }
  }
  for (const [address, prefix] of [["10.77.0.127", 24], ["10.77.0.0", 31], ["10.77.0.128", 24], ["10.77.0.254", 24]]) {
    const host = { name: "n1", lease: { address: String(address), prefix: Number(prefix) } };
    assert.equal(answerTo(clientPacket("discover"), { host }).answer, "offer", String(address));
  }
});

test("a router that a client can't reach is left out of what it is told", () => {
  const routers = (gateway: string, prefix = 24, address = "10.77.0.11") =>
    bytes(
      replyTo(clientPacket("discover"), { host: { name: "n1", lease: { address, prefix, gateway } } }),
      OPTION.router,
    );
  assert.deepEqual(routers("10.77.0.254"), Uint8Array.of(10, 77, 0, 254));
  assert.equal(routers("10.78.0.1"), undefined);
  assert.equal(routers("10.77.0.11"), undefined, "it is its own address");
});

test("an option that is given twice counts once, and one that is too short not at all", () => {
  const twice = (code: number, value: readonly number[]) => [code, Uint8Array.from([...value, ...value])] as const;
  const uuid = [0, ...Array.from({ length: 16 }, (_, n) => n)];
  const packet = clientPacket("request", {
    options: [
      [...twice(OPTION.messageType, [MESSAGE.request])],
      [...twice(OPTION.requestedAddress, [10, 77, 0, 11])],
      [...twice(OPTION.serverId, [10, 77, 0, 1])],
      [...twice(OPTION.machineId, uuid)],
    ],
  });
  assert.equal(answerTo(packet).answer, "ack");
  assert.equal(describeClient(packet).uuid, "03020100-0504-0706-0809-0a0b0c0d0e0f");
  const short = clientPacket("request", { wants: "10.77.0.11", options: [[OPTION.serverId, Uint8Array.of(10, 77)]] });
  assert.match(answerTo(short).reason, /had this address before/);
  assert.equal(requestKind(clientPacket("discover", { options: [[OPTION.messageType, new Uint8Array()]] })), undefined);
});

test("what to boot goes into options 66 and 67 for who asks, and a long URL into 67 alone", () => {
  const asked = Uint8Array.of(OPTION.subnetMask, OPTION.tftpServer, OPTION.bootFile);
  const reply = replyTo(clientPacket("discover", { ...FIRMWARE.bios, options: [[OPTION.requestList, asked]] }));
  assert.deepEqual([words(reply, 66), words(reply, 67), reply.siaddr], [SERVER, "undionly.kpxe", SERVER]);
  const long = `http://10.77.0.1/${"x".repeat(200)}`;
  const other = replyTo(clientPacket("discover", FIRMWARE.ipxe), { boot: () => ({ file: long }) });
  assert.deepEqual([other.file, words(other, 67), bytes(other, 66)], ["", long, undefined]);
});

test("what is not answered says which address was asked for, and whether it is ours to answer", () => {
  const proxy = { mode: "proxy", host: { name: "n1" } } as const;
  const far = { wants: "10.99.0.7", giaddr: "10.99.0.1" };
  const cases: [DhcpPacket, Partial<AnswerSetting>, string | undefined, boolean][] = [
    [clientPacket("decline", { wants: "10.77.0.12", server: SERVER }), {}, "10.77.0.12", true],
    [clientPacket("discover"), { host: { name: "n1" } }, undefined, true],
    [clientPacket("discover", { wants: "10.77.0.9" }), { host: { name: "n1" } }, "10.77.0.9", true],
    [clientPacket("discover", { giaddr: "10.99.0.1" }), {}, undefined, true],
    [clientPacket("request", {}), {}, undefined, true],
    [clientPacket("inform", { ciaddr: "192.0.2.1" }), {}, undefined, true],
    [clientPacket("discover"), { host: { name: "n1", lease: { address: SERVER, prefix: 24 } } }, undefined, true],
    [clientPacket("request", { wants: "10.77.0.11", server: "10.77.0.9" }), {}, "10.77.0.11", false],
    [clientPacket("request", far), {}, "10.99.0.7", false],
    [clientPacket("release", { ciaddr: "10.77.0.11" }), {}, undefined, false],
    [clientPacket("discover"), proxy, undefined, false],
    [clientPacket("request", FIRMWARE.bios), proxy, undefined, false],
    [clientPacket("discover", { vendorClass: "PXEClient" }), proxy, undefined, true],
  ];
  for (const [packet, setting, address, isOurs] of cases) {
    const result = answerTo(packet, setting);
    assert.ok(result.answer === "silent", JSON.stringify(result));
    assert.deepEqual([result.address, result.isOurs], [address, isOurs], result.reason);
  }
});

test("what a client says of itself is read in printable characters, at most 128 of them, and at most 16 kinds of firmware", () => {
  const long = describeClient(clientPacket("discover", {
    vendorClass: `PXEClient\x1b[2J${"x".repeat(200)}`,
    userClass: "\x07iPXE\x7f",
    options: [[OPTION.architecture, Uint8Array.from({ length: 80 }, (_, n) => n % 2 === 0 ? 0 : 12)]],
  }));
  assert.equal(long.vendorClass, `PXEClient[2J${"x".repeat(128 - 13)}`);
  assert.equal(long.userClass, "iPXE");
  assert.deepEqual(long.archs, new Array(16).fill(12));
  assert.equal(describeClient(clientPacket("discover", { vendorClass: "\x01\x02" })).vendorClass, undefined);
  const uuid = (bytes: number[]) =>
    describeClient(clientPacket("discover", { options: [[OPTION.machineId, Uint8Array.from(bytes)]] })).uuid;
  assert.equal(uuid([0, ...new Array(15).fill(1)]), undefined, "it is too short");
  assert.equal(uuid([1, ...new Array(16).fill(1)]), undefined, "it is of another type");
});

test("a client's identifiers are given back to it", () => {
  const uuid = Uint8Array.from({ length: 17 }, (_, n) => n);
  const id = Uint8Array.of(1, 2, 3);
  const packet = clientPacket("discover", { options: [[OPTION.clientId, id], [OPTION.machineId, uuid]] });
  const reply = replyTo(packet);
  assert.deepEqual([bytes(reply, OPTION.clientId), bytes(reply, OPTION.machineId)], [id, uuid]);
  assert.equal(describeClient(packet).uuid, "04030201-0605-0807-090a-0b0c0d0e0f10");
});

test("a proxy tells clients that want to boot what to boot, and nothing else to anybody", () => {
  const proxy = { mode: "proxy", host: { name: "n1" } } as const;
  const reply = replyTo(clientPacket("discover", FIRMWARE.bios), proxy);
  assert.deepEqual([reply.yiaddr, reply.siaddr, reply.file], ["0.0.0.0", SERVER, "undionly.kpxe"]);
  assert.equal(words(reply, OPTION.vendorClass), "PXEClient");
  assert.deepEqual(bytes(reply, OPTION.vendorOptions), Uint8Array.of(6, 1, 8, 255));
  assert.deepEqual([reply.options.has(OPTION.leaseTime), reply.options.has(OPTION.subnetMask)], [false, false]);
  const http = replyTo(clientPacket("discover", FIRMWARE.http), proxy);
  assert.deepEqual([words(http, OPTION.vendorClass), bytes(http, OPTION.vendorOptions)], ["HTTPClient", undefined]);

  const silent: [DhcpPacket, "dhcp" | "pxe"][] = [
    [clientPacket("discover"), "dhcp"],
    [clientPacket("request", { ...FIRMWARE.bios, wants: "10.77.0.11", server: "10.77.0.9" }), "dhcp"],
    [clientPacket("request", { ...FIRMWARE.bios, wants: "10.77.0.99" }), "dhcp"],
    [clientPacket("release"), "dhcp"],
    [clientPacket("discover", FIRMWARE.bios), "pxe"],
    [clientPacket("request", { ...FIRMWARE.bios, server: "10.77.0.9" }), "pxe"],
  ];
  for (const [packet, service] of silent) assert.equal(answerTo(packet, { ...proxy, service }).answer, "silent");
});

test("a proxy's boot service tells the same again, with the boot item that was asked for", () => {
  const item = Uint8Array.of(71, 4, 0, 0, 0, 0, 255);
  const packet = clientPacket("request", {
    ...FIRMWARE.uefi,
    ciaddr: "10.77.0.50",
    server: SERVER,
    options: [[OPTION.vendorOptions, item]],
  });
  const others: [number[], number[]][] = [
    [[0, 0, 71, 4, 0, 0, 0, 0, 255], [71, 4, 0, 0, 0, 0]],
    [[9, 2, 71, 4, 71, 4, 0, 7, 0, 1, 255], [71, 4, 0, 7, 0, 1]],
    [[71, 3, 0, 0, 0, 255], []],
    [[71, 4, 0, 0, 0], []],
    [[1, 200, 1], []],
    [[71], []],
    [[], []],
  ];
  for (const [said, repeated] of others) {
    const options: [number, Uint8Array][] = [[OPTION.vendorOptions, Uint8Array.from(said)]];
    const asked = clientPacket("request", { ...FIRMWARE.uefi, ciaddr: "10.77.0.50", server: SERVER, options });
    const told = replyTo(asked, { mode: "proxy", service: "pxe" });
    assert.deepEqual(bytes(told, OPTION.vendorOptions), Uint8Array.of(6, 1, 8, ...repeated, 255), said.join());
  }
  const reply = replyTo(packet, { mode: "proxy", service: "pxe" });
  assert.deepEqual(bytes(reply, OPTION.messageType), Uint8Array.of(MESSAGE.ack));
  assert.deepEqual([reply.yiaddr, reply.ciaddr, reply.file], ["0.0.0.0", "10.77.0.50", "ipxe.efi"]);
  assert.deepEqual(bytes(reply, OPTION.vendorOptions), Uint8Array.of(6, 1, 8, 71, 4, 0, 0, 0, 0, 255));
});

test("whatever a client says, it gets no address but its own, and a reply that can be sent", () => {
  const kinds = fc.constantFrom("discover", "request", "decline", "release", "inform");
  const modes = fc.constantFrom("server" as const, "proxy" as const);
  const covered = createCoverage("answers", ["silent", "offer", "ack", "nak"], 0.04);
  // Some of what a client says may well be true: random addresses alone are hardly ever of our network.
  const claims = fc.record({
    ciaddr: fc.constantFrom("10.77.0.11", "10.77.0.50", "10.99.0.1"),
    wants: fc.constantFrom("10.77.0.11", "10.77.0.50"),
  }, { requiredKeys: [], noNullPrototype: true });
  fc.assert(
    fc.property(dhcpPacket, claims, kinds, modes, fc.boolean(), (any, { ciaddr, ...claim }, kind, mode, pxe) => {
      const isClaiming = ciaddr !== undefined || claim.wants !== undefined;
      const packet = clientPacket(kind, { ...(isClaiming && FIRMWARE.uefi), ...claim });
      const options = new Map([...any.options, ...packet.options]);
      const here = isClaiming && { giaddr: "0.0.0.0", ciaddr: ciaddr ?? "0.0.0.0", options: packet.options };
      const said: DhcpPacket = { ...any, op: 1, chaddr: packet.chaddr, options, ...here };
      const result = answerTo(said, { mode, service: pxe ? "pxe" : "dhcp" });
      covered.saw(result.answer);
      if (result.answer === "silent") return;
      const { reply } = result;
      assert.ok(reply.yiaddr === "0.0.0.0" || (mode === "server" && reply.yiaddr === "10.77.0.11"));
      assert.equal(reply.xid, said.xid);
      assert.equal(readIpv4(reply.options.get(OPTION.serverId) ?? new Uint8Array()), SERVER);
      const { to, address } = destinationOf(said, reply, kind);
      assert.ok(to !== "client" || address === said.ciaddr);
      encodeDhcp(reply, 1472);
    }),
    { numRuns: 400 },
  );
  covered.check();
});

test("who asks another server for an address where this one gives them out is noticed; who gives one back there is not", () => {
  const said = { server: "10.77.0.9", wants: "10.77.0.11" };
  const others = (["request", "release"] as const).map((kind) => {
    const result = answerTo(clientPacket(kind, said));
    return result.answer === "silent" ? result.otherServer : "answered";
  });
  assert.deepEqual(others, ["10.77.0.9", undefined]);
});
