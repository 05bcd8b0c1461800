import process from "node:process";
import { Heap } from "../../../src/plan/heap.ts";
import type { Clock } from "../../../src/clock.ts";

/** A clock that goes on as fast as it can, and knows whose work each millisecond of CPU was. */
export interface VirtualTime<Tier extends string> {
  /** Milliseconds of virtual time since the start. */
  now(): number;
  /** The clock of a tier: what its timers do is its work. */
  clockOf(tier: Tier): Clock;
  /** Calls `run` after `ms` milliseconds as work of a tier. */
  after(tier: Tier, ms: number, run: () => void): () => void;
  /** Does something now as work of a tier. */
  work<T>(tier: Tier, run: () => T): T;
  /** Drops the timers of all other tiers; of all tiers where none is given. */
  keepOnly(tier?: Tier): void;
  /** Milliseconds of CPU so far, by tier. */
  readonly spent: ReadonlyMap<Tier, number>;
  /**
   * Goes on until the condition holds. It is asked at most once for each 10 ms of virtual time.
   *
   * @throws {Error} When it does not hold within `limit` milliseconds of virtual time.
   */
  runUntil(what: string, condition: () => boolean, limit: number): Promise<void>;
}

interface Timer<Tier> {
  readonly at: number;
  readonly order: number;
  readonly tier: Tier;
  run: (() => void) | undefined;
}

const STEP = 10;
/** How many promises of a chain settle before time goes on. */
const SETTLED = 8;

/** CPU of this process so far, in milliseconds: right also where other programs use the machine. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Makes a clock at 0. */
export function createVirtualTime<Tier extends string>(): VirtualTime<Tier> {
  let now = 0;
  let made = 0;
  let current: Tier | undefined;
  let since = 0;
  const createTimers = () => new Heap<Timer<Tier>>((a, b) => a.at - b.at || a.order - b.order);
  let timers = createTimers();
  const spent = new Map<Tier, number>();
  let next: Timer<Tier> | undefined;

  function work<T>(tier: Tier, run: () => T): T {
    const before = current;
    const started = cpuTime();
    if (before !== undefined) spent.set(before, (spent.get(before) ?? 0) + started - since);
    current = tier;
    since = started;
    try {
      return run();
    } finally {
      const ended = cpuTime();
      spent.set(tier, (spent.get(tier) ?? 0) + ended - since);
      current = before;
      since = ended;
    }
  }
  function after(tier: Tier, ms: number, run: () => void): () => void {
    const timer: Timer<Tier> = { at: now + Math.max(0, ms), order: made++, tier, run };
    timers.push(timer);
    return () => timer.run = undefined;
  }
  /** Runs everything that is due by `limit`. */
  async function runTo(limit: number): Promise<void> {
    for (;;) {
      next ??= timers.pop();
      if (next === undefined || next.at > limit) break;
      const { at, tier, run } = next;
      next = undefined;
      if (run === undefined) continue;
      now = Math.max(now, at);
      work(tier, run);
      for (let left = SETTLED; left > 0; left--) await undefined;
    }
    now = limit;
  }
  return {
    now: () => now,
    clockOf: (tier) => ({
      now: () => now,
      wall: () => now,
      after: (ms, run) => after(tier, ms, run),
    }),
    after,
    work,
    keepOnly(tier) {
      const kept = createTimers();
      if (next !== undefined) timers.push(next);
      next = undefined;
      for (let timer = timers.pop(); timer !== undefined; timer = timers.pop()) {
        if (timer.tier === tier) kept.push(timer);
      }
      timers = kept;
    },
    spent,
    async runUntil(what, condition, limit) {
      const end = now + limit;
      while (!condition()) {
        if (now >= end) throw new Error(`Waited ${limit / 1000} s of virtual time in vain until ${what}`);
        await runTo(now + STEP);
      }
    },
  };
}
