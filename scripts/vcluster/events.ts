import * as v from "valibot";
import type { SeenEvent } from "./timings.ts";

const page = v.object({
  events: v.array(v.object({ id: v.number(), time: v.string(), node: v.string(), kind: v.string(), why: v.string() })),
});

/** Follows an aggregator's event log: each call reads what is new, and gives all that there was so far. */
export function followEvents(api: string): () => Promise<readonly SeenEvent[]> {
  const seen: SeenEvent[] = [];
  return async () => {
    for (;;) {
      const response = await fetch(`${api}/api/v1/events?after=${seen.at(-1)?.id ?? 0}`, {
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(10_000),
      });
      const { events } = v.parse(page, await response.json());
      seen.push(...events);
      if (events.length === 0) return seen;
    }
  };
}
