import { addressFault } from "../../src/boot/mod.ts";
import type { CfgParts, Wanted } from "./parts.ts";

/** The `/boot/method` of machines that boot by themselves: the record of one may be of this very machine. */
const ELSEWHERE = "other";

/** Addresses and MAC addresses that a node can't have, as the aggregator that it boots from has them. */
export interface OwnAddresses {
  /**
   * What of these a node of this parent can't have: by value, whose it is in words.
   *
   * @param parent The name of its aggregator; absent where none is set.
   */
  takenFor(parent: string | undefined): ReadonlyMap<string, string>;
}

/**
 * Gathers them: those of this machine, which asks and answers for the whole cluster, and those under which a node's own
 * aggregator says that it is reached. Those of other aggregators may be nodes' as well: a machine of the cluster that runs one.
 */
export function createOwnAddresses(
  parts: Pick<CfgParts, "replica" | "nodes" | "ownId" | "ownName" | "interfaces">,
): OwnAddresses {
  function hostsOf(id: string | undefined): string[] {
    const self = id === undefined ? undefined : parts.replica.get(id)?.facets.self;
    return ["/broker", "/api"].flatMap((url) => {
      const value = self?.get(url)?.value;
      const host = typeof value === "string" && URL.canParse(value) ? new URL(value).hostname : "";
      return addressFault(host, 32) === undefined ? [host] : []; // loopback is everybody's own
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

/** Finds nodes that would have an address or a MAC address of the aggregator that they boot from. */
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
