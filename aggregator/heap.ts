import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import type { Clock } from "../src/clock.ts";
import { every } from "../src/toolkit/mod.ts";

/** How often it is looked at whether there is something to free, in milliseconds. */
const LOOK_MS = 5_000;
/** A process that has used less than this share of a core since the last look has time for it. */
const QUIET = 0.25;
/** How far the heap has to have grown, in bytes. */
const GROWN = 16 * 1024 * 1024;

/** What is known of the process, and what can be done about it. */
export interface Heap {
  /** Bytes that are taken from the system for it. */
  size(): number;
  /** CPU time that the process has used, in milliseconds. */
  used(): number;
  /** Frees what is not needed any more, all of it at once. */
  collect(): void;
}

/**
 * Frees what a burst has left behind, when the process is quiet again: thousands of births, or a store that was read. V8 itself
 * leaves that where it is until the heap has grown to a multiple, which in a process that never has such a burst again is never.
 * To free it takes some milliseconds for each 10 MiB that are in use.
 *
 * @returns Ends it.
 */
export function keepHeapTidy({ clock, size, used, collect }: Heap & { readonly clock: Clock }): () => void {
  let kept = 0;
  let before = used();
  let lookedAt = clock.now();
  return every(clock, LOOK_MS, () => {
    const share = (used() - before) / Math.max(1, clock.now() - lookedAt);
    if (share < QUIET && size() > kept + GROWN) {
      collect();
      kept = size();
    }
    before = used();
    lookedAt = clock.now();
  });
}

/** The heap of this process. On Bun, whose heap shrinks by itself, there is nothing to collect. */
export function heapOfProcess(): Heap {
  const collect = collector();
  return {
    size: () => v8.getHeapStatistics().total_heap_size,
    used() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    collect,
  };
}

function collector(): () => void {
  if ("bun" in process.versions) return () => {};
  v8.setFlagsFromString("--expose-gc"); // seen by contexts that are made from now on
  const gc: unknown = vm.runInNewContext("gc");
  return () => {
    if (typeof gc === "function") gc();
  };
}
