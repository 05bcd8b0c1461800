import assert from "node:assert/strict";
import { test } from "node:test";
import { createCensusTaker, type NodeFigures } from "../../aggregator/telemetry/census.ts";
import { createDistributionSet, createRecorder } from "../../aggregator/telemetry/distribution.ts";
import { createGoalTimes } from "../../aggregator/telemetry/goal_times.ts";
import { nodeMetrics } from "../../aggregator/telemetry/metrics.ts";
import { createTelemetry } from "../../aggregator/telemetry/telemetry.ts";
import { fc } from "../support/property.ts";

test("a recorder counts each value in every bucket whose bound it does not exceed", () => {
  const bounds = [0.1, 1, 10, 100];
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { maxLength: 50 }), (values) => {
    const recorder = createRecorder(bounds);
    for (const value of values) recorder.observe(value);
    const { buckets, count, sum } = recorder.read();
    assert.deepEqual(
      buckets,
      bounds.map((atMost) => ({ atMost, count: values.filter((value) => value <= atMost).length })),
    );
    assert.deepEqual([count, sum], [values.length, values.reduce((all, value) => all + value, 0)]);
  }));
});

test("a set of distributions has a limited number of series: what exceeds it is one more", () => {
  const set = createDistributionSet(["mutation"], [1]);
  for (let n = 0; n < 1_000; n++) set.observe([`m${n}`], 1);
  set.observe(["m0"], 1);
  const series = set.read();
  assert.equal(series.length, 301);
  assert.equal(series[0]?.count, 2);
  assert.deepEqual([series.at(-1)?.labels, series.at(-1)?.count], [{ mutation: "other" }, 700]);
});

test("durations of mutations have no variables in their labels", () => {
  const telemetry = createTelemetry();
  telemetry.timed("service/start{name=a}", 1_500, "done");
  telemetry.timed("service/start{name=b}", 500, "done");
  telemetry.timed("simpower/power-on", 100, "failed");
  const found = telemetry.metrics().find(({ name }) => name === "mutation_duration_seconds");
  assert.ok(found?.type === "histogram");
  assert.deepEqual([...found.samples].map(({ labels, count, sum }) => [labels, count, sum]), [
    [{ mutation: "service/start", outcome: "done" }, 2, 2],
    [{ mutation: "simpower/power-on", outcome: "failed" }, 1, 0.1],
  ]);
});

test("the time to a goal begins with a new target or with leaving it, and is counted once", () => {
  const times = createGoalTimes();
  const look = (target: string, isConverged: boolean, since: number, now = since): number => {
    times.looked("n1", { target, isConverged, since, now });
    return times.read().sum;
  };
  assert.equal(look("a", true, 1_000), 0, "it was at its goal when it was first seen");
  look("a", false, 10_000);
  look("a", false, 12_000);
  assert.equal(look("a", true, 14_000, 15_000), 5, "left its goal at 10 s");
  assert.equal(look("a", true, 16_000), 5);
  look("b", false, 20_000);
  look("c", false, 30_000);
  assert.equal(look("c", true, 33_000), 8, "the last change of cfg counts");
  assert.equal(look("d", true, 40_000, 40_250), 8.25, "reached before anybody looked");
  look("d", false, 50_000);
  times.forget("n1");
  assert.equal(look("d", true, 60_000), 8.25, "it was elsewhere meanwhile");
  assert.equal(times.read().count, 3);
});

/** A node in some state. */
const nodes: fc.Arbitrary<NodeFigures | undefined> = fc.option(
  fc.record({
    name: fc.constantFrom("n1", "n2"),
    physState: fc.constantFrom("PHYS_UNKNOWN", "POWER_OFF", "POWER_ON"),
    runState: fc.constantFrom("UNKNOWN", "SYNC"),
    phase: fc.constantFrom("converged", "stuck", "frozen"),
    isLate: fc.boolean(),
    watts: fc.option(fc.nat(1_000), { nil: undefined }),
    inlet: fc.option(fc.integer({ min: -100, max: 1_000 }), { nil: undefined }),
  }),
  { nil: undefined },
);

test("a census counts each node once in each of its states, and states that no node is in as 0", async () => {
  await fc.assert(fc.asyncProperty(fc.array(nodes, { maxLength: 120 }), fc.nat(5), async (all, listed) => {
    const taker = createCensusTaker({
      ids: () => all.map((_, place) => String(place)),
      figuresOf: (id) => all[Number(id)],
      listed,
    });
    const [census, shared] = await Promise.all([taker.take(), taker.take()]);
    assert.equal(census, shared);
    const there = all.filter((node) => node !== undefined);
    const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
    const { physStates, runStates, phases, watts, inlet } = census;
    assert.deepEqual([physStates, runStates, phases].map(sum), [there.length, there.length, there.length]);
    assert.equal(phases.size, 7);
    assert.equal(phases.get("stuck"), there.filter(({ phase }) => phase === "stuck").length);
    const inlets = there.flatMap((node) => node.inlet ?? []);
    assert.deepEqual([inlet.known, inlet.max], [inlets.length, inlets.length === 0 ? 0 : Math.max(...inlets)]);
    assert.equal(watts.sum, there.reduce((all, node) => all + (node.watts ?? 0), 0));
    assert.deepEqual(census.nodes, there.slice(0, listed));
  }));
});

test("each listed node has a series of each state that it is in, and of what its BMC reports", () => {
  const of = (name: string, watts?: number): NodeFigures => ({
    ...{ name, physState: "POWER_ON", runState: "SYNC", phase: "working", isLate: name === "n2" },
    ...{ watts, inlet: undefined },
  });
  const none = { known: 0, sum: 0, max: 0 };
  const census = { physStates: new Map(), runStates: new Map(), phases: new Map(), late: 0, watts: none, inlet: none };
  const series = (nodes: readonly NodeFigures[]) =>
    nodeMetrics({ ...census, nodes }).filter(({ name }) => name.startsWith("node_")).flatMap((metric) =>
      metric.type === "histogram"
        ? []
        : [...metric.samples].map(({ labels, value }) =>
          `${metric.name} ${Object.values(labels ?? {}).join(" ")} ${value}`
        )
    );
  assert.deepEqual(series([of("n1", 120), of("n2")]), [
    ...["node_phys_state n1 POWER_ON 1", "node_phys_state n2 POWER_ON 1"],
    ...["node_run_state n1 SYNC 1", "node_run_state n2 SYNC 1"],
    ...["node_phase n1 working 1", "node_phase n2 working 1"],
    ...["node_late n1 0", "node_late n2 1"],
    "node_power_watts n1 120",
  ]);
  assert.deepEqual(series([]), []);
});
