import { round } from "../bench.ts";

/** Times of single changes, in milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly samples: number;
}

/** Sums times up. A percentile is the smallest time that at least that share of all is within. */
export function summarizeLatencies(times: readonly number[]): Latencies {
  const ordered = [...times].sort((a, b) => a - b);
  const at = (share: number) => round(ordered[Math.max(0, Math.ceil(ordered.length * share) - 1)] ?? NaN);
  return { p50: at(0.5), p99: at(0.99), max: at(1), samples: ordered.length };
}
