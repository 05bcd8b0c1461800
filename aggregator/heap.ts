import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import type { Clock } from "../src/clock.ts";
import { every } from "../src/toolkit/mod.ts";

/** Interval between two checks for memory to free, in milliseconds. */
const LOOK_MS = 5_000;
/** A process that has used less than this share of a core since the last check has time for it. */
const QUIET = 0.25;
/** How much the heap must have grown, in bytes. */
const GROWN = 16 * 1024 * 1024;

/** The heap of a process. */
export interface ProcessHeap {
  /** Returns the bytes allocated from the system. */
  size(): number;
  /** Returns the CPU time that the process has used, in milliseconds. */
  used(): number;
  /** Frees all unused memory at once. */
  collect(): void;
}

/**
 * Frees the memory of a burst, such as thousands of births or a store that was read, when the process is quiet again.
 * V8 would keep it until the heap has grown to a multiple, which never happens in a process without another burst.
 * Freeing takes some milliseconds for each 10 MiB in use.
 *
 * @returns A function that ends it.
 */
export function keepHeapTidy({ clock, size, used, collect }: ProcessHeap & { readonly clock: Clock }): () => void {
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

/** Returns the heap of this process. On Bun, whose heap shrinks by itself, there is nothing to collect. */
export function heapOfProcess(): ProcessHeap {
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
  v8.setFlagsFromString("--expose-gc"); // takes effect in contexts that are created from now on
  const gc: unknown = vm.runInNewContext("gc");
  return () => {
    if (typeof gc === "function") gc();
  };
}
