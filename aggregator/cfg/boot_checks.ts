import type { Value } from "../../src/state/mod.ts";

/** Values that only one machine of a cluster may have, in words. */
const UNIQUE = [
  ["/ipv4/mac", "a MAC address"],
  ["/ipv4/address", "an address"],
  ["/rpi/serial", "a serial number"],
] as const;

/** A node as it is, or as it would be. */
export interface CheckedNode {
  readonly id: string;
  readonly cfg: { get(url: string): Value | undefined };
}

/**
 * Finds MAC addresses, addresses and serial numbers that two nodes would share: neither of them could boot.
 *
 * @param wanted The nodes to be written.
 * @param others Returns all existing nodes, including those to be written, as they were. Called only if it matters.
 */
export function findShared(wanted: readonly CheckedNode[], others: () => Iterable<CheckedNode>): string[] {
  const written = new Set(wanted.map(({ id }) => id));
  return UNIQUE.flatMap(([url, what]) => {
    if (!wanted.some(({ cfg }) => cfg.get(url) !== undefined)) return [];
    const owners = new Map<Value, string>();
    for (const { id, cfg } of others()) {
      const value = cfg.get(url);
      if (value !== undefined && !written.has(id)) owners.set(value, String(cfg.get("/name")));
    }
    return wanted.flatMap(({ cfg }) => {
      const value = cfg.get(url);
      if (value === undefined) return [];
      const name = String(cfg.get("/name"));
      const owner = owners.get(value);
      if (owner !== undefined) {
        return [`${name}: ${url} is ${JSON.stringify(value)}: expected ${what} that '${owner}' has not`];
      }
      owners.set(value, name);
      return [];
    });
  });
}
