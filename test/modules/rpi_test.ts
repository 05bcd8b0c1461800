import assert from "node:assert/strict";
import { test } from "node:test";
import { PI_OFFER } from "../../modules/rpi/dhcp.ts";
import { piFile, type PiHost, renderCommandLine, renderConfig } from "../../modules/rpi/files.ts";

const PI: PiHost = { serial: "9ffefdef", address: "10.77.0.21", kernel: "arm64/vmlinuz", initrd: "arm64/initrd.img" };
const MINE = { address: "10.77.0.21" };
const lookup = (serial: string) => serial === PI.serial ? PI : undefined;

test("option 43 is byte for byte the menu that the boot ROM looks for", () => {
  const known = "0601030a0400505845091400001152617370626572727920506920426f6f74ff";
  assert.equal([...PI_OFFER.vendorOptions].map((byte) => byte.toString(16).padStart(2, "0")).join(""), known);
});

test("what a Raspberry Pi asks for is its own, or the common firmware's", () => {
  const cases: [string, unknown][] = [
    ["bootcode.bin", { kind: "firmware", paths: ["rpi/bootcode.bin"] }],
    ["9ffefdef/start4.elf", { kind: "firmware", paths: ["rpi/9ffefdef/start4.elf", "rpi/start4.elf"] }],
    ["9ffefdef/overlays/x.dtbo", { kind: "firmware", paths: ["rpi/9ffefdef/overlays/x.dtbo", "rpi/overlays/x.dtbo"] }],
    ["9ffefdef/config.txt", { kind: "config" }],
    ["9ffefdef/cmdline.txt", { kind: "cmdline" }],
    ["9ffefdef/kernel8.img", { kind: "kernel", path: "arm64/vmlinuz" }],
    ["9ffefdef/initramfs.img", { kind: "initrd", path: "arm64/initrd.img" }],
    ["images/x.sqfs", undefined],
    ["9FFEFDEF/config.txt", undefined],
    ["00000000/config.txt", { kind: "refused", reason: "No node has /rpi/serial 00000000" }],
  ];
  for (const [path, expected] of cases) assert.deepEqual(piFile(path, MINE, lookup), expected, path);
});

test("one machine does not get the command line of another, with the token in it", () => {
  const other = piFile("9ffefdef/cmdline.txt", { address: "10.77.0.22" }, lookup);
  assert.deepEqual(other, { kind: "refused", reason: "It is for 10.77.0.21" });
  const { address: _, ...leased } = PI; // the site's own server gives the address
  assert.deepEqual(piFile("9ffefdef/cmdline.txt", MINE, () => leased), { kind: "cmdline" });
});

test("config.txt names the files that are served, and cmdline.txt is one line", () => {
  const config = renderConfig();
  const named = [...config.matchAll(/^(?:kernel=|initramfs )(\S+)/gm)].map(([, name]) => name ?? "");
  assert.deepEqual(named.map((name) => piFile(`9ffefdef/${name}`, MINE, lookup)?.kind), ["kernel", "initrd"]);
  assert.equal(
    renderCommandLine(["console=serial0,115200", "kraken.node=n1"]),
    "console=serial0,115200 kraken.node=n1\n",
  );
  assert.throws(() => renderCommandLine(["a", "b c"]), /argument 2/);
  assert.throws(() => renderCommandLine(["a\nb"]), /argument 1/);
});
