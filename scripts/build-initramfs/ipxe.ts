import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Arch, archOf } from "../debian/arch.ts";
import { type DebianPackages, openDebian } from "../debian/packages.ts";

/** The boot programs of an architecture, as DHCP names them: of a BIOS and of UEFI. */
const PROGRAMS: { readonly [arch in Arch]: readonly string[] } = {
  x86_64: ["undionly.kpxe", "ipxe.efi"],
  aarch64: ["ipxe-arm64.efi"],
};
/** The first release of Debian whose package has all of them: that of Debian 12 has none for ARM64. */
const RELEASE = "trixie";

/** Debian's iPXE, which a machine's own boot program fetches over TFTP or HTTP. */
export async function takeIpxe(
  arch: Arch,
  debian: DebianPackages,
): Promise<{ readonly name: string; readonly data: Uint8Array }[]> {
  const names = PROGRAMS[arch];
  const places = (folder: string) => names.map((name) => join(folder, "usr/lib/ipxe", name));
  const native = archOf(process.arch); // the package is the same for all, and found by this name only
  const own = places(await debian.unpack("ipxe", native));
  const files = own.every((file) => existsSync(file))
    ? own
    : places(await (await openDebian(RELEASE)).unpack("ipxe", native));
  return names.map((name, n) => ({ name, data: readFileSync(files[n] ?? "") }));
}
