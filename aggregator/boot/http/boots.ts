import type { PxeDesk, PxeHost } from "../../../modules/pxe/desk.ts";
import { createProgress, type Progress } from "../progress.ts";

/** Follows the transfers of machines that were given a script. */
export interface Boots {
  /** A machine at this address was given a script that names its kernel and initramfs. */
  begin(host: PxeHost, address: string): void;
  /** Somebody at an address took bytes of a file, in the name of a machine. */
  took(mac: string, address: string, path: string, first: number, end: number, size: number): void;
}

/** Makes an empty list of boots: what belongs to an earlier run of this program is fetched again, or is over. */
export function createBoots(desk: PxeDesk): Boots {
  const boots = new Map<string, { readonly address: string; readonly progress: Progress }>();
  return {
    begin(host, address) {
      boots.set(host.id, { address, progress: createProgress([host.kernel, host.initrd]) });
      desk.saw(host.id, { kind: "script" });
    },
    took(mac, address, path, first, end, size) {
      const host = desk.host(mac);
      const boot = host && boots.get(host.id);
      if (host === undefined || boot === undefined || boot.address !== address) return;
      boot.progress.took(path, first, end, size);
      const { percent } = boot.progress;
      desk.saw(host.id, percent === 100 ? { kind: "loaded" } : { kind: "progress", percent });
      if (percent === 100) boots.delete(host.id);
    },
  };
}
