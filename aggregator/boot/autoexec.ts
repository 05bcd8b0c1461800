import { scriptUrl } from "./http/script.ts";

/** What iPXE for UEFI asks for beside itself, over TFTP and HTTP, before it does anything else. */
const NAME = "autoexec.ipxe";

/** Tells whether a path is the one where iPXE looks for a script of its own. */
export function isAutoexec(path: string): boolean {
  return path === NAME || path.endsWith(`/${NAME}`);
}

/**
 * The script for iPXE that asks for one by itself: it takes an address and goes on with the script of its machine. Nothing is open
 * yet when it runs, so that without an address it could fetch nothing.
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
