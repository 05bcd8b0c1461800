import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { Arch } from "../../scripts/debian/arch.ts";
import { UEFI } from "../../scripts/vcluster/qemu/command.ts";
import { NO_MACHINES, withMachines } from "./lab.ts";

const LIMIT = 480_000;

/** Why machines with UEFI can't be tried here. */
function without(arch: Arch, package_: string): { readonly skip?: string } {
  const skip = NO_MACHINES ?? (existsSync(UEFI[arch].code) ? undefined : `${package_} is not installed`);
  return skip === undefined ? {} : { skip };
}

test("UEFI's own network boot loads iPXE, over TFTP and over HTTP", without("x86_64", "ovmf"), async () => {
  await withMachines({ nodes: 2, uefi: ["n1"], "uefi-http": ["n2"] }, async (lab) => {
    await lab.converge(LIMIT);
    assert.match(lab.console("n1"), /Start PXE over IPv4.*NBP filename is ipxe\.efi.*iPXE/s);
    assert.match(
      lab.console("n2"),
      /Start HTTP Boot over IPv4.*URI: http:\/\/10\.77\.0\.1:8080\/boot\/v1\/files\/ipxe\.efi.*iPXE/s,
    );
    assert.doesNotMatch(lab.console("n2"), /PXE over IPv4/);
  });
});

test("an ARM64 machine boots", without("aarch64", "qemu-efi-aarch64"), async () => {
  await withMachines({ nodes: 1, aarch64: ["n1"] }, async (lab) => {
    await lab.converge(LIMIT);
    assert.match(lab.console("n1"), /Start PXE over IPv4.*NBP filename is ipxe-arm64\.efi.*iPXE/s);
    assert.match(lab.console("n1"), /kraken: n1 boots with Linux \S+-arm64/);
  });
});
