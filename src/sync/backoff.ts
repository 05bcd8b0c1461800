import type { Random } from "../clock.ts";

/** How long to wait before attempt number `attempt` + 1: doubles from `base` to `cap`, of which a random half to whole. */
export function backoff(base: number, cap: number, attempt: number, random: Random): number {
  return Math.min(cap, base * 2 ** attempt) * (0.5 + random() / 2);
}
