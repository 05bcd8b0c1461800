import type { ModuleNode } from "../../src/module/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { type BootMachine, bootMachineOf, type BootRegistry, SEEN_MEMORY } from "../boot/tracker.ts";

/** The machine of a node of this aggregator. */
export type PxeHost = BootMachine;

/**
 * The interface for boot servers: they ask about machines and report what these do. Before the module has started, no
 * machine is known.
 */
export interface PxeRegistry extends BootRegistry {
  /** Returns the machine with this MAC address (lower case, with colons) that boots from here. */
  host(mac: string): PxeHost | undefined;
  hosts(): Iterable<PxeHost>;
  /** Returns the machine with this MAC address that belongs to a node but does not boot from here. */
  bystander(mac: string): PxeHost | undefined;
  /** Returns the machine that boots from here and has this IPv4 address in its cfg. */
  hostAt(address: string): PxeHost | undefined;
}

/** The machines of an aggregator, by MAC address. */
export interface HostIndex extends Omit<PxeRegistry, keyof BootRegistry> {
  /** Updates a node; undefined: it no longer exists, or belongs to another aggregator. */
  take(id: string, node: ModuleNode | undefined): void;
}

/** A node at its last update. */
interface Taken {
  readonly cfg: ModuleNode["cfg"];
  readonly seen: Value | undefined;
  readonly host: PxeHost | undefined;
}

/**
 * Creates an empty index. If two nodes have the same MAC address, the one updated last counts; checks of cfg prevent
 * that.
 */
export function createHostIndex(): HostIndex {
  const byId = new Map<string, Taken>();
  const byMac = new Map<string, PxeHost>();
  const bystanders = new Map<string, PxeHost>(); // by MAC address, too
  const byAddress = new Map<string, PxeHost>();

  function remove(host: PxeHost): void {
    for (const hosts of [byMac, bystanders]) if (hosts.get(host.mac) === host) hosts.delete(host.mac);
    const address = host.lease?.address ?? "";
    if (byAddress.get(address) === host) byAddress.delete(address);
  }

  return {
    host: (mac) => byMac.get(mac),
    hosts: () => byMac.values(),
    bystander: (mac) => bystanders.get(mac),
    hostAt: (address) => byAddress.get(address),
    take(id, node) {
      const before = byId.get(id);
      const seen = node?.view.get(SEEN_MEMORY);
      // Most changes do not concern what a machine boots.
      if (before !== undefined && before.cfg === node?.cfg && before.seen === seen) return;
      if (before?.host !== undefined) remove(before.host);
      if (node === undefined) return void byId.delete(id);
      const host = bootMachineOf(node);
      byId.set(id, { cfg: node.cfg, seen, host });
      if (host === undefined) return;
      if (host.method !== "pxe" && host.method !== "rpi") return void bystanders.set(host.mac, host);
      byMac.set(host.mac, host);
      if (host.lease !== undefined) byAddress.set(host.lease.address, host);
    },
  };
}
