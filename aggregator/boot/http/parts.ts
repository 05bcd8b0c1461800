import type { PxeHost, PxeRegistry } from "../../../modules/pxe/registry.ts";
import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import type { TransferCounter } from "../counts.ts";
import type { Enrolment } from "../enrolment.ts";
import type { NodeEvents } from "../node_events.ts";
import type { Boots } from "./boots.ts";
import type { UnknownMachines } from "../../nodes/unknown_machines.ts";

/** What the boot HTTP server answers with. */
export interface BootAppParts {
  readonly cluster: string;
  /** The UUID of this aggregator. */
  readonly parent: string;
  /** The origin under which machines reach this server. */
  readonly server: () => string;
  /** The broker that agents join over, as they reach it. */
  readonly broker: () => string;
  /** The folder of what is served. */
  readonly files: string;
  /** A machine with an address in its cfg must ask from there: true where we hand out the addresses. */
  readonly holdsAddresses: boolean;
  readonly registry: PxeRegistry;
  /** Why a machine can't boot what its cfg says, in words; undefined: it can. */
  fault(machine: PxeHost): Promise<string | undefined>;
  readonly boots: Boots;
  readonly enrolment: Enrolment;
  /** The agent of a node has got its identity. */
  onEnrolled(id: string): void;
  readonly unknownMachines: Pick<UnknownMachines, "saw">;
  /** Counts the files that machines ask for. */
  readonly transfers: TransferCounter;
  /** Takes what happens to machines that boot. */
  readonly events: NodeEvents;
  /** Something was refused to the machine of a node: whether it can boot at all is looked at anew. @param id The UUID of the node. */
  recheck(id: string): void;
  /** A machine has all of a file. @param path Below the boot files. */
  fetched(host: PxeHost, path: string): void;
  /** Ends what goes on in the background. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}
