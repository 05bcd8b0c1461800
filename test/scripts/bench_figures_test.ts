import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { splitAgents } from "../../scripts/bench/sync/generators.ts";
import { summarizeLatencies } from "../../scripts/bench/sync/latencies.ts";
import { readMemory, readUse } from "../../scripts/bench/sync/process_stats.ts";
import { compareTargets } from "../../scripts/bench/sync/targets.ts";
import { publishBytes } from "../../scripts/bench/sync/wire_bytes.ts";

test("summarizeLatencies() gives times that that share of all is within", () => {
  const times = Array.from({ length: 200 }, (_, place) => 200 - place);
  assert.deepEqual(summarizeLatencies(times), { p50: 100, p99: 198, max: 200, samples: 200 });
  assert.deepEqual(summarizeLatencies([7]), { p50: 7, p99: 7, max: 7, samples: 1 });
});

test("splitAgents() shares agents out evenly and loses none", () => {
  assert.deepEqual(splitAgents(1), [1]);
  assert.deepEqual(splitAgents(2500), [2500]);
  assert.deepEqual(splitAgents(5001), [1667, 1667, 1667]);
  assert.deepEqual(splitAgents(2501), [1250, 1251]);
});

test("publishBytes() counts a PUBLISH of QoS 1 and its PUBACK", () => {
  // MQTT 3.1.1: type and length, topic with its length, packet id, payload; a PUBACK has 4 bytes.
  assert.equal(publishBytes("a/b", 10), (2 + 2 + 3 + 2 + 10) + 4);
  assert.equal(publishBytes("a/b", 200), (3 + 2 + 3 + 2 + 200) + 4); // from 128 bytes on the length takes two
});

test("readUse() and readMemory() tell of a process that works", () => {
  const before = readUse(process.pid);
  let sum = 0;
  while (readUse(process.pid).cpuMs < before.cpuMs + 20) for (let step = 0; step < 100_000; step++) sum += step;
  assert.ok(sum > 0 && readUse(process.pid).at > before.at);
  assert.ok(readMemory(process.pid) > 2 ** 20);
});

test("compareTargets() calls missed what is missed, and asks nothing of a run of another size", () => {
  const good = {
    agents: 5000,
    levelMs: 59_000,
    cfgToAgentMs: { p50: 49, p99: 249, max: 300, samples: 300 },
    absorbedPerSec: 5000,
    windowsPerSec: 50_000,
    absorbedToFloor: 0.5,
    rootBytesPerNode: 8000,
    tiers: 1,
    steadyReceivedPerSec: 70,
    steadySentPerSec: 70,
  };
  const met = (measured: typeof good) => compareTargets(measured).map((target) => target.met);
  assert.deepEqual(met(good), [true, true, true, true, null]);
  const tree = { ...good, agents: 10_000, tiers: 2 };
  assert.equal(met(tree).at(-1), true);
  assert.equal(met({ ...tree, steadySentPerSec: 130 }).at(-1), false);
  assert.equal(met({ ...tree, agents: 5000 }).at(-1), null);
  assert.deepEqual(met({ ...good, levelMs: 60_000, absorbedToFloor: 0.4, rootBytesPerNode: 9000 }), [
    ...[false, true, false, false, null],
  ]);
  assert.deepEqual(met({ ...good, cfgToAgentMs: { ...good.cfgToAgentMs, p99: 250 } })[1], false);
  // 20 agents that make all the changes that their links allow say nothing of what the root could absorb.
  assert.deepEqual(met({ ...good, agents: 20, absorbedPerSec: 199, windowsPerSec: 200, absorbedToFloor: 0.02 }), [
    ...[null, null, null, null, null],
  ]);
});
