import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { runCommand } from "../../scripts/command.ts";
import { DENO_CONFIG, denoPath, ROOT } from "../../scripts/runtimes.ts";
import { isRecord } from "../../src/state/mod.ts";

async function bench(...args: readonly string[]) {
  const file = join(ROOT, "scripts/bench/main.ts");
  const command = [denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, file, ...args];
  return await runCommand(command, { cwd: ROOT, timeout: 240_000 });
}

function numberIn(object: unknown, name: string): number {
  const value = isRecord(object) ? object[name] : undefined;
  assert.ok(typeof value === "number" && Number.isFinite(value), `${name} is ${JSON.stringify(value)}`);
  return value;
}

test("bench sync measures real agents, the floor and every process, and leaves nothing behind", async () => {
  const agents = 20;
  const { code, output, leftovers } = await bench("sync", "--agents", String(agents), "--json");
  assert.equal(code, 0, output);
  assert.deepEqual(leftovers, []);
  const figures: unknown = JSON.parse(output.slice(output.indexOf("{\n"))); // progress comes before it
  assert.ok(isRecord(figures));
  const { bench: name, tiers, broker, agents: counted, wrong, verified } = figures;
  assert.deepEqual({ name, tiers, broker, counted }, { name: "sync", tiers: 1, broker: "embedded", counted: agents });
  assert.deepEqual({ wrong, verified }, { wrong: 0, verified: agents });

  const positive = [
    ...["applyMs", "startMs", "levelMs", "levelRootCpuMs", "absorbedPerSec", "floorPerSec", "absorbedToFloor"],
    ...["floorUsPerMessage", "rootUsPerChange", "bytesPerChange", "rootRssMb", "rootEmptyRssMb", "rootCpuPct"],
  ];
  for (const field of positive) assert.ok(numberIn(figures, field) > 0, field);
  for (const field of ["cfgToAgentMs", "dscToRootMs"]) {
    const latencies: unknown = figures[field];
    assert.equal(numberIn(latencies, "samples"), agents, field);
    assert.ok(numberIn(latencies, "p50") > 0, field);
    assert.ok(numberIn(latencies, "p99") >= numberIn(latencies, "p50"), field);
    assert.ok(numberIn(latencies, "max") >= numberIn(latencies, "p99"), field);
  }
  // The pauses between windows are real: no link sends more than it may. What is on its way at the end counts for none.
  const windows = numberIn(figures, "windowsPerSec");
  assert.equal(windows, 10 * agents);
  assert.ok(numberIn(figures, "absorbedPerSec") <= windows);
  // A change is a frame there and its acknowledgement back, each with a topic of more than 80 characters.
  const frame = numberIn(figures["cbor"], "frameBytes");
  const perChange = numberIn(figures, "bytesPerChange");
  assert.ok(perChange > frame + 2 * 80 && perChange < 4 * frame, `${perChange} bytes a change, ${frame} bytes a frame`);
  for (const field of ["idleCpuPct", "absorbCpuPct", "levelRssMb", "absorbRssMb"]) {
    assert.ok(numberIn(figures[field], "root") >= 0, field);
    assert.ok(numberIn(figures[field], "generators") >= 0, field);
  }
  assert.ok(Array.isArray(figures["targets"]) && figures["targets"].length === 5);
});

test(
  "bench sync measures a tree of aggregators over a Mosquitto, with every process of it",
  { skip: NO_MOSQUITTO },
  async () => {
    const agents = 50;
    const { code, output, leftovers } = await bench(
      ...["sync", "--agents", String(agents), "--tiers", "2", "--broker", "mosquitto", "--json"],
    );
    assert.equal(code, 0, output);
    assert.deepEqual(leftovers, []);
    const figures: unknown = JSON.parse(output.slice(output.indexOf("{\n"))); // progress comes before it
    assert.ok(isRecord(figures));
    const { bench: name, tiers, broker, agents: counted, wrong, verified } = figures;
    assert.deepEqual({ name, tiers, broker, counted }, {
      name: "sync",
      tiers: 2,
      broker: "mosquitto",
      counted: agents,
    });
    assert.deepEqual({ wrong, verified }, { wrong: 0, verified: agents });
    for (
      const field of ["levelMs", "absorbedPerSec", "floorPerSec", "rootUsPerChange", "brokerUsPerChange", "rootRssMb"]
    ) {
      assert.ok(numberIn(figures, field) > 0, field);
    }
    for (const field of ["idleCpuPct", "absorbCpuPct", "levelRssMb", "absorbRssMb"]) {
      for (const part of ["root", "broker", "below", "generators"]) {
        assert.ok(
          numberIn(figures[field], part) >= 0,
          part,
        );
      }
    }
    assert.ok(numberIn(figures["levelRssMb"], "below") > 0, "the racks are processes");
    assert.ok(Array.isArray(figures["targets"]) && figures["targets"].length === 5);
  },
);

test("bench names an option that it does not have, and a bench that there is not", async () => {
  const cases = [
    [["sync", "--agnets", "3"], "Unknown option '--agnets': did you mean '--agents'?"],
    [["sync", "--agents", "0"], "Option '--agents' is '0': expected a whole number from 1 to 16000"],
    [["sync", "--broker", "nats"], "Option '--broker' is 'nats': expected one of embedded, mosquitto"],
    [["plan", "--agents", "3"], "Unknown option '--agents'"],
    [["plans"], "There is no bench 'plans'"],
    [[], "NAME is missing"],
  ] as const;
  for (const [args, problem] of cases) {
    const { code, output } = await bench(...args);
    assert.equal(code, 2, output);
    assert.ok(output.includes(problem), output);
  }
});
