import assert from "node:assert/strict";
import { test } from "node:test";
import { describeClient, macText } from "../../aggregator/boot/dhcp/client.ts";
import { firmwareName, firmwareOf } from "../../aggregator/boot/dhcp/firmware.ts";
import {
  ipv4Bytes,
  maskOf,
  optionAddress,
  parseIpv4,
  readIpv4,
  sameNetwork,
  u32Bytes,
} from "../../aggregator/boot/dhcp/ipv4.ts";
import type { DhcpClient } from "../../aggregator/boot/dhcp/mod.ts";
import { OPTION } from "../../aggregator/boot/dhcp/packet.ts";
import { hasLoader, loaderFor, standardBoot } from "../../aggregator/boot/dhcp/standard_boot.ts";
import { clientPacket, FIRMWARE, type Saying } from "./dhcp_packets.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const describe = (saying: Saying) => describeClient(clientPacket("discover", saying));

test("an IPv4 address is four numbers below 256, and nothing else", () => {
  assert.deepEqual(["0.0.0.0", "10.77.0.1", "255.255.255.255"].map(parseIpv4), [0, 0x0a4d0001, 0xffffffff]);
  assert.deepEqual([...ipv4Bytes("10.77.0.255")], [10, 77, 0, 255]);
  assert.deepEqual([...u32Bytes(0xfffefdfc)], [255, 254, 253, 252]);
  assert.equal(readIpv4(Uint8Array.of(9, 10, 77, 0, 1, 9), 1), "10.77.0.1");
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-1", "1.2.3.x", "1.2.3.1000", "1..3.4"]) {
    assert.throws(() => parseIpv4(text), {
      message: `Cannot read "${text}" as an IPv4 address: expected four numbers below 256`,
    });
  }
});

test("networks are compared by their first bits, none and all of them included", () => {
  assert.deepEqual([0, 1, 8, 24, 31, 32].map(maskOf), [
    ...[0, 0x80000000, 0xff000000, 0xffffff00, 0xfffffffe, 0xffffffff],
  ]);
  assert.ok(sameNetwork("10.77.0.1", "10.77.0.254", 24));
  assert.ok(!sameNetwork("10.77.0.1", "10.77.1.1", 24));
  assert.ok(sameNetwork("1.2.3.4", "200.1.1.1", 0));
  assert.ok(!sameNetwork("10.77.0.1", "10.77.0.2", 32));
});

test("an option that holds an address has four bytes at least", () => {
  const address = (bytes: number[]) =>
    optionAddress(clientPacket("discover", { options: [[50, Uint8Array.from(bytes)]] }), 50);
  assert.deepEqual([[10, 77, 0], [10, 77, 0, 1], [10, 77, 0, 1, 9]].map(address), [
    undefined,
    "10.77.0.1",
    "10.77.0.1",
  ]);
  assert.equal(optionAddress(clientPacket("discover"), 50), undefined);
});

test("numbers of option 93 are firmware as RFC 4578 and IANA have it", () => {
  const known = [[0, "bios"], [6, "uefi-x86"], [7, "uefi-x86_64"], [9, "uefi-x86_64"], [11, "uefi-aarch64"]] as const;
  const http = [[15, "uefi-x86"], [16, "uefi-x86_64"], [19, "uefi-aarch64"]] as const;
  const all = new Map<number, string>([...known, ...http]);
  for (let arch = 0; arch < 50; arch++) assert.equal(firmwareOf(arch), all.get(arch) ?? "unknown", String(arch));
  const names = {
    ...{ 0: "BIOS", 2: "Itanium UEFI", 6: "32-bit x86 UEFI", 7: "x86-64 UEFI", 9: "x86-64 UEFI" },
    ...{ 10: "32-bit ARM UEFI", 11: "ARM64 UEFI", 12: "PowerPC Open Firmware", 13: "PowerPC ePAPR", 14: "POWER OPAL" },
    ...{ 15: "32-bit x86 UEFI over HTTP", 16: "x86-64 UEFI over HTTP", 18: "32-bit ARM UEFI over HTTP" },
    ...{ 19: "ARM64 UEFI over HTTP", 20: "BIOS over HTTP", 21: "32-bit ARM U-Boot", 22: "ARM64 U-Boot" },
    ...{ 25: "32-bit RISC-V UEFI", 27: "64-bit RISC-V UEFI", 39: "64-bit LoongArch UEFI", 41: "Raspberry Pi" },
  };
  const named = new Map(Object.entries(names).map(([arch, name]) => [Number(arch), name]));
  for (let arch = 0; arch < 50; arch++) {
    const name = named.get(arch);
    assert.equal(firmwareName(arch), name === undefined ? String(arch) : `${arch} (${name})`);
  }
});

test("a client is read as it describes itself", () => {
  const client = describe({ ...FIRMWARE.uefi, mac: "52:54:00:AB:00:01", giaddr: "10.77.0.1" });
  assert.deepEqual(client, {
    ...{ mac: "52:54:00:ab:00:01", firmware: "uefi-x86_64", http: false, ipxe: false, boots: true },
    ...{ arch: 7, archs: [7], vendorClass: FIRMWARE.uefi.vendorClass, relay: "10.77.0.1" },
  });
  assert.equal(macText(Uint8Array.of(0, 10, 255)), "00:0a:ff");
  const plain = describe({});
  assert.deepEqual([plain.firmware, plain.archs, plain.boots, "arch" in plain, "relay" in plain], [
    ...["unknown", [], false, false, false],
  ]);
});

test("who boots is known by its vendor class, and iPXE by its user class or its option", () => {
  const kinds = (saying: Saying) => {
    const { boots, http, ipxe } = describe(saying);
    return { boots, http, ipxe };
  };
  assert.deepEqual(kinds({ vendorClass: "PXEClient" }), { boots: true, http: false, ipxe: false });
  assert.deepEqual(kinds({ vendorClass: "HTTPClient" }), { boots: true, http: true, ipxe: false });
  assert.deepEqual(kinds({ vendorClass: "MyPXEClient" }), { boots: false, http: false, ipxe: false });
  assert.deepEqual(kinds({ userClass: "\x04iPXE" }), { boots: true, http: false, ipxe: true });
  assert.deepEqual(kinds({ vendorClass: "HTTPClient", userClass: "iPXE" }), { boots: true, http: false, ipxe: true });
  assert.deepEqual(kinds({ options: [[OPTION.ipxe, new Uint8Array(1)]] }), { boots: true, http: false, ipxe: true });
  assert.deepEqual(kinds({ userClass: "other" }), { boots: false, http: false, ipxe: false });
});

test("of the kinds of firmware the first with a loader counts, or else the first; firmware may say it in its class only", () => {
  const archs = (...bytes: number[]) => {
    const { arch, archs, firmware } = describe({ options: [[OPTION.architecture, Uint8Array.from(bytes)]] });
    return [arch, archs, firmware];
  };
  assert.deepEqual(archs(0, 12, 0, 7), [7, [12, 7], "uefi-x86_64"]);
  assert.deepEqual(archs(0, 12, 0, 13), [12, [12, 13], "unknown"]);
  assert.deepEqual(archs(1, 2), [258, [258], "unknown"]);
  assert.deepEqual(archs(0, 7, 9), [7, [7], "uefi-x86_64"], "half a number is none");
  assert.deepEqual(archs(0), [undefined, [], "unknown"]);
  const many = Array.from({ length: 40 }, (_, at) => at % 2 === 0 ? 0 : 12);
  assert.deepEqual(archs(...many)[1], Array.from({ length: 16 }, () => 12));
  assert.deepEqual(describe({ vendorClass: "PXEClient:Arch:00011:UNDI" }).archs, [11]);
  assert.deepEqual(describe({ vendorClass: "HTTPClient:Arch:00016" }).archs, [16]);
  for (const vendorClass of ["PXEClient:Arch:7", "Client:Arch:00007", "xPXEClient:Arch:00007"]) {
    assert.deepEqual(describe({ vendorClass }).archs, []);
  }
});

test("texts of a client are kept in printable characters, 128 of them at most", () => {
  const vendorClass = (text: string) => describe({ options: [[OPTION.vendorClass, bytesOf(text)]] }).vendorClass;
  assert.equal(vendorClass("a\x1f\x20\x7e\x7fb"), "a ~b");
  assert.equal(vendorClass("x".repeat(130)), "x".repeat(128));
  assert.equal(vendorClass("\n"), undefined);
});

test("a machine's UUID is read with the byte order of its first three fields turned, where it is one", () => {
  const uuid = (...bytes: number[]) => describe({ options: [[OPTION.machineId, Uint8Array.from(bytes)]] }).uuid;
  const sixteen = Array.from({ length: 16 }, (_, n) => n + 1);
  assert.equal(uuid(0, ...sixteen), "04030201-0605-0807-090a-0b0c0d0e0f10");
  assert.equal(uuid(0, ...sixteen, 99), "04030201-0605-0807-090a-0b0c0d0e0f10");
  assert.equal(uuid(1, ...sixteen), undefined);
  assert.equal(uuid(0, ...sixteen.slice(1)), undefined);
});

const URLS = { script: "http://10.77.0.1/script", files: "http://10.77.0.1/files" };
const clientOf = (saying: Saying): DhcpClient => describe(saying);

test("iPXE goes on to its script, and firmware to the loader that fits it, by the way that it can", () => {
  assert.deepEqual(standardBoot(clientOf(FIRMWARE.ipxe), {}, URLS), { file: URLS.script });
  assert.deepEqual(standardBoot(clientOf(FIRMWARE.bios), {}, URLS), { file: "undionly.kpxe" });
  assert.deepEqual(standardBoot(clientOf(FIRMWARE.uefi), {}, URLS), { file: "ipxe.efi" });
  assert.deepEqual(standardBoot(clientOf(FIRMWARE.arm), {}, URLS), { file: "ipxe-arm64.efi" });
  assert.deepEqual(standardBoot(clientOf(FIRMWARE.http), {}, URLS), {
    ...{ file: `${URLS.files}/ipxe.efi`, vendorClass: "HTTPClient" },
  });
  const unknown = "unserved" in standardBoot(clientOf({ arch: 12, vendorClass: "PXEClient" }), {}, URLS);
  assert.ok(unknown);
  const firmwares = ["bios", "uefi-x86", "uefi-x86_64", "uefi-aarch64", "unknown"] as const;
  assert.deepEqual(firmwares.map(hasLoader), [true, false, true, true, false]);
});

test("a cfg's loader comes first, then its architecture, and what does not fit that is not served", () => {
  const pi = clientOf(FIRMWARE.bios);
  assert.equal(loaderFor(pi, { loader: "own.efi", arch: "aarch64" }), "own.efi");
  assert.equal(loaderFor(pi, { arch: "aarch64" }), "ipxe-arm64.efi");
  assert.equal(loaderFor(pi, { arch: "x86_64" }), "undionly.kpxe");
  assert.deepEqual(loaderFor(clientOf(FIRMWARE.arm), { arch: "x86_64" }), {
    unserved: "its firmware is of kind 11 (ARM64 UEFI) (DHCP option 93), and its /arch is x86_64, " +
      "for which there is no loader: set its /boot/loader",
  });
  assert.deepEqual(loaderFor(clientOf({ vendorClass: "PXEClient" }), {}), {
    unserved: "its firmware does not say of which kind it is (DHCP option 93), " +
      "for which there is no loader: set its /boot/loader",
  });
  const two = clientOf({ options: [[OPTION.architecture, Uint8Array.of(0, 12, 0, 50)]] });
  assert.deepEqual(loaderFor(two, { arch: "ppc" }), {
    unserved: "its firmware is of kind 12 (PowerPC Open Firmware), 50 (DHCP option 93), " +
      "for which there is no loader: set its /boot/loader",
  });
});
