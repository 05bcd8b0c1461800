import { firmwareName } from "./firmware.ts";
import type { DhcpBoot, DhcpClient, DhcpFirmware, Unserved } from "./types.ts";

/** The iPXE for each kind of firmware. Debian's package `ipxe` has the first two. */
const LOADERS: { readonly [firmware in DhcpFirmware]?: string } = {
  "bios": "undionly.kpxe",
  "uefi-x86_64": "ipxe.efi",
  "uefi-aarch64": "ipxe-arm64.efi",
};

/** What is configured for a machine, independent of its firmware. */
export interface BootInventory {
  /** `/arch` of its node. */
  readonly arch?: string;
  /** `/boot/loader`: a path in the boot files. */
  readonly loader?: string;
}

/** Tells whether there is a loader for `firmware`. */
export function hasLoader(firmware: DhcpFirmware): boolean {
  return LOADERS[firmware] !== undefined;
}

/**
 * Returns the loader for the machine of `client`, as a path in the boot files. cfg has precedence over what the
 * firmware reports: firmware of Raspberry Pis reports a BIOS.
 */
export function loaderFor(client: DhcpClient, { arch, loader }: BootInventory): string | Unserved {
  if (loader !== undefined) return loader;
  if (arch === "aarch64") return LOADERS["uefi-aarch64"] ?? "";
  const said = client.archs ?? [];
  const found = LOADERS[client.firmware];
  const fits = arch !== "x86_64" || client.firmware !== "uefi-aarch64";
  if (found !== undefined && fits) return found;
  const what = said.length === 0
    ? "its firmware does not say of which kind it is (DHCP option 93)"
    : `its firmware is of kind ${said.map(firmwareName).join(", ")} (DHCP option 93)` +
      (fits ? "" : `, and its /arch is ${arch}`);
  return { unserved: `${what}, for which there is no loader: set its /boot/loader` };
}

/**
 * Returns what `client` boots in the usual case: iPXE gets the script; other firmware gets its loader, over TFTP, or
 * over HTTP if it supports that (UEFI HTTP boot).
 *
 * @param inventory What is configured for the machine.
 * @param urls `script` is the URL of this client's iPXE script, `files` that of the folder with the loaders, without a
 *   slash at its end.
 */
export function standardBoot(
  client: DhcpClient,
  inventory: BootInventory,
  urls: { readonly script: string; readonly files: string },
): DhcpBoot | Unserved {
  if (client.ipxe) return { file: urls.script };
  const loader = loaderFor(client, inventory);
  if (typeof loader !== "string") return loader;
  // Without its own vendor class in the reply, UEFI does not accept a URL (UEFI 2.10, section 24.7.3.1).
  return client.http ? { file: `${urls.files}/${loader}`, vendorClass: "HTTPClient" } : { file: loader };
}
