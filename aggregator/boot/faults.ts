import type { BootMachine } from "../../modules/boot/tracker.ts";
import { type DhcpClient, loaderFor } from "./dhcp/mod.ts";
import { openFile } from "./open_file.ts";

/** Knows why machines cannot boot: files of their cfg that are missing, and what their firmware has reported. */
export interface Faults {
  /** Reports that a machine has asked over DHCP what to boot, with its description of itself. */
  heard(id: string, client: DhcpClient): void;
  /** Returns the loader for the firmware of a machine; undefined if there is none or it is not known yet. */
  loaderOf(host: BootMachine): string | undefined;
  /** Returns why a machine cannot boot, in words; undefined if no reason is known. */
  fault(host: BootMachine): Promise<string | undefined>;
  /**
   * Reports that a machine has got further than its loader, that its boot has ended, or that its node no longer exists.
   */
  end(id: string): void;
}

/**
 * Creates the memory, which knows no machine yet.
 *
 * @param files The folder that is served. @param own Checks a machine's cfg, independent of its firmware.
 */
export function createFaults(files: string, own: Faults["fault"]): Faults {
  const clients = new Map<string, DhcpClient>(); // by node

  function loader(host: BootMachine): ReturnType<typeof loaderFor> | undefined {
    const client = clients.get(host.id);
    return host.method !== "pxe" || client === undefined || client.ipxe ? undefined : loaderFor(client, host);
  }
  async function loaderFault(host: BootMachine): Promise<string | undefined> {
    const found = loader(host);
    if (found === undefined) return undefined;
    if (typeof found !== "string") return found.unserved;
    const file = await openFile(files, found);
    await file?.handle.close();
    if (file !== undefined) return undefined;
    const whose = found === host.loader ? "its /boot/loader" : "the loader for its firmware";
    return `there is no file ${found} below the boot files, which is ${whose}`;
  }
  return {
    heard: (id, client) => void clients.set(id, client),
    loaderOf(host) {
      const found = loader(host);
      return typeof found === "string" ? found : undefined;
    },
    fault: async (host) => await own(host) ?? await loaderFault(host),
    end: (id) => void clients.delete(id),
  };
}
