import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createRpiBoot } from "../../aggregator/boot/rpi.ts";
import type { TftpEvent } from "../../aggregator/boot/tftp/mod.ts";
import type { RpiHost } from "../../modules/rpi/module.ts";
import type { BootSight } from "../../src/boot/mod.ts";
import { createLog } from "../../src/log.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const SERIAL = "9ffefdef";
const PI: RpiHost = {
  ...{ id: "id", name: "pi", serial: SERIAL, mac: "dc:a6:32:00:00:01", method: "rpi" },
  ...{
    kernel: "vmlinuz",
    initrd: "initrd.img",
    arguments: [],
    images: [],
    lease: { address: "10.77.0.5", prefix: 24 },
  },
};
const OWN = { address: "10.77.0.5", port: 1_024 };
const OTHER = { address: "10.77.0.6", port: 1_024 };

/** What serves one Raspberry Pi, without a network. */
async function withPi(
  body: (world: {
    /** What is sent for a path: its text, or what is said instead. */
    readonly read: (path: string, client?: typeof OWN) => Promise<string | undefined>;
    readonly note: (path: string, kind: TftpEvent["kind"], sent?: number, size?: number) => void;
    readonly boot: ReturnType<typeof createRpiBoot>;
    readonly state: { isUp: boolean; fault: string | undefined; admit: "yes" | "many" };
    readonly sights: BootSight[];
    readonly lines: string[];
  }) => Promise<void>,
  options: { readonly holdsAddresses?: boolean; readonly host?: RpiHost } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const files = { "rpi/start4.elf": "firmware", "vmlinuz": "kernel", "initrd.img": "initramfs" };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const state: { isUp: boolean; fault: string | undefined; admit: "yes" | "many" } = {
      ...{ isUp: false, fault: undefined, admit: "yes" },
    };
    const sights: BootSight[] = [];
    const lines: string[] = [];
    let tokens = 0;
    const boot = createRpiBoot({
      registry: {
        host: (serial) => serial === SERIAL ? options.host ?? PI : undefined,
        isUp: () => state.isUp,
        isRunning: () => false,
        saw: (_, sight) => sights.push(sight),
      },
      ...{ files: folder, holdsAddresses: options.holdsAddresses ?? true },
      admit: () => state.admit,
      fault: () => Promise.resolve(state.fault),
      words: () => [`kraken.token=t${++tokens}`],
      ...{ clock: createVirtualClock(), log: createLog((line) => lines.push(line)) },
    });
    await body({
      ...{ boot, state, sights, lines },
      async read(path, client = OWN) {
        const source = await boot.read(path, client);
        if (source === undefined || typeof source === "string") return source;
        const text = new TextDecoder().decode(await source.read(0, source.size));
        await source.close();
        return text;
      },
      note: (path, kind, sent = 0, size = 100) => boot.note({ client: OWN, path, kind, sent, size }),
    });
  });
}

test("what is none of a Raspberry Pi is for others to answer", () =>
  withPi(async ({ read, lines }) => {
    for (const path of ["ipxe.efi", "vmlinuz", "boot/config.txt"]) assert.equal(await read(path), "other", path);
    assert.equal(await read("12345678/config.txt"), undefined, "it is one that nobody knows");
    assert.deepEqual(lines.map((line) => JSON.parse(line).reason), ["No node has /rpi/serial 12345678"]);
  }));

test("a Raspberry Pi has firmware, words, kernel and initramfs of its own, and nothing else below its serial number", () =>
  withPi(async ({ read }) => {
    assert.equal(await read(`${SERIAL}/start4.elf`), "firmware");
    assert.equal(await read(`${SERIAL}/cmdline.txt`), "kraken.token=t1\n");
    assert.equal(await read(`${SERIAL}/kernel8.img`), "kernel");
    assert.equal(await read(`${SERIAL}/initramfs.img`), "initramfs");
    assert.equal(await read(`${SERIAL}/fixup4.dat`), undefined);
  }));

test("where we give the addresses others get none of its files, and the log says to whom they were refused", () =>
  withPi(async ({ read, lines }) => {
    assert.equal(await read(`${SERIAL}/cmdline.txt`, OTHER), undefined);
    const { level, message, path, address, reason } = JSON.parse(lines[0] ?? "{}");
    assert.deepEqual([level, message, path, address], [
      ...["warn", "Refused a file to a Raspberry Pi", `${SERIAL}/cmdline.txt`, OTHER.address],
    ]);
    assert.equal(reason, "It is for 10.77.0.5");
  }));

test("where a site's own server gives the addresses it may ask from anywhere", () =>
  withPi(async ({ read, lines }) => {
    assert.equal(await read(`${SERIAL}/cmdline.txt`, OTHER), "kraken.token=t1\n");
    assert.deepEqual(lines, []);
  }, { holdsAddresses: false }));

test("one without an address in its cfg may ask from anywhere", () => {
  const { lease: _, ...host } = PI;
  return withPi(async ({ read }) => {
    assert.equal(await read(`${SERIAL}/cmdline.txt`, OTHER), "kraken.token=t1\n");
  }, { host });
});

test("one that can't boot, or whose agent is heard, gets nothing, with the reason in the log", () =>
  withPi(async ({ read, lines, state }) => {
    state.fault = "there is no file vmlinuz";
    assert.equal(await read(`${SERIAL}/start4.elf`), undefined);
    state.fault = undefined;
    state.isUp = true;
    assert.equal(await read(`${SERIAL}/start4.elf`), undefined);
    assert.deepEqual(lines.map((line) => JSON.parse(line).reason), [
      ...["there is no file vmlinuz", "pi is in use, as its agent is heard"],
    ]);
  }));

test("one that has to wait for its turn is told nothing, and has its words later", () =>
  withPi(async ({ read, state }) => {
    state.admit = "many";
    assert.equal(await read(`${SERIAL}/cmdline.txt`), "later");
    state.admit = "yes";
    assert.equal(await read(`${SERIAL}/cmdline.txt`), "kraken.token=t1\n");
    state.admit = "many";
    assert.equal(await read(`${SERIAL}/cmdline.txt`), "kraken.token=t1\n", "it has them already");
  }));

test("a boot that is over, or begins anew, has words of its own", () =>
  withPi(async ({ read, boot }) => {
    const line = () => read(`${SERIAL}/cmdline.txt`);
    assert.equal(await line(), "kraken.token=t1\n");
    boot.begins("id");
    assert.equal(await line(), "kraken.token=t2\n");
    boot.end("id");
    assert.equal(await line(), "kraken.token=t3\n");
    boot.begins("another");
    assert.equal(await line(), "kraken.token=t3\n");
  }));

test("its boot is followed from when it has its config.txt, by what it has of kernel and initramfs", () =>
  withPi(({ note, sights }) => {
    note(`${SERIAL}/kernel8.img`, "done", 100);
    assert.deepEqual(sights, [], "it has not begun");
    note(`${SERIAL}/config.txt`, "start");
    note(`${SERIAL}/config.txt`, "failed");
    assert.deepEqual(sights, []);
    note(`${SERIAL}/config.txt`, "done");
    note(`${SERIAL}/kernel8.img`, "start");
    note(`${SERIAL}/kernel8.img`, "refused", 100);
    note(`${SERIAL}/start4.elf`, "done", 100);
    note("12345678/kernel8.img", "done", 100);
    note("ipxe.efi", "done", 100);
    assert.deepEqual(sights.splice(0), [{ kind: "script" }]);
    note(`${SERIAL}/kernel8.img`, "progress", 50);
    note(`${SERIAL}/kernel8.img`, "done", 100);
    note(`${SERIAL}/initramfs.img`, "progress", 200, 300);
    note(`${SERIAL}/initramfs.img`, "done", 300, 300);
    assert.deepEqual(sights.splice(0), [
      { kind: "progress", percent: 25 },
      { kind: "progress", percent: 50 },
      { kind: "progress", percent: 75 },
      { kind: "loaded" },
    ]);
    note(`${SERIAL}/kernel8.img`, "done", 100);
    assert.deepEqual(sights, [], "it has all");
    return Promise.resolve();
  }));

test("nothing is followed of a boot that is over", () =>
  withPi(({ note, sights, boot }) => {
    note(`${SERIAL}/config.txt`, "done");
    boot.end("id");
    sights.length = 0;
    note(`${SERIAL}/kernel8.img`, "done", 100);
    assert.deepEqual(sights, []);
    return Promise.resolve();
  }));
