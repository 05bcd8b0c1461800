import { createApiClient } from "../../src/api/client/mod.ts";
import { valueOf } from "../cluster/api.ts";
import type { SeenEvent } from "./timings.ts";

/** Follows an aggregator's event log: each call reads what is new, and gives all that there was so far. */
export function followLabEvents(api: string): () => Promise<readonly SeenEvent[]> {
  const client = createApiClient({ server: api });
  const seen: SeenEvent[] = [];
  return async () => {
    for (;;) {
      const after = String(seen.at(-1)?.id ?? 0);
      const { events } = valueOf(await client.call("listEvents", { after }));
      seen.push(...events);
      if (events.length === 0) return seen;
    }
  };
}
