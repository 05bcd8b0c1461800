import { addressFault } from "../../src/boot/mod.ts";
import type { CfgParts, Wanted } from "./parts.ts";

/** The `/boot/method` of machines that boot by themselves: such a node may describe this machine. */
const ELSEWHERE = "other";

/** Addresses and MAC addresses that a node cannot have, because the aggregator from which it boots has them. */
export interface OwnAddresses {
  /**
   * Returns which of them a node of this parent cannot have: by value, with the owner in words.
   *
   * @param parent The name of its aggregator; absent if none is set.
   */
  takenFor(parent: string | undefined): ReadonlyMap<string, string>;
}

/**
 * Creates {@link OwnAddresses}: those of this machine, which asks and answers for the whole cluster, and those under
 * which a node's own aggregator is reached. Addresses of other aggregators may belong to nodes too: machines of the
 * cluster that run an aggregator.
 *
 * @param parts What cfg is checked with.
 */
export function createOwnAddresses(
  parts: Pick<CfgParts, "replica" | "nodes" | "ownId" | "ownName" | "interfaces">,
): OwnAddresses {
  function hostsOf(id: string | undefined): string[] {
    const self = id === undefined ? undefined : parts.replica.get(id)?.facets.self;
    return ["/broker", "/api"].flatMap((url) => {
      const value = self?.get(url)?.value;
      const host = typeof value === "string" && URL.canParse(value) ? new URL(value).hostname : "";
      return addressFault(host, 32) === undefined ? [host] : []; // every machine has loopback
    });
  }
  return {
    takenFor(parent) {
      const taken = new Map<string, string>();
      const aggregator = parent === undefined || parent === parts.ownName
        ? parts.ownId
        : parts.nodes.placement.aggregator(parent);
      for (const host of hostsOf(aggregator)) taken.set(host, `aggregator '${parent ?? parts.ownName}'`);
      for (const { address, mac } of parts.interfaces?.() ?? []) {
        for (const each of [address, mac]) taken.set(each, `aggregator '${parts.ownName}'`);
      }
      return taken;
    },
  };
}

/**
 * Finds nodes in `wanted` that would have an address or a MAC address of their aggregator.
 *
 * @param parts What cfg is checked with.
 */
export function findOwn(parts: CfgParts, wanted: readonly Wanted[]): string[] {
  const own = createOwnAddresses(parts);
  const known = new Map<unknown, ReadonlyMap<string, string>>();
  return wanted.flatMap(({ id, cfg }): string[] => {
    if (id === parts.ownId || cfg.get("/role") === "AGGREGATOR" || cfg.get("/boot/method") === ELSEWHERE) return [];
    const before = parts.replica.get(id)?.facets.cfg;
    const parent = cfg.get("/parent");
    return ["/ipv4/address", "/ipv4/mac"].flatMap((url): string[] => {
      const value = cfg.get(url);
      const isNew = ["/parent", "/boot/method", url].some((each) => before?.get(each)?.value !== cfg.get(each));
      if (typeof value !== "string" || !isNew) return [];
      const taken = known.get(parent) ?? own.takenFor(typeof parent === "string" ? parent : undefined);
      known.set(parent, taken);
      const owner = taken.get(value);
      const what = url === "/ipv4/mac" ? "a MAC address" : "an address";
      return owner === undefined
        ? []
        : [`${cfg.get("/name")}: ${url} is ${JSON.stringify(value)}: expected ${what} that ${owner} has not`];
    });
  });
}
