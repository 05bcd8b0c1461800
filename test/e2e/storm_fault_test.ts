import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { NO_MOSQUITTO, startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { type Fleet, nameOf, withFleet } from "./fleet.ts";
import { withLab } from "./lab.ts";
import { NO_AGENT } from "./links_lab.ts";

/** How many agents, each with a connection of its own. */
const { KRAKEN_AGENTS: asked } = process.env;
const AGENTS = Number(asked ?? 500);
/** How often the power of machines is looked at, in milliseconds: one that is touched counts that by itself. */
const POLL = 10 * AGENTS;
/** How long they report meanwhile, in milliseconds. */
const REPORTS = 10_000;
const LIMIT = 480_000;

/** Kills something in the middle of reports and starts it again, and checks what must hold of every storm. */
async function storm(fleet: Fleet, what: { kill(): Promise<void>; start(): Promise<void> }): Promise<void> {
  const [powers, { births }] = [await fleet.powers(), await fleet.counts()];
  const reporting = fleet.report(REPORTS);
  await what.kill();
  await waitFor("every agent has seen it", async () => (await fleet.counts()).level === 0, { limit: LIMIT });
  await what.start();
  const back = performance.now();
  await waitFor("every agent is level again", async () => (await fleet.counts()).level === AGENTS, { limit: LIMIT });
  const ms = Math.round(performance.now() - back);
  assert.ok(await reporting > 0);
  await waitFor("the root has what every agent said last", async () => await fleet.wrong() === 0, { limit: LIMIT });
  assert.equal(await fleet.inSync(), AGENTS);
  assert.deepEqual(await fleet.powers(), powers, "no power action");
  const born = (await fleet.counts()).births - births;
  const each = (born / AGENTS).toFixed(1);
  console.log(`${AGENTS} agents: level after ${ms} ms, ${each} births each, nothing lost, no power action`);
  assert.ok(born >= AGENTS && born <= 5 * AGENTS, `${born} births of ${AGENTS} agents`);
}

test(
  "kill -9 of the broker of many agents in the middle of their reports: all go on from where they were, and no machine is touched",
  { skip: NO_MOSQUITTO },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "kraken-storm-"));
    try {
      const broker = await startMosquitto({ folder });
      try {
        await withLab(
          { count: AGENTS, nameOf, poll: POLL, broker: broker.url, agentCommand: NO_AGENT },
          async (lab) => {
            await withFleet(lab, (fleet) => storm(fleet, broker));
          },
        );
      } finally {
        await broker.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

const LONG = asked === undefined && "Takes long: KRAKEN_AGENTS=5000 npm test -- test/e2e/storm_fault_test.ts";

test(
  "kill -9 of the aggregator of many agents, and of the broker in it, is the same to them",
  { skip: LONG },
  async () => {
    await withLab({ count: AGENTS, nameOf, poll: POLL, agentCommand: NO_AGENT }, async (lab) => {
      await withFleet(
        lab,
        (fleet) =>
          storm(fleet, { kill: () => lab.cluster.aggregator.kill(), start: () => lab.cluster.restartAggregator() }),
      );
    });
  },
);
