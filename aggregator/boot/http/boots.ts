import type { PxeHost, PxeRegistry } from "../../../modules/pxe/registry.ts";
import { fullBucket, type Rate, takeToken } from "../../../src/toolkit/mod.ts";
import type { Clock } from "../../../src/clock.ts";
import { createTransferProgress, type TransferProgress } from "../progress.ts";

/** A machine gets at most one token in this time, in milliseconds: each token is written to disk. */
const PAUSE = 1_000;
/** The rate for all machines: a thousand that are switched on at once get their tokens within two seconds. */
const TOKENS: Rate = { burst: 200, perSecond: 400 };

/** Follows the machines that were given a script, and their transfers. */
export interface Boots {
  /**
   * Tells whether a machine may have a script now, and counts it: `just-now`: it had one a moment ago; `many`: too many
   * others had one.
   */
  admit(id: string): "yes" | "just-now" | "many";
  /** Records that a machine at this address was given a script that names its kernel and initramfs. */
  begin(host: PxeHost, address: string): void;
  /** Records that bytes of a file were sent to an address in the name of a machine. */
  took(mac: string, address: string, path: string, first: number, end: number, size: number): void;
  /** Reports that the boot of a node has ended, or that the node no longer exists. */
  end(id: string): void;
}

/**
 * Creates an empty list of boots, which reports to `registry` and uses `clock`: boots of an earlier run of this program
 * fetch again, or have ended.
 */
export function createBoots(registry: PxeRegistry, clock: Clock): Boots {
  const bucket = fullBucket(TOKENS, clock.now());
  const admitted = new Map<string, number>(); // time, by node
  const boots = new Map<string, { readonly address: string; readonly progress: TransferProgress }>();
  return {
    admit(id) {
      const now = clock.now();
      if (now - (admitted.get(id) ?? -Infinity) < PAUSE) return "just-now";
      if (!takeToken(bucket, TOKENS, now)) return "many";
      admitted.set(id, now);
      return "yes";
    },
    begin(host, address) {
      boots.set(host.id, { address, progress: createTransferProgress([host.kernel, host.initrd]) });
      registry.saw(host.id, { kind: "script" });
    },
    took(mac, address, path, first, end, size) {
      const host = registry.host(mac);
      const boot = host && boots.get(host.id);
      if (host === undefined || boot === undefined || boot.address !== address) return;
      boot.progress.took(path, first, end, size);
      const { percent } = boot.progress;
      registry.saw(host.id, percent === 100 ? { kind: "loaded" } : { kind: "progress", percent });
      if (percent === 100) boots.delete(host.id);
    },
    end(id) {
      admitted.delete(id);
      boots.delete(id);
    },
  };
}
