import { scriptUrl } from "./http/script.ts";

/** The file that iPXE for UEFI requests from its own folder, over TFTP and HTTP, before anything else. */
const NAME = "autoexec.ipxe";

/** Tells whether `path` is the one where iPXE looks for its own script. */
export function isAutoexec(path: string): boolean {
  return path === NAME || path.endsWith(`/${NAME}`);
}

/**
 * Renders the script for an iPXE that looks for one by itself: it takes an address and continues with the script of its
 * machine at `server`. No interface is open when it runs, so without an address it could fetch nothing.
 */
export function renderAutoexec(server: string): string {
  return [
    "#!ipxe",
    ":start",
    "dhcp || goto wait",
    `chain --replace --autofree ${scriptUrl(server, "${netX/mac}")} ||`,
    ":wait",
    "echo Kraken: that failed, tries again in 5 s",
    "sleep 5",
    "goto start",
    "",
  ].join("\n");
}
