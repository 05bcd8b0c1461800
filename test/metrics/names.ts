import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { ROOT } from "../../scripts/runtimes.ts";

/** Where metrics are named: by a helper's first argument, or in an object. */
const NAMED = /(?:\b(?:gauge|counter|perWay|perNode|states)\(\s*|\bname: )"([a-z]+(?:_[a-z]+)*)"/g;
const FILES = [
  "metrics",
  "boot/metrics",
  "http/metrics",
  "publish/metrics",
  "telemetry/metrics",
  "telemetry/telemetry",
];

/** The names of all metrics that the code names, with the prefix, sorted. */
export function metricNames(): string[] {
  const code = FILES.map((file) => readFileSync(join(ROOT, `aggregator/${file}.ts`), "utf8")).join("\n");
  return [...new Set([...code.matchAll(NAMED)].map(([, name]) => `kraken_${name}`))].sort();
}

/** The names of the metrics that a query asks for; of a histogram without what its series add. */
export function metricsOfQuery(query: string): string[] {
  return [...query.matchAll(/\bkraken_\w+/g)].map(([name]) => name.replace(/_(?:bucket|count|sum)$/, ""));
}

const dashboardShape = v.object({
  templating: v.object({ list: v.array(v.looseObject({ name: v.string(), definition: v.optional(v.string()) })) }),
  panels: v.array(v.object({
    id: v.number(),
    title: v.string(),
    type: v.string(),
    description: v.optional(v.string()),
    gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
    datasource: v.unknown(),
    targets: v.array(v.looseObject({ refId: v.string(), expr: v.string() })),
    fieldConfig: v.unknown(),
    options: v.optional(v.unknown()),
  })),
});

/** The example's dashboard of Grafana. */
export function readDashboard(): v.InferOutput<typeof dashboardShape> {
  return v.parse(
    dashboardShape,
    JSON.parse(readFileSync(join(ROOT, "examples/monitoring/grafana-dashboard.json"), "utf8")),
  );
}

/** A query of the dashboard as Grafana sends it for an aggregator. */
export function asGrafanaSends(expr: string, instance: string): string {
  return expr.replaceAll("$aggregator", instance).replaceAll("$__rate_interval", "1m");
}
