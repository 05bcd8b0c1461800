import type { BootMachine } from "../../modules/boot/tracker.ts";
import { type DhcpClient, loaderFor } from "./dhcp/mod.ts";
import { openFile } from "./open_file.ts";

/** Knows why machines can't boot: what of their cfg is not there, and what their firmware has said of itself. */
export interface Faults {
  /** A machine has asked over DHCP what to boot, and describes itself like this. */
  heard(id: string, client: DhcpClient): void;
  /** The loader that the firmware of a machine is told to fetch; undefined: none, or it is not known yet. */
  loaderOf(host: BootMachine): string | undefined;
  /** Why a machine can't boot, in words; undefined: it can, as far as is known. */
  fault(host: BootMachine): Promise<string | undefined>;
  /** A machine has got further than its loader, its boot is over, or its node is gone. */
  end(id: string): void;
}

/**
 * Makes what has heard of no machine yet.
 *
 * @param files The folder of what is served. @param own What is wrong with what a machine's cfg says, whatever firmware it has.
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
