import type { Distribution, Labels, Metric, Sample } from "../../src/http/mod.ts";

/** A text format of metrics. */
export interface Exposition {
  readonly type: string;
  /** Whether it is OpenMetrics, and not the older format of Prometheus. */
  readonly isOpen: boolean;
}

/** OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md */
export const OPEN_METRICS: Exposition = {
  type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  isOpen: true,
};
/** The text format of Prometheus, which everything reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const PROMETHEUS_TEXT: Exposition = { type: "text/plain; version=0.0.4", isOpen: false };

/** The longest part of a text, in characters: some milliseconds of work. */
const PART = 32_768;
/** The longest `Accept` that is read: longer ones are of no scraper. */
const MAX_ACCEPT = 2_000;

/**
 * Chooses the format by the header `Accept` (RFC 9110, section 12.5.1): OpenMetrics if it is asked for by name, in
 * version 1, and not less wanted than text.
 */
export function expositionFor(accept: string | undefined): Exposition {
  if (accept === undefined || accept.length > MAX_ACCEPT) return PROMETHEUS_TEXT;
  let open = 0;
  let text = 0;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const parameter = (name: string): string | undefined =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1).replaceAll('"', "");
    const q = parameter("q");
    const weight = q === undefined ? 1 : Number(q);
    if (!(weight >= 0 && weight <= 1)) continue;
    if (type === "application/openmetrics-text" && /^1(\.0){0,2}$/.test(parameter("version") ?? "1")) {
      open = Math.max(open, weight);
    } else if (type === "text/plain") text = Math.max(text, weight);
  }
  return open > 0 && open >= text ? OPEN_METRICS : PROMETHEUS_TEXT;
}

/** Writes metrics as text, in parts of limited length. Families without samples have only their description. */
export function* writeMetrics(metrics: readonly Metric[], exposition: Exposition): Generator<string, void, undefined> {
  let part = "";
  for (const metric of metrics) {
    part += head(metric, exposition);
    for (const lines of linesOf(metric, exposition)) {
      part += lines;
      if (part.length < PART) continue;
      yield part;
      part = "";
    }
  }
  if (exposition.isOpen) part += "# EOF\n";
  if (part !== "") yield part;
}

function head({ name, type, unit, help }: Metric, { isOpen }: Exposition): string {
  // In OpenMetrics the family of a counter has no suffix: its samples have.
  const family = `kraken_${isOpen && type === "counter" ? name.replace(/_total$/, "") : name}`;
  const words = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${family} ${isOpen ? words.replaceAll('"', '\\"') : words}\n# TYPE ${family} ${type}\n` +
    (isOpen && unit !== undefined ? `# UNIT ${family} ${unit}\n` : "");
}

function* linesOf(metric: Metric, exposition: Exposition): Generator<string> {
  const name = `kraken_${metric.name}`;
  switch (metric.type) {
    case "gauge":
    case "counter":
      for (const sample of metric.samples) yield sampleLine(name, sample);
      return;
    case "histogram":
      for (const distribution of metric.samples) yield distributionLines(name, distribution, exposition);
      return;
    default:
      return metric satisfies never;
  }
}

function distributionLines(
  name: string,
  { labels, buckets, count, sum }: Distribution,
  { isOpen }: Exposition,
): string {
  // OpenMetrics writes bounds as floating point numbers: 1.0.
  const bound = (atMost: number): string => isOpen && Number.isInteger(atMost) ? `${atMost}.0` : String(atMost);
  const bucket = (le: string, value: number): string =>
    sampleLine(`${name}_bucket`, { labels: { ...labels, le }, value });
  const of = labels === undefined ? {} : { labels };
  return buckets.map(({ atMost, count }) => bucket(bound(atMost), count)).join("") + bucket("+Inf", count) +
    sampleLine(`${name}_sum`, { ...of, value: sum }) + sampleLine(`${name}_count`, { ...of, value: count });
}

function sampleLine(name: string, { labels, value }: Sample): string {
  return `${name}${labels === undefined ? "" : labelText(labels)} ${value}\n`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
