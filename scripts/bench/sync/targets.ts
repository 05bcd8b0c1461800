import type { Latencies } from "./latencies.ts";

/** One target that was set for the bench, and whether this run meets it. */
export interface Target {
  readonly target: string;
  readonly measured: string;
  /** null where this run is of another size than the target speaks of. */
  readonly met: boolean | null;
}

/** What targets are about. */
interface Measured {
  readonly agents: number;
  readonly levelMs: number;
  readonly cfgToAgentMs: Latencies;
  readonly absorbedPerSec: number;
  readonly windowsPerSec: number;
  readonly absorbedToFloor: number;
  readonly rootBytesPerNode: number;
  readonly tiers: number;
  readonly steadyReceivedPerSec: number;
  readonly steadySentPerSec: number;
}

/** Above this share of what the links' pauses allow, the agents are what limits the rate, and not the root. */
const UNLIMITED = 0.9;

/** Compares figures with the targets, which are those of a machine with 2 cores. */
export function compareTargets(measured: Measured): Target[] {
  const { agents, levelMs, cfgToAgentMs: { p50, p99 }, absorbedToFloor, rootBytesPerNode } = measured;
  const paced = measured.absorbedPerSec > UNLIMITED * measured.windowsPerSec;
  return [
    {
      target: "5,000 agents level within 60 s",
      measured: `${agents} within ${(levelMs / 1000).toFixed(1)} s`,
      met: agents >= 5000 ? levelMs < 60_000 : null,
    },
    {
      target: "cfg to agent at 1,000 agents: p50 under 50 ms, p99 under 250 ms",
      measured: `${agents} agents: p50 ${p50} ms, p99 ${p99} ms`,
      met: agents >= 1000 ? p50 < 50 && p99 < 250 : null,
    },
    {
      target: "absorbs at least half of the floor",
      measured: `${absorbedToFloor} of it${paced ? ": all that the agents' pauses allow" : ""}`,
      met: paced && absorbedToFloor < 0.5 ? null : absorbedToFloor >= 0.5,
    },
    {
      target: "memory at the root under 8 KiB a node",
      measured: `${(rootBytesPerNode / 1024).toFixed(1)} KiB`,
      met: agents >= 1000 ? rootBytesPerNode < 8 * 1024 : null, // fewer drown in what else the heap does
    },
    {
      target: "under 200 messages a second at the root for 10,000 nodes behind 10 aggregators",
      measured: measured.tiers === 1
        ? "this run has one tier"
        : `${agents} nodes: ${measured.steadyReceivedPerSec} in, ${measured.steadySentPerSec} out`,
      met: measured.tiers > 1 && agents >= 10_000
        ? measured.steadyReceivedPerSec + measured.steadySentPerSec < 200
        : null,
    },
  ];
}
