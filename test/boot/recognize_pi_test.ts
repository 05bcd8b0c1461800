import assert from "node:assert/strict";
import { test } from "node:test";
import { type PiSight, type RecognizedPi, recognizePi } from "../../src/boot/mod.ts";

test("a Raspberry Pi is known by its MAC address or its UUID, and its serial number is read in the order of its MAC address", () => {
  const mac = "dc:a6:32:36:c2:0a";
  const cases: [PiSight, RecognizedPi | undefined][] = [
    [{ mac, arch: "bios" }, {}],
    [{ mac }, {}],
    [{ mac, arch: "bios", uuid: "34695052-3114-00c0-0ac2-3632efcdab9f" }, { serial: "9fabcdef" }],
    [{ mac, arch: "bios", uuid: "34695052-3114-00c0-3236-c20a9fabcdef" }, { serial: "9fabcdef" }],
    [{ mac, arch: "bios", uuid: "34695052-3114-00c0-1111-22229fabcdef" }, {}],
    [{ mac, arch: "bios", uuid: "44444444-4444-4444-4444-444444444444" }, {}],
    [{ mac: "02:00:00:36:c2:0a", uuid: "34695052-3114-00c0-0036-c20a9fabcdef" }, { serial: "9fabcdef" }],
    [{ mac: "02:00:00:36:c2:0a", arch: "bios" }, undefined],
    [{ mac: "52:54:00:77:00:01", arch: "bios", uuid: "4c4c4544-0044-4d10-8052-b4c04f4d4d32" }, undefined],
    [{ mac, arch: "uefi-aarch64" }, undefined],
    [{ mac, arch: "uefi-x86_64", uuid: "34695052-3114-00c0-3236-c20a9fabcdef" }, undefined],
  ];
  for (const [sight, expected] of cases) assert.deepEqual(recognizePi(sight), expected, JSON.stringify(sight));
});
