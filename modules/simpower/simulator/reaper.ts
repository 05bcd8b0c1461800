import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import type { Clock } from "../../../src/clock.ts";

/** The environment variable with the power-on, and so the machine, that a process belongs to. */
export const MACHINE_VARIABLE = "KRAKEN_MACHINE";
/** Time between two scans of all processes, in milliseconds. */
const INTERVAL = 10;

/** Kills everything that runs on simulated machines. */
export interface Reaper {
  /** Kills every process of one power-on of a machine. Resolves when none is left. */
  kill(machine: string): Promise<void>;
}

/**
 * Creates a reaper. A process belongs to a machine by its environment, whatever its parent, group or session is, so
 * what an agent has started is killed too. Machines that are killed at the same time share the scans.
 *
 * @param clock Times the scans.
 */
export function createReaper(clock: Clock): Reaper {
  const doomed = new Map<string, (() => void)[]>();
  let looking = false;

  function look(): void {
    const alive = new Map<string, number[]>();
    for (const pid of processIds()) {
      const machine = machineOf(pid);
      if (machine !== undefined && doomed.has(machine)) alive.set(machine, [...(alive.get(machine) ?? []), pid]);
    }
    for (const [machine, done] of [...doomed]) {
      const pids = alive.get(machine);
      if (pids !== undefined) {
        pids.forEach(kill);
        continue;
      }
      doomed.delete(machine);
      done.forEach((resolve) => resolve());
    }
    looking = doomed.size > 0;
    if (looking) clock.after(INTERVAL, look);
  }

  return {
    kill: (machine) =>
      new Promise((resolve) => {
        doomed.set(machine, [...(doomed.get(machine) ?? []), resolve]);
        if (looking) return;
        looking = true;
        clock.after(0, look);
      }),
  };
}

function processIds(): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/**
 * Reads the power-on from the environment of a process; a process that has just ended, or is not readable, has none.
 */
function machineOf(pid: number): string | undefined {
  const marker = `${MACHINE_VARIABLE}=`;
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return variables.find((variable) => variable.startsWith(marker))?.slice(marker.length);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
