import assert from "node:assert/strict";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bootFault } from "../../aggregator/boot/boot_fault.ts";
import { TOKEN_SHAPE } from "../../aggregator/boot/enrolment.ts";
import { type BootMachine, bootMachineOf } from "../../modules/boot/tracker.ts";
import { commandLine } from "../../src/boot/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualBoot } from "./virtual_boot.ts";

const MAC = "52:54:00:77:00:01";
const MIB = 2 ** 20;
const GIB = 2 ** 30;

function machine(cfg: Record<string, Value>, view: Record<string, Value> = {}): BootMachine {
  const given = new Map<string, Value>([["/ipv4/mac", MAC], ["/boot/method", "pxe"], ...Object.entries(cfg)]);
  return bootMachineOf({ id: "id", name: "n1", cfg: given, view: new Map(Object.entries(view)) }) ?? assert.fail();
}

/** Files of these sizes, and what speaks against booting them. */
async function faultOf(
  sizes: Record<string, number>,
  cfg: Record<string, Value> = {},
  view: Record<string, Value> = {},
): Promise<string | undefined> {
  let fault: string | undefined;
  await withFolder(async (root) => {
    mkdirSync(join(root, "images"));
    for (const [path, size] of Object.entries({ vmlinuz: 8 * MIB, "initrd.img": 32 * MIB, ...sizes })) {
      writeFileSync(join(root, path), "");
      truncateSync(join(root, path), size);
    }
    fault = await bootFault(machine(cfg, view), { root, line: () => "" });
  });
  return fault;
}

test("a machine boots what is there, as long as nothing is known that speaks against it", async () => {
  assert.equal(await faultOf({}), undefined);
  assert.equal(await faultOf({ "initrd.img": 4 * GIB - 1 }), undefined);
  assert.equal(await faultOf({}, { "/boot/memory": 40 }), undefined);
  const missing = await faultOf({}, { "/boot/kernel": "typo" });
  assert.equal(missing, "there is no file typo below the boot files, which is its /boot/kernel");
});

test("an empty file, and one that is larger than boot loaders take, are refused with their size", async () => {
  assert.equal(await faultOf({ vmlinuz: 0 }), "the file vmlinuz is empty, which is its /boot/kernel");
  const large = "the file initrd.img has 5120 MiB, which is its /boot/initrd: boot loaders take less than 4096 MiB";
  assert.equal(await faultOf({ "initrd.img": 5 * GIB }), large);
  assert.match(await faultOf({ "initrd.img": 4 * GIB }) ?? "", /has 4096 MiB/);
});

test("what does not fit in the memory of a machine is refused, with what is known of that and from where", async () => {
  const seen = { "/boot/seenMemory": 1_024 };
  assert.equal(
    await faultOf({ "initrd.img": 1_017 * MIB }, {}, seen),
    "its kernel and initramfs have 1025 MiB, more than the 1024 MiB of memory that it had when it last ran " +
      "(/boot/memory says it where it has more by now)",
  );
  assert.equal(await faultOf({ "initrd.img": 1_016 * MIB }, {}, seen), undefined);
  assert.equal(
    await faultOf({ "initrd.img": 1_017 * MIB }, { "/boot/memory": 4_096 }, seen),
    undefined,
    "cfg outranks it",
  );
  assert.equal(
    await faultOf({}, { "/boot/memory": 39 }, seen),
    "its kernel and initramfs have 40 MiB, more than the 39 MiB of memory that its /boot/memory says",
  );
});

test("a root image that the node is to run has to fit beside its initramfs", async () => {
  const sizes = { "images/os": 600 * MIB, "images/site": 400 * MIB };
  const cfg = { "/image/name": "os", "/image/layers": [{ name: "site", digest: "" }], "/image/state": "ACTIVE" };
  const with1000 = { ...cfg, "/boot/memory": 1_000 };
  assert.match(
    await faultOf(sizes, with1000) ?? "",
    /^its initramfs and root image have 1032 MiB, more than the 1000 MiB of memory that its \/boot\/memory says$/,
  );
  assert.equal(await faultOf(sizes, { ...cfg, "/boot/memory": 1_032 }), undefined);
  assert.equal(await faultOf(sizes, { ...with1000, "/image/state": "IDLE" }), undefined);
  assert.equal(
    await faultOf(sizes, { ...with1000, "/image/url": "http://x/os" }),
    undefined,
    "its size is not known here",
  );
  const elsewhere = { ...with1000, "/image/layers": [{ name: "site", digest: "", url: "http://x/site" }] };
  assert.equal(await faultOf(sizes, elsewhere), undefined);
  assert.equal(await faultOf({}, with1000), undefined, "an image can still be put there");
});

test("a command line that a kernel would cut is refused, with its length and what the kernel takes", async () => {
  await withFolder(async (root) => {
    for (const file of ["vmlinuz", "initrd.img"]) writeFileSync(join(root, file), "x");
    const boot = { cluster: "lab", parent: "p", server: "http://10.77.0.1:8080", token: TOKEN_SHAPE };
    const line = (of: BootMachine) => commandLine(of, boot);
    const own = line(machine({})).length;
    const faultWith = (length: number, arch: string) =>
      bootFault(machine({ "/boot/arguments": "x".repeat(length), "/arch": arch }), { root, line });
    for (const arch of ["x86_64", "aarch64", "riscv64"]) {
      assert.equal(await faultWith(2_047 - own - 1, arch), undefined);
      assert.equal(
        await faultWith(2_047 - own, arch),
        "its kernel's command line has 2048 characters, of which a kernel takes 2047: shorten its /boot/arguments",
      );
    }
  });
});

test("a token and what stands for it when a command line is measured are of one length", async () => {
  const world = await createVirtualBoot();
  assert.equal(world.enrolment.issue("id", MAC).length, TOKEN_SHAPE.length);
  await world.aggregator.stop();
});

test("Kraken's own arguments are no longer than is allowed for, and longer ones of a cfg are warned of with both numbers", async () => {
  const longest = {
    ...machine({ "/ipv4/address": "100.100.100.100", "/ipv4/gateway": "100.100.100.101" }),
    name: "n".repeat(64),
  };
  const dns = ["100.100.100.102", "100.100.100.103", "100.100.100.104"];
  const lease = { address: "100.100.100.100", prefix: 24, gateway: "100.100.100.101", dns };
  const boot = { cluster: "c".repeat(64), parent: crypto.randomUUID(), server: "http://100.100.100.100:65535" };
  const own = commandLine({ ...longest, lease }, { ...boot, token: TOKEN_SHAPE }).length;
  assert.ok(own <= 530, `${own}`);
  const world = await createVirtualBoot();
  const warningsOf = (length: number) => {
    const applied = world.apply({ n1: { "/boot/arguments": "x".repeat(length) } });
    return applied.ok ? applied.changes[0]?.warnings : applied;
  };
  assert.equal(warningsOf(2_047 - 530), undefined);
  assert.deepEqual(warningsOf(2_047 - 529), [
    "/boot/arguments has 1518 characters: with up to 530 of Kraken's own the kernel's command line " +
    "may be longer than the 2047 that a kernel takes, and the machine is not booted then",
  ]);
  const refused = world.apply({ n1: { "/boot/arguments": "x".repeat(2_049) } });
  assert.match(JSON.stringify(refused), /expected a string of at most 2048 characters, and it has 2049/);
  await world.aggregator.stop();
});
