import type { PxeHost, PxeRegistry } from "../../../modules/pxe/registry.ts";
import { fullBucket, type Rate, takeToken } from "../../../src/toolkit/mod.ts";
import type { Clock } from "../../../src/clock.ts";
import { createProgress, type Progress } from "../progress.ts";

/** A machine gets at most one token in so many milliseconds: each is written to the disk. */
const PAUSE = 1_000;
/** All machines together: a thousand of them that are switched on at once have theirs within two seconds. */
const TOKENS: Rate = { burst: 200, perSecond: 400 };

/** Follows the machines that were given a script, and their transfers. */
export interface Boots {
  /** Whether a machine may have a script now, which is counted: it had none `just-now`, and not too `many` others had one. */
  admit(id: string): "yes" | "just-now" | "many";
  /** A machine at this address was given a script that names its kernel and initramfs. */
  begin(host: PxeHost, address: string): void;
  /** Somebody at an address took bytes of a file, in the name of a machine. */
  took(mac: string, address: string, path: string, first: number, end: number, size: number): void;
  /** The boot of a node is over, or the node is gone. */
  end(id: string): void;
}

/** Makes an empty list of boots: what belongs to an earlier run of this program is fetched again, or is over. */
export function createBoots(registry: PxeRegistry, clock: Clock): Boots {
  const bucket = fullBucket(TOKENS, clock.now());
  const admitted = new Map<string, number>(); // when, by node
  const boots = new Map<string, { readonly address: string; readonly progress: Progress }>();
  return {
    admit(id) {
      const now = clock.now();
      if (now - (admitted.get(id) ?? -Infinity) < PAUSE) return "just-now";
      if (!takeToken(bucket, TOKENS, now)) return "many";
      admitted.set(id, now);
      return "yes";
    },
    begin(host, address) {
      boots.set(host.id, { address, progress: createProgress([host.kernel, host.initrd]) });
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
