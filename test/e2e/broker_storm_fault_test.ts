import assert from "node:assert/strict";
import { test } from "node:test";
import { GENERATOR, nodeName } from "../../scripts/bench/sync/generator/commands.ts";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { withLab } from "./lab.ts";
import { NO_AGENT, withLinks } from "./links_lab.ts";

/** Agents: real links, all in one process. */
const AGENTS = 500;

test(
  "kill -9 of the broker of 500 agents in the middle of their reports: all go on from where they were, and no machine is touched",
  {
    skip: NO_MOSQUITTO,
  },
  async () => {
    await withLinks(async (broker, generator) => {
      const options = { count: AGENTS, nameOf: nodeName, broker: broker.url, agentCommand: NO_AGENT };
      await withLab(options, async (lab) => {
        const inSync = async () => (await lab.nodes()).filter(({ runState }) => runState === "SYNC").length;
        const powers = () => Promise.all(lab.names.map((name) => lab.power(name)));
        await lab.askForSync();
        await waitFor("all machines are on", async () => {
          return (await lab.nodes()).every(({ physState }) => physState === "POWER_ON");
        }, { limit: 60_000 });
        await generator.ask(GENERATOR.prepare, {
          ...{ cluster: "lab", parent: nodeIdOf("lab", "root"), broker: broker.url, api: lab.cluster.api },
          ...{ first: 0, count: AGENTS },
        });
        await generator.ask(GENERATOR.start, { limit: 60_000 });
        await waitFor("all nodes are in SYNC", async () => await inSync() === AGENTS, { limit: 60_000 });
        const [before, counted] = [await powers(), await generator.ask(GENERATOR.counts, {})];

        const reporting = generator.ask(GENERATOR.steady, { ms: 10_000 });
        await broker.kill();
        await waitFor("every agent has seen it", async () => (await generator.ask(GENERATOR.counts, {})).level === 0);
        await broker.start();
        const back = performance.now();
        await waitFor("every agent is level again", async () => {
          return (await generator.ask(GENERATOR.counts, {})).level === AGENTS;
        }, { limit: 60_000 });
        const ms = Math.round(performance.now() - back);
        assert.ok((await reporting).changes > 0);
        await waitFor("the root has what every agent said last", async () => {
          return (await generator.ask(GENERATOR.verify, {})).wrong === 0;
        });
        assert.equal(await inSync(), AGENTS);
        assert.deepEqual(await powers(), before);
        const births = (await generator.ask(GENERATOR.counts, {})).births - counted.births;
        console.log(`${AGENTS} agents: level ${ms} ms after the broker was back, ${births} births, no power action`);
        assert.ok(births >= AGENTS && births <= 4 * AGENTS, `${births} births of ${AGENTS} agents`);
      });
    });
  },
);
