import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootFault } from "../../aggregator/boot/boot_fault.ts";
import { renderAutoexec } from "../../aggregator/boot/autoexec.ts";
import type { DhcpClient } from "../../aggregator/boot/dhcp/mod.ts";
import { createFaults, type Faults } from "../../aggregator/boot/faults.ts";
import { createLoaderWatch } from "../../aggregator/boot/loader_watch.ts";
import { describeTftp } from "../../aggregator/boot/notes.ts";
import { ASK_AGAIN, type TftpEvent, UNANSWERED } from "../../aggregator/boot/tftp/mod.ts";
import type { BootMachine } from "../../modules/boot/tracker.ts";

const HOST: BootMachine = {
  ...{ id: "id", name: "n1", mac: "52:54:00:77:00:01", method: "pxe" },
  ...{ kernel: "vmlinuz", initrd: "initrd.img", arguments: [], images: [] },
};
const clientOf = (arch: number, firmware: DhcpClient["firmware"], more: Partial<DhcpClient> = {}): DhcpClient => ({
  ...{ mac: "52:54:00:77:00:01", arch, archs: [arch], firmware, http: false, ipxe: false, boots: true },
  ...more,
});
const UEFI = clientOf(7, "uefi-x86_64");

/** Faults of machines that find these files. */
async function withFaults(
  files: readonly string[],
  use: (faults: Faults, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-faults-"));
  for (const file of files) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), "x");
  }
  try {
    await use(createFaults(folder, (host) => bootFault(host, { root: folder, line: () => "" })), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a machine can't boot whose firmware has no loader, or whose loader is not there, until that changes", () =>
  withFaults(["vmlinuz", "initrd.img", "ppc/core.elf"], async (faults, folder) => {
    assert.equal(await faults.fault(HOST), undefined, "it has not asked yet");
    faults.heard("id", clientOf(12, "unknown"));
    assert.match(await faults.fault(HOST) ?? "", /kind 12 \(PowerPC Open Firmware\).*set its \/boot\/loader/);
    assert.equal(faults.loaderOf(HOST), undefined);
    const named = { ...HOST, loader: "ppc/core.elf" };
    assert.equal(await faults.fault(named), undefined);
    assert.equal(faults.loaderOf(named), "ppc/core.elf");
    assert.match(await faults.fault({ ...HOST, loader: "none" }) ?? "", /no file none .* which is its \/boot\/loader/);
    faults.heard("id", UEFI);
    assert.match(await faults.fault(HOST) ?? "", /no file ipxe.efi .* which is the loader for its firmware/);
    writeFileSync(join(folder, "ipxe.efi"), "x");
    assert.equal(await faults.fault(HOST), undefined);
    assert.equal(faults.loaderOf(HOST), "ipxe.efi");
    rmSync(join(folder, "vmlinuz"));
    assert.match(await faults.fault(HOST) ?? "", /no file vmlinuz/);
  }));

test("iPXE, a Raspberry Pi, and a machine whose boot is over are told of no loader", () =>
  withFaults(["vmlinuz", "initrd.img"], async (faults) => {
    faults.heard("id", { ...UEFI, ipxe: true });
    assert.deepEqual([await faults.fault(HOST), faults.loaderOf(HOST)], [undefined, undefined]);
    faults.heard("id", clientOf(0, "bios"));
    assert.equal(await faults.fault({ ...HOST, method: "rpi" }), undefined);
    assert.match(await faults.fault(HOST) ?? "", /undionly.kpxe/);
    faults.end("id");
    assert.equal(await faults.fault(HOST), undefined);
  }));

test("a loader that is fetched over and over is told of at the third time, and then more and more seldom", () => {
  const told: string[] = [];
  const watch = createLoaderWatch((node, why) => told.push(`${node}: ${/\d+ times/.exec(why)?.[0]}`));
  const host = { id: "id", name: "n1" };
  for (let n = 0; n < 250; n++) watch.fetched(host, "ipxe.efi");
  assert.deepEqual(told.splice(0), ["n1: 3 times", "n1: 10 times", "n1: 30 times", "n1: 100 times", "n1: 200 times"]);
  watch.end("id");
  for (let n = 0; n < 2; n++) watch.fetched(host, "ipxe.efi");
  assert.deepEqual(told, [], "it had its script in between");
  watch.fetched(host, "ipxe.efi");
  assert.deepEqual(told, ["n1: 3 times"]);
});

test("a TFTP transfer that breaks off or is refused is told with its reason; what any machine does on purpose is not", () => {
  const event: TftpEvent = {
    ...{ client: { address: "10.77.0.11", port: 2070 }, path: "ipxe.efi", kind: "failed", sent: 300, size: 1000 },
    reason: "The client does not answer",
  };
  assert.equal(
    describeTftp(event),
    "Its download of ipxe.efi over TFTP broke off at 30 % of 1000 bytes: The client does not answer",
  );
  assert.equal(
    describeTftp({ ...event, kind: "refused", reason: "There is no such file" }),
    "It asked for ipxe.efi over TFTP, and was refused: There is no such file",
  );
  assert.ok((describeTftp({ ...event, path: "x".repeat(500) }) ?? "").length < 400);
  for (const kind of ["start", "progress", "done", "probed"] as const) {
    assert.equal(describeTftp({ ...event, kind }), undefined);
  }
  assert.equal(describeTftp({ ...event, reason: UNANSWERED }), undefined, "it may be anybody's");
  assert.equal(describeTftp({ ...event, kind: "refused", reason: ASK_AGAIN }), undefined);
});

test("the script for iPXE that asks for one by itself takes an address first, and goes on until it has its script", () => {
  const lines = renderAutoexec("http://10.77.0.1:8080").split("\n");
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), [
    ...["#!ipxe", ":start", "dhcp", "chain", ":wait", "echo", "sleep", "goto", ""],
  ]);
  assert.match(
    lines[3] ?? "",
    /^chain --replace --autofree http:\/\/10\.77\.0\.1:8080\/boot\/v1\/script\?mac=.* \|\|$/,
  );
});
