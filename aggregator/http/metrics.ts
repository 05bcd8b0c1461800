import type { Metric } from "../../src/http/mod.ts";
import type { EventStreams } from "./event_stream.ts";
import type { Handlers } from "./handler.ts";

/** Tells what is measured, in the text format of Prometheus (version 0.0.4). */
export function createMetricHandlers(read: () => readonly Metric[]): Pick<Handlers, "getMetrics"> {
  return {
    getMetrics: () => ({
      ok: true,
      response: new Response(formatMetrics(read()), { headers: { "content-type": "text/plain; version=0.0.4" } }),
    }),
  };
}

/** What waits for those who follow the events. */
export function streamMetrics({ waiting, waitingBytes }: EventStreams): Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({
    ...{ name, help, type: "gauge" },
    samples: [{ value }],
  });
  return [
    gauge("waiting_streams", "Event streams whose client has not taken what was last sent", waiting),
    gauge("waiting_stream_bytes", "Bytes that these hold, of each one page of events at most", waitingBytes),
  ];
}

/** Metrics as text. */
export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics.map(({ name, type, help, samples }) => {
    const lines = samples.map(({ labels, value }) => `kraken_${name}${formatLabels(labels ?? {})} ${value}\n`);
    return `# HELP kraken_${name} ${help}\n# TYPE kraken_${name} ${type}\n${lines.join("")}`;
  }).join("");
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
