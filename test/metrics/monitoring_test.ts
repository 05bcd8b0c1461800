import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { parse } from "yaml";
import { runCommand } from "../../scripts/command.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { asGrafanaSends, metricNames, metricsOfQuery, readDashboard } from "./names.ts";

const FOLDER = join(ROOT, "examples/monitoring");
const read = (file: string): unknown => parse(readFileSync(join(FOLDER, file), "utf8"));

const rulesShape = v.object({
  groups: v.array(v.object({
    name: v.string(),
    rules: v.array(v.looseObject({ alert: v.string(), expr: v.string(), labels: v.object({ severity: v.string() }) })),
  })),
});
const testsShape = v.looseObject({ tests: v.array(v.looseObject({ name: v.string() })) });

async function promtool(...args: string[]): Promise<string> {
  const { code, output } = await runCommand(["promtool", ...args], { cwd: FOLDER, timeout: 60_000 });
  assert.equal(code, 0, output);
  return output;
}

test("promtool finds nothing wrong with Prometheus' config and the alert rules, and their tests pass", async () => {
  assert.match(await promtool("check", "config", "prometheus.yml"), /is valid prometheus config/);
  assert.match(await promtool("test", "rules", "kraken-alerts-test.yaml"), /SUCCESS/);
});

test("each alert rule has a test, and names metrics that an aggregator has", () => {
  const { groups } = v.parse(rulesShape, read("kraken-alerts.yaml"));
  const rules = groups.flatMap((group) => group.rules);
  const { tests } = v.parse(testsShape, read("kraken-alerts-test.yaml"));
  assert.deepEqual(rules.map(({ alert }) => alert), tests.map(({ name }) => name));
  const names = metricNames();
  const wrong = rules.flatMap(({ expr }) => metricsOfQuery(expr)).filter((name) => !names.includes(name));
  assert.deepEqual(wrong, []);
});

test("the dashboard's queries are PromQL, and name metrics that an aggregator has", async () => {
  const { panels, templating } = readDashboard();
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const asked = [...queries, ...templating.list.map(({ definition = "" }) => definition)].flatMap(metricsOfQuery);
  const names = metricNames();
  assert.deepEqual(asked.filter((name) => !names.includes(name)), []);
  const rules = queries.map((expr, place) => ({ record: `query:${place}`, expr: asGrafanaSends(expr, "root") }));
  const rulesText = JSON.stringify({ groups: [{ name: "dashboard", rules }] }); // JSON is YAML
  const { code, output } = await runCommand(
    ["sh", "-c", 'printf %s "$0" | promtool check rules /dev/stdin', rulesText],
    {
      cwd: FOLDER,
      timeout: 60_000,
    },
  );
  assert.equal(code, 0, output);
  assert.match(output, new RegExp(`SUCCESS: ${queries.length} rules found`));
});

test("the dashboard's panels have ids of their own, and do not overlap", () => {
  const { panels } = readDashboard();
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + cell % w} ${y + Math.floor(cell / w)}`)
  );
  assert.equal(new Set(cells).size, cells.length);
  assert.ok(panels.every(({ gridPos: { x, w } }) => x >= 0 && x + w <= 24));
});
