import type { DhcpBoot, DhcpClient, DhcpFirmware } from "./types.ts";

/** The iPXE that brings a machine's firmware to a script. Debian's package `ipxe` has the first two. */
const LOADERS: { readonly [firmware in DhcpFirmware]?: string } = {
  "bios": "undionly.kpxe",
  "uefi-x86_64": "ipxe.efi",
  "uefi-aarch64": "ipxe-arm64.efi",
};

/**
 * The usual choice of what a client boots: iPXE goes on to the script, other firmware gets the iPXE that fits it, over TFTP, or
 * over HTTP where it says that it can (UEFI HTTP boot). undefined: nothing here fits its firmware, or it does not ask.
 *
 * @param urls `script` is the URL of this client's iPXE script, `files` that of the folder with the loaders, without a slash
 * at its end.
 */
export function standardBoot(
  client: DhcpClient,
  urls: { readonly script: string; readonly files: string },
): DhcpBoot | undefined {
  if (!client.boots) return undefined;
  if (client.ipxe) return { file: urls.script };
  const loader = LOADERS[client.firmware];
  if (loader === undefined) return undefined;
  // Without its own vendor class in the reply, UEFI does not take a URL (UEFI 2.10, section 24.7.3.1).
  return client.http ? { file: `${urls.files}/${loader}`, vendorClass: "HTTPClient" } : { file: loader };
}
