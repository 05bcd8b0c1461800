import type { UnknownMachines } from "./unknown_machines.ts";

/** What the boot services of an aggregator know of the network that machines boot over. */
export interface BootNetwork {
  readonly unknownMachines: UnknownMachines;
  /** The aggregator's own address there. */
  readonly address: string;
  /** The network, such as 10.77.0.0/24, where machines get their addresses from us. */
  readonly subnet: string | undefined;
}
