import { createApiClient } from "../../../../src/api/client/mod.ts";
import type { LoggedEventInfo } from "../../../../src/api/mod.ts";

/** Events of an aggregator, as they come. */
export interface EventStream {
  /** Called with each event. */
  onEvent: ((event: LoggedEventInfo) => void) | undefined;
  close(): void;
}

/**
 * Follows the events of the aggregator at a URL such as `http://127.0.0.1:3141` from now on. Resolves once the stream is open:
 * events from then on are not missed.
 *
 * @throws {Error} When there is no stream.
 */
export async function followBenchEvents(base: string): Promise<EventStream> {
  const ending = new AbortController();
  const news = createApiClient({ server: base }).follow(undefined, ending.signal)[Symbol.asyncIterator]();
  const stream: EventStream = { onEvent: undefined, close: () => ending.abort() };
  const first = await news.next();
  if (first.done === true || first.value.kind !== "connected") {
    throw new Error(`Cannot follow the events of ${base}: ${JSON.stringify(first.value)}`);
  }
  async function read(): Promise<void> {
    for (;;) {
      const { done, value } = await news.next();
      if (done === true) return;
      if (value.kind === "event") stream.onEvent?.(value.event);
    }
  }
  void read();
  return stream;
}
