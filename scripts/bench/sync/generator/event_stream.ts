import * as v from "valibot";
import { createSseParser } from "../../../../src/toolkit/mod.ts";

const eventShape = v.object({ kind: v.string(), node: v.string(), mutation: v.optional(v.string()) });

/** One event of an aggregator's log. */
export type FollowedEvent = v.InferOutput<typeof eventShape>;

/** Events of an aggregator, as they come. */
export interface EventStream {
  /** Called with each event. */
  onEvent: ((event: FollowedEvent) => void) | undefined;
  close(): void;
}

/**
 * Follows the events of the aggregator at a URL such as `http://127.0.0.1:3141` from now on. Resolves once its first bytes
 * have come: events from then on are not missed.
 */
export async function followEvents(base: string): Promise<EventStream> {
  const ending = new AbortController();
  const response = await fetch(`${base}/api/v1/events`, {
    headers: { accept: "text/event-stream" },
    signal: ending.signal,
  });
  if (!response.ok || response.body === null) throw new Error(`Events were answered ${response.status}: expected 200`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const stream: EventStream = {
    onEvent: undefined,
    close: () => ending.abort(),
  };
  const parser = createSseParser();
  function take(piece: string): void {
    for (const { data } of parser.push(piece)) stream.onEvent?.(v.parse(eventShape, JSON.parse(data)));
  }
  take((await reader.read()).value ?? "");
  async function read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    } catch {
      // It was closed, or it broke: then whoever waits for an event sees that none comes.
    }
  }
  void read();
  return stream;
}
