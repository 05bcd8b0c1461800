import type { UnknownMachines } from "./unknown_machines.ts";

/** What boot services know about the network on which machines boot. */
export interface BootNetwork {
  readonly unknownMachines: UnknownMachines;
  /** The aggregator's own address there. */
  readonly address: string;
  /** The network, such as 10.77.0.0/24, if Kraken assigns addresses there. */
  readonly subnet: string | undefined;
}
