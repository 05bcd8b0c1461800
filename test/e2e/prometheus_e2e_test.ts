import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { freePort, isListening } from "../../scripts/brokers/ports.ts";
import { startServer } from "../../scripts/cluster/process.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { runCommand } from "../../scripts/command.ts";
import { asGrafanaSends, metricNames, metricsOfQuery, readDashboard } from "../metrics/names.ts";
import { until } from "../support/until.ts";
import { type Lab, withLab } from "./lab.ts";

const targetsShape = v.object({
  data: v.object({ activeTargets: v.array(v.object({ health: v.string(), lastError: v.string() })) }),
});
const queryShape = v.object({ data: v.object({ result: v.array(v.unknown()) }) });
const namesShape = v.object({ data: v.array(v.string()) });

/** Runs Debian's Prometheus on the example's config, with the lab's root as its target. */
async function withPrometheus(
  lab: Lab,
  run: (ask: (path: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { folder, api } = lab.cluster;
  const port = await freePort();
  const example = (name: string) => readFileSync(join(ROOT, "examples/monitoring", name), "utf8");
  const config = example("prometheus.yml").replaceAll("15s", "1s").replace("127.0.0.1:3141", new URL(api).host);
  writeFileSync(join(folder, "prometheus.yml"), config);
  writeFileSync(join(folder, "kraken-alerts.yaml"), example("kraken-alerts.yaml"));
  const running = await startServer({
    command: [
      ...["prometheus", `--config.file=${join(folder, "prometheus.yml")}`],
      ...[`--storage.tsdb.path=${join(folder, "tsdb")}`, `--web.listen-address=127.0.0.1:${port}`],
    ],
    logFile: join(folder, "prometheus.log"),
  }, () => isListening(port));
  try {
    await run(async (path) => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
      return await answer.json();
    });
  } finally {
    await running.stop();
  }
}

/** What a cluster without boot services does not have, and states that no node is in. */
const ABSENT = /^sum by \((?:answer|way, result)\)|phase!="converged"/;

test("Prometheus scrapes a cluster: the series of the dashboard's queries exist, with the names that promtool likes", async () => {
  await withLab({ count: 3, nodeMetrics: true, publish: { to: "embedded" } }, async (lab) => {
    await withPrometheus(lab, async (ask) => {
      await lab.askForSync();
      await lab.converge();
      const { host } = new URL(lab.cluster.api);
      const has = async (expr: string): Promise<boolean> =>
        v.parse(queryShape, await ask(`query?query=${encodeURIComponent(expr)}`)).data.result.length > 0;
      const queries = readDashboard().panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
        .filter((expr) => !ABSENT.test(expr));
      assert.ok(queries.length >= 25);
      await until(async () => {
        const missing: string[] = [];
        for (const expr of queries) if (!await has(asGrafanaSends(expr, host))) missing.push(expr);
        assert.deepEqual(missing, []);
      });
      // A target is up once its answer was read whole: OpenMetrics, which Prometheus asks for.
      const { data: { activeTargets } } = v.parse(targetsShape, await ask("targets"));
      assert.deepEqual(activeTargets, [{ health: "up", lastError: "" }]);
      assert.ok(await has('kraken_node_phase{node="n2",phase="converged"} == 1'));
      assert.ok(await has('kraken_mutation_duration_seconds_count{mutation="simpower/power-on",outcome="done"} >= 3'));
      assert.ok(await has("kraken_time_to_goal_seconds_count >= 3"));

      const { data: names } = v.parse(namesShape, await ask("label/__name__/values"));
      const known = metricNames();
      const unknown = names.filter((name) => name.startsWith("kraken_")).flatMap(metricsOfQuery)
        .filter((name) => !known.includes(name));
      assert.deepEqual(unknown, []);
    });
    const text = await (await fetch(`${lab.cluster.api}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
    const file = join(lab.cluster.folder, "metrics.txt");
    writeFileSync(file, text);
    const { code, output } = await runCommand(["sh", "-c", `promtool check metrics < ${file}`], {
      cwd: ROOT,
      timeout: 60_000,
    });
    assert.equal(code, 0, output);
  });
});
