import type { Clock } from "../../src/clock.ts";

/** The least time between two reports of one child, in milliseconds. */
const PAUSE_MS = 600_000;
/** The most children that are told of in that time: what is wrong with more of them is wrong with all. */
const MAX_TOLD = 100;

/** Tells people of children that claim what nobody has signed, at a bounded rate. */
export interface Suspicions {
  /** A child claims something that it can't show. It is not believed, and what it claims is passed over. */
  claimed(child: string, what: string): void;
}

/** See {@link Suspicions}. */
export function createSuspicions(
  parts: { readonly clock: Clock; readonly tell: (child: string, what: string) => void },
): Suspicions {
  const { clock } = parts;
  const told = new Map<string, number>();
  return {
    claimed(child, what) {
      const now = clock.now();
      const last = told.get(child);
      if (last !== undefined && now - last < PAUSE_MS) return;
      for (const [each, at] of told) if (now - at >= PAUSE_MS) told.delete(each);
      if (told.size >= MAX_TOLD) return;
      told.set(child, now);
      parts.tell(child, what);
    },
  };
}
