import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Arch, archOf } from "../debian/arch.ts";
import { type DebianPackages, openDebian } from "../debian/packages.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The boot programs of an architecture, as DHCP names them: of a BIOS and of UEFI. */
const PROGRAMS: { readonly [arch in Arch]: readonly string[] } = {
  x86_64: ["undionly.kpxe", "ipxe.efi"],
  aarch64: ["ipxe-arm64.efi"],
};
const PACKAGE = "ipxe";
/** The package is the same for all machines, and found by the name of this one's architecture only. */
const NATIVE = archOf(process.arch);
/** The first release of Debian whose package has all of them: that of Debian 12 has none for ARM64. */
const RELEASE = "trixie";

/** iPXE for an architecture. */
export interface Ipxe {
  readonly programs: readonly { readonly name: string; readonly data: Uint8Array }[];
  /** Why there are none. */
  readonly problem?: string;
}

/**
 * Finds Debian's iPXE, which a machine's firmware fetches over TFTP or HTTP: from the release of the build machine, or else from the
 * first release that has it. Without either, the rest of a build still serves machines that bring their own iPXE.
 *
 * @param openNewer Opens the packages of that release.
 */
export async function takeIpxe(
  arch: Arch,
  debian: Pick<DebianPackages, "unpack">,
  openNewer: () => Promise<Pick<DebianPackages, "unpack">> = () => openDebian(RELEASE),
): Promise<Ipxe> {
  const own = programsIn(await debian.unpack(PACKAGE, NATIVE), arch);
  if (own !== undefined) return { programs: own };
  try {
    const newer = programsIn(await (await openNewer()).unpack(PACKAGE, NATIVE), arch);
    if (newer !== undefined) return { programs: newer };
    return { programs: [], problem: `Debian's ${PACKAGE} has no ${PROGRAMS[arch].join(" and ")}` };
  } catch (error) {
    const why = errorText(error);
    return {
      programs: [],
      problem: `Debian's ${PACKAGE} has no ${
        PROGRAMS[arch].join(" and ")
      } here, and the one of ${RELEASE} can't be downloaded: ${why}`,
    };
  }
}

function programsIn(folder: string, arch: Arch): Ipxe["programs"] | undefined {
  const files = PROGRAMS[arch].map((name) => ({ name, path: join(folder, "usr/lib/ipxe", name) }));
  if (!files.every(({ path }) => existsSync(path))) return undefined;
  return files.map(({ name, path }) => ({ name, data: readFileSync(path) }));
}
