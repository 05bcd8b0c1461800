import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../../src/clock.ts";
import { compileDomain, createPlanner } from "../../../src/plan/mod.ts";
import { round } from "../bench.ts";
import type { Case } from "./cases.ts";

/** What timers, links and requests have to wait for while a long search goes on. */
export interface PauseRow {
  readonly case: string;
  /** Milliseconds from the question to its answer. */
  readonly ms: number;
  /** The longest time in milliseconds for which nothing else had its turn. */
  readonly worstMs: number;
  /** The same by the timer of this bench, for runtimes whose own measure is coarse. */
  readonly worstTimerMs: number;
  readonly cost?: number;
}

/** Asks a planner that works in slices, as programs do, and measures how long the event loop stood still meanwhile. */
export async function measurePauses(cases: readonly Case[]): Promise<PauseRow[]> {
  const rows: PauseRow[] = [];
  for (const one of cases) rows.push(await measure(one));
  return rows;
}

async function measure({ name, modules, question }: Case): Promise<PauseRow> {
  const planner = createPlanner(compileDomain(modules), { slices: { clock: systemClock, maxMs: 60_000 } });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let worst = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - before);
    before = now;
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.enable();
  worst = 0;
  const start = performance.now();
  planner.plan(question);
  await planner.found(question);
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  clearInterval(timer);
  const plan = planner.plan(question);
  return {
    case: name,
    ms: round(ms),
    worstMs: round(delay.max / 1e6),
    worstTimerMs: round(worst),
    ...(plan.ok && { cost: plan.cost }),
  };
}
