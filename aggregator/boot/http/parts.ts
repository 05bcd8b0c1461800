import type { PxeHost, PxeRegistry } from "../../../modules/pxe/registry.ts";
import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import type { TransferCounter } from "../counts.ts";
import type { Enrolment } from "../enrolment.ts";
import type { NodeEvents } from "../node_events.ts";
import type { Boots } from "./boots.ts";
import type { UnknownMachines } from "../../nodes/unknown_machines.ts";

/** What the boot HTTP server depends on. */
export interface BootAppParts {
  readonly cluster: string;
  /** The UUID of this aggregator. */
  readonly parent: string;
  /** Returns the origin under which machines reach this server. */
  readonly server: () => string;
  /** Returns the broker for agents, as they reach it. */
  readonly broker: () => string;
  /** The folder that is served. */
  readonly files: string;
  /** Whether a machine with an address in its cfg must ask from there: true if this program assigns addresses. */
  readonly holdsAddresses: boolean;
  readonly registry: PxeRegistry;
  /** Returns why a machine cannot boot what its cfg says, in words; undefined if it can. */
  fault(machine: PxeHost): Promise<string | undefined>;
  readonly boots: Boots;
  readonly enrolment: Enrolment;
  /** Reports that the agent of a node has received its identity. */
  onEnrolled(id: string): void;
  readonly unknownMachines: Pick<UnknownMachines, "saw">;
  /** Counts the files that machines request. */
  readonly transfers: TransferCounter;
  /** Receives what happens to machines that boot. */
  readonly events: NodeEvents;
  /** Checks again whether a machine can boot, because it was refused something. @param id The UUID of the node. */
  recheck(id: string): void;
  /** Reports that a machine has received a whole file. @param path Its path in the boot files. */
  fetched(host: PxeHost, path: string): void;
  /** Ends background work. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}
