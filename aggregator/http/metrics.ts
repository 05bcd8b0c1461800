import { setImmediate } from "node:timers/promises";
import type { Figure, Metric } from "../../src/http/mod.ts";
import { type Exposition, expositionFor, writeMetrics } from "./exposition.ts";
import type { EventStreams } from "./event_stream.ts";
import type { Handlers } from "./handler.ts";

/** Tells what is measured, in the format that the scraper asks for. The text is made while it is sent. */
export function createMetricHandlers(
  read: () => Promise<readonly Metric[]>,
): Pick<Handlers, "getMetrics"> {
  return {
    async getMetrics(_, call) {
      const exposition = expositionFor(call.header("accept"));
      const body = streamText(await read(), exposition);
      return {
        ok: true,
        response: new Response(body, { headers: { "content-type": exposition.type, vary: "accept" } }),
      };
    },
  };
}

/** Writes metrics at the pace of the client, with a turn of the event loop for other work before each part. */
function streamText(metrics: readonly Metric[], exposition: Exposition): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const parts = writeMetrics(metrics, exposition);
  return new ReadableStream({
    async pull(controller) {
      await setImmediate();
      const next = parts.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    cancel: () => void parts.return(),
  });
}

/** What waits for those who follow the events. */
export function streamMetrics({ waiting, waitingBytes }: EventStreams): Figure[] {
  const gauge = (name: string, help: string, value: number): Figure => ({
    ...{ name, help, type: "gauge" },
    samples: [{ value }],
  });
  return [
    gauge("waiting_streams", "Event streams whose client has not taken what was last sent", waiting),
    {
      ...gauge("waiting_stream_bytes", "Bytes that these hold, of each one page of events at most", waitingBytes),
      unit: "bytes",
    },
  ];
}
