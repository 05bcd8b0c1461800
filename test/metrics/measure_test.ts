import assert from "node:assert/strict";
import { test } from "node:test";
import type { Aggregator } from "../../aggregator/types.ts";
import { createTestRoot } from "../support/root.ts";

/** What an aggregator measures, one line for each value; of histograms the number of values and their sum. */
async function measured(aggregator: Aggregator): Promise<string[]> {
  return (await aggregator.measure()).flatMap((metric) => {
    const line = (labels: Readonly<Record<string, string>> | undefined, value: string) =>
      `${[metric.name, ...Object.values(labels ?? {})].join(" ")}: ${value}`;
    return metric.type === "histogram"
      ? [...metric.samples].map(({ labels, count, sum }) => line(labels, `${count}, ${sum} s`))
      : [...metric.samples].map(({ labels, value }) => line(labels, String(value)));
  });
}

test("nodes are counted by their states, and what is done to them is timed", async () => {
  const { aggregator, clock, patch, discover } = await createTestRoot({ names: ["n1", "n2"] });
  discover("n1", { "/bmc/watts": 120, "/bmc/inlet": 21 });
  discover("n2", { "/bmc/watts": 80, "/bmc/inlet": 24 });
  await clock.advance(3_000);
  const before = await measured(aggregator);
  for (
    const line of [
      ...["nodes_phys_state POWER_OFF: 2", "nodes_phys_state POWER_ON: 0", "nodes_run_state UNKNOWN: 2"],
      ...["nodes_phase converged: 2", "nodes_phase stuck: 0", "nodes_late: 0", "nodes_metered: 2"],
      ...["nodes_power_watts: 200", "nodes_inlet_max_celsius: 24", "nodes_inlet_mean_celsius: 22.5"],
      "time_to_goal_seconds: 0, 0 s",
    ]
  ) assert.ok(before.includes(line), `${line} is not among ${before.join("\n")}`);
  assert.deepEqual(before.filter((line) => /^(?:node|mutation)_/.test(line)), []);

  patch("n1", { "/physState": "POWER_ON" });
  await clock.advance(5_000);
  discover("n1", { "/physState": "POWER_ON" });
  await clock.advance(1_000);
  const after = await measured(aggregator);
  assert.ok(after.includes("nodes_phys_state POWER_ON: 1"));
  const timed = after.find((line) => line.startsWith("mutation_duration_seconds simpower/power-on done: 1, "));
  assert.ok(timed !== undefined, after.join("\n"));
  const [, seconds = ""] = /^time_to_goal_seconds: 1, (\S+) s$/m.exec(after.join("\n")) ?? [];
  assert.ok(Number(seconds) >= 5 && Number(seconds) <= 5.5, after.join("\n"));
  await aggregator.stop();
});

test("with series of each node, its states and readings are told by its name", async () => {
  const { aggregator, clock, discover } = await createTestRoot({ names: ["n1"], nodeMetrics: true });
  discover("n1", { "/bmc/watts": 120 });
  await clock.advance(3_000);
  assert.deepEqual((await measured(aggregator)).filter((line) => line.startsWith("node_")), [
    ...["node_phys_state n1 POWER_OFF: 1", "node_run_state n1 UNKNOWN: 1", "node_phase n1 converged: 1"],
    ...["node_late n1: 0", "node_power_watts n1: 120"],
  ]);
  await aggregator.stop();
});
