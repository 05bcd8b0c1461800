import { createLive, type Terminal } from "../../src/cli/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { isRecord } from "../../src/state/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import type { Api, ListedNode } from "../cluster/api.ts";
import { type MachineProgress, renderMachines } from "./progress.ts";
import { readTimings, type SeenEvent } from "./timings.ts";

/** How often the nodes are looked at, in milliseconds. */
const EVERY = 500;

/**
 * Shows how each machine gets on, until all nodes have converged, the limit is over, or the signal fires.
 *
 * @param options `limit`: milliseconds; absent: it goes on until the signal, whatever becomes of the machines.
 * @returns Whether all of them have converged.
 */
export async function followMachines(
  { api, events }: { readonly api: Api; readonly events: () => Promise<readonly SeenEvent[]> },
  options: {
    readonly terminal: Terminal;
    readonly started: number;
    readonly limit?: number;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { started, limit, signal } = options;
  const live = createLive(options.terminal, systemClock);
  try {
    for (;;) {
      const elapsed = Date.now() - started;
      // An aggregator that was killed does not answer until it is started again.
      const machines = await look(api, events, started).catch(() => undefined);
      const shown = limit === undefined ? undefined : elapsed;
      live.show(machines === undefined ? ["The aggregator does not answer"] : renderMachines(machines, shown));
      const all = machines?.every(({ phase }) => phase === "converged") === true;
      if (signal.aborted || (limit !== undefined && (all || elapsed > limit))) return all;
      await pause(systemClock, EVERY, signal).catch(() => {}); // the loop ends with the signal
    }
  } finally {
    live.end();
  }
}

async function look(
  api: Api,
  events: () => Promise<readonly SeenEvent[]>,
  started: number,
): Promise<readonly MachineProgress[]> {
  const [nodes, seen] = await Promise.all([api.nodes(), events()]);
  return await Promise.all(nodes.map((node) => progressOf(node, api, seen, started)));
}

async function progressOf(
  node: ListedNode,
  api: Api,
  events: readonly SeenEvent[],
  started: number,
): Promise<MachineProgress> {
  const { name, physState, runState, phase, reason } = node;
  const booting = physState === "POWER_ON" && runState !== "SYNC";
  const pxe = booting ? (await api.dsc(node.id))["pxe"] : undefined;
  const { state, progress } = isRecord(pxe) ? pxe : {};
  const { powerOnMs, syncMs } = readTimings(name, events, started);
  return {
    ...{ name, physState, runState, phase, reason },
    pxe: typeof state === "string" ? state : "",
    loaded: typeof progress === "number" ? progress : undefined,
    elapsed: powerOnMs === undefined || physState !== "POWER_ON"
      ? undefined
      : syncMs ?? Date.now() - started - powerOnMs,
  };
}
