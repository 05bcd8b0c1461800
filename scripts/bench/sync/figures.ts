import type { CborFloor } from "./floor/cbor.ts";
import type { Floor } from "./floor/floor.ts";
import type { Latencies } from "./latencies.ts";
import type { BrokerKind } from "./options.ts";
import type { Target } from "./targets.ts";

/** CPU of each process, in per cent of one core. */
export interface CpuShares {
  readonly root: number;
  /** null where the root has the broker in it. */
  readonly broker: number | null;
  /** All aggregators below the root together. */
  readonly below: number;
  /** All generators together. */
  readonly generators: number;
}

/** Resident memory of each process, in MiB. */
export interface MemoryShares {
  readonly root: number;
  readonly broker: number | null;
  readonly below: number;
  readonly generators: number;
}

/** What was measured. Times are in milliseconds, rates in a second. */
export interface Figures {
  readonly agents: number;
  readonly tiers: number;
  readonly broker: BrokerKind;
  /** From a POST of all nodes to its answer. */
  readonly applyMs: number;
  /** From the start of a root that has the nodes until it is ready. */
  readonly startMs: number;
  /** From the moment that all links start at once until every agent and the root say that they are level. */
  readonly levelMs: number;
  /** CPU time that this cost the root. */
  readonly levelRootCpuMs: number;
  /** Frames of a link in both directions until then: births that are sent again before they are answered make more. */
  readonly levelFramesPerAgent: number;
  /** Windows that agents sent again until then, because no acknowledgement came. */
  readonly levelRetransmits: number;
  readonly cfgToAgentMs: Latencies;
  readonly dscToRootMs: Latencies;
  /** Changes that were acknowledged, each of one value and one frame. */
  readonly absorbedPerSec: number;
  /** What the links' pauses allow at most: 10 a second for each agent. */
  readonly windowsPerSec: number;
  /** CPU time of the root for one change, in microseconds, and of its broker where that is another process. */
  readonly rootUsPerChange: number;
  readonly brokerUsPerChange: number | null;
  readonly absorbCpuPct: CpuShares;
  /** The same while values were changed. */
  readonly retransmits: number;
  /** Agents whose last value was compared with the root's, and those where it was another one. */
  readonly verified: number;
  readonly wrong: number;
  /** MQTT in both directions for one change, acknowledgements of both kinds included; without TCP and IP. */
  readonly bytesPerChange: number;
  /** What the root's process made the system write to disk. */
  readonly rootDiskBytesPerChange: number;
  readonly floorPerSec: number;
  /** CPU time of broker and subscriber together for one message of the floor, in microseconds. */
  readonly floorUsPerMessage: number;
  readonly floor: Floor;
  readonly absorbedToFloor: number;
  /** The same in CPU time of broker and receiver: what others do on the machine meanwhile changes it less. */
  readonly absorbedToFloorCpu: number;
  readonly cbor: CborFloor;
  /** The root's CPU while agents change values: what `absorbCpuPct` says of it. */
  readonly rootCpuPct: number;
  /** The root's memory with all agents level and nothing to do. */
  readonly rootRssMb: number;
  readonly rootEmptyRssMb: number;
  /** What each node adds to it. */
  readonly rootBytesPerNode: number;
  readonly levelRssMb: MemoryShares;
  readonly absorbRssMb: MemoryShares;
  /** With nothing changing. Frames are those of links; a keep-alive of MQTT for each agent comes every 10 s beside them. */
  readonly idleCpuPct: CpuShares;
  readonly idleFramesPerSec: number;
  /** With every agent changing a value once a second: frames at the root, those that it gets and those that it sends. */
  readonly steadyReceivedPerSec: number;
  readonly steadySentPerSec: number;
  readonly steadyCpuPct: CpuShares;
  readonly idleKeepalivesPerSec: number;
  readonly targets: readonly Target[];
}
