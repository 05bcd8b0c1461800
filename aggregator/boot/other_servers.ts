import type { Clock } from "../../src/clock.ts";

/** How long a server counts as being there after it was last seen, in milliseconds. */
const MEMORY_MS = 600_000;
/** The most servers that are remembered: what machines say of servers may be invented. */
const MAX_SERVERS = 16;

/** Watches for other DHCP servers on a network whose addresses this one gives out. */
export interface OtherServers {
  /**
   * Takes in that a known machine asked another server for an address.
   *
   * @param address Of the other server.
   * @param node Of the machine.
   */
  saw(address: string, node: string): void;
  /** What is wrong, in words with what to do; empty if no other server was seen in the last ten minutes. */
  warnings(): readonly string[];
}

/**
 * Creates the watch.
 *
 * @param parts `tell` takes one event for each server that appears.
 */
export function watchOtherServers(
  parts: { readonly clock: Clock; tell(node: string, why: string): void },
): OtherServers {
  const { clock, tell } = parts;
  const seen = new Map<string, { readonly node: string; readonly at: number }>();

  function forgetOld(): void {
    for (const [address, { at }] of seen) if (clock.now() - at > MEMORY_MS) seen.delete(address);
  }
  return {
    saw(address, node) {
      forgetOld();
      const isNew = !seen.has(address);
      if (isNew && seen.size >= MAX_SERVERS) return;
      seen.set(address, { node, at: clock.now() });
      if (isNew) {
        tell(node, `It asked another DHCP server, ${address}, for its address: two servers answer on this network`);
      }
    },
    warnings() {
      forgetOld();
      return [...seen].map(([address, { node }]) =>
        `Another DHCP server, ${address}, answers on the boot network: '${node}' asked it for an address. Stop it, keep ` +
        "it from answering these machines, or start this aggregator with --dhcp proxy"
      );
    },
  };
}
