import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  type Exposition,
  expositionFor,
  OPEN_METRICS,
  PROMETHEUS_TEXT,
  writeMetrics,
} from "../../aggregator/http/exposition.ts";
import type { Metric } from "../../src/http/mod.ts";
import { fc } from "../support/property.ts";

const METRICS: readonly Metric[] = [
  { name: "links", type: "gauge", help: "Links", samples: [{ labels: { state: 'a"\\\n' }, value: 3 }, { value: 0 }] },
  { name: "cpu_seconds_total", unit: "seconds", type: "counter", help: 'A "time"', samples: [{ value: 1.5 }] },
  {
    ...{ name: "goal_seconds", unit: "seconds", type: "histogram", help: "Times" },
    samples: [{
      labels: { mutation: "m" },
      buckets: [{ atMost: 0.5, count: 1 }, { atMost: 10, count: 2 }],
      count: 3,
      sum: 99,
    }],
  },
];

function write(metrics: readonly Metric[], exposition: Exposition): string {
  return [...writeMetrics(metrics, exposition)].join("");
}

/** Has promtool read metrics, which reads the older format. @returns What is wrong. */
function promtool(text: string): string {
  const { status, stderr, error } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.equal(error, undefined);
  return status === 0 || status === 3 ? "" : stderr; // 3: it dislikes names
}

test("metrics are written in Prometheus' text format, with labels escaped", () => {
  assert.equal(
    write(METRICS, PROMETHEUS_TEXT),
    "# HELP kraken_links Links\n# TYPE kraken_links gauge\n" +
      'kraken_links{state="a\\"\\\\\\n"} 3\nkraken_links 0\n' +
      '# HELP kraken_cpu_seconds_total A "time"\n# TYPE kraken_cpu_seconds_total counter\nkraken_cpu_seconds_total 1.5\n' +
      "# HELP kraken_goal_seconds Times\n# TYPE kraken_goal_seconds histogram\n" +
      'kraken_goal_seconds_bucket{mutation="m",le="0.5"} 1\nkraken_goal_seconds_bucket{mutation="m",le="10"} 2\n' +
      'kraken_goal_seconds_bucket{mutation="m",le="+Inf"} 3\n' +
      'kraken_goal_seconds_sum{mutation="m"} 99\nkraken_goal_seconds_count{mutation="m"} 3\n',
  );
});

test("OpenMetrics has units, families of counters without suffix, bounds as floating point numbers, and an end", () => {
  assert.equal(
    write(METRICS, OPEN_METRICS),
    "# HELP kraken_links Links\n# TYPE kraken_links gauge\n" +
      'kraken_links{state="a\\"\\\\\\n"} 3\nkraken_links 0\n' +
      '# HELP kraken_cpu_seconds A \\"time\\"\n# TYPE kraken_cpu_seconds counter\n# UNIT kraken_cpu_seconds seconds\n' +
      "kraken_cpu_seconds_total 1.5\n" +
      "# HELP kraken_goal_seconds Times\n# TYPE kraken_goal_seconds histogram\n# UNIT kraken_goal_seconds seconds\n" +
      'kraken_goal_seconds_bucket{mutation="m",le="0.5"} 1\nkraken_goal_seconds_bucket{mutation="m",le="10.0"} 2\n' +
      'kraken_goal_seconds_bucket{mutation="m",le="+Inf"} 3\n' +
      'kraken_goal_seconds_sum{mutation="m"} 99\nkraken_goal_seconds_count{mutation="m"} 3\n# EOF\n',
  );
});

test("promtool reads whatever values labels and helps have", () => {
  const labels = fc.dictionary(fc.constantFrom("state", "node", "way"), fc.string({ unit: "binary", maxLength: 30 }));
  const figure = fc.record({ help: fc.string({ unit: "binary", maxLength: 30 }), labels, value: fc.double() });
  const all = fc.sample(figure, 200).map(({ help, labels, value }, place): Metric => ({
    ...{ name: `m${place}`, type: "gauge", help },
    samples: [{ labels, value: Number.isNaN(value) || Math.abs(value) === Infinity ? 0 : value }],
  }));
  assert.equal(promtool(write(all, PROMETHEUS_TEXT)), "");
  assert.notEqual(promtool('kraken_x{a="} 1\n'), "", "it checks nothing");
});

test("the format is what Accept asks for: OpenMetrics by name, in version 1, and not less wanted than text", () => {
  const open = [
    "application/openmetrics-text",
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    'application/openmetrics-text; version="1.0.0"; charset=utf-8',
    "text/plain;q=0.5, Application/OpenMetrics-Text;q=0.5",
  ];
  const text = [
    undefined,
    "",
    "*/*",
    "text/plain",
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text;version=2.0.0",
    "application/openmetrics-text;q=0",
    "application/openmetrics-text;q=2",
    "application/openmetrics-text;q=x",
    "application/openmetrics-text;q=0.1, text/plain;q=0.2",
    `application/openmetrics-text,${"x".repeat(2_000)}`,
  ];
  assert.deepEqual(open.filter((accept) => expositionFor(accept) !== OPEN_METRICS), []);
  assert.deepEqual(text.filter((accept) => expositionFor(accept) !== PROMETHEUS_TEXT), []);
  fc.assert(fc.property(fc.string({ maxLength: 100 }), (accept) => expositionFor(accept).type.length > 0));
});

test("long families are written in parts, made one by one", () => {
  let made = 0;
  const samples = {
    *[Symbol.iterator]() {
      for (; made < 10_000; made++) yield { labels: { node: `n${made}` }, value: 1 };
    },
  };
  const parts = writeMetrics([{ name: "nodes", type: "gauge", help: "Nodes", samples }], PROMETHEUS_TEXT);
  const first = parts.next();
  assert.ok(first.done !== true && first.value.length < 35_000);
  assert.ok(made < 2_000, `${made} were made`);
  assert.equal([first.value, ...parts].join("").split("\n").length, 10_003);
});
