import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import type { RunningAggregator } from "../../scripts/cluster/cluster.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import type { Random } from "../../src/clock.ts";
import { foldNodeset } from "../../src/nodeset/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { checkEvents, checkStore, checkUntouched, lastEvent } from "./kills/checks.ts";
import { sizeOf } from "../support/sizes.ts";
import { followEvents } from "./kills/follower.ts";
import { createGate } from "./kills/gate.ts";
import { killAgainAndAgain } from "./kills/killing.ts";
import { createSignal, type Happenings, untilMoment, whileSettling } from "./kills/moments.ts";
import { FLIP, flips, groups, racks, reports } from "./kills/subjects.ts";
import { startWriter } from "./kills/writer.ts";
import { type Lab, SYNC, withLab } from "./lab.ts";
import { withTiers } from "./tiers.ts";

const KILLS_UNDER_LOAD = sizeOf(30, 90);
/** Afterwards, when nothing comes that would make up for what was lost. */
const KILLS_IN_SILENCE = sizeOf(5, 10);
const KILLS_OF_RACK = sizeOf(8, 20);
/** The longest that a test may take, in milliseconds. */
const LIMIT = 560_000;

const seed = Number(process.env["KRAKEN_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

function happeningsOf(folder: string): Happenings {
  return { log: join(folder, "state.db-wal"), acknowledged: createSignal(), discovered: createSignal() };
}

function aggregatorOf(lab: Lab, name: string): RunningAggregator {
  const found = lab.cluster.aggregators.get(name);
  assert.ok(found !== undefined);
  return found;
}

test(
  `kill -9 of the root, ${KILLS_UNDER_LOAD} times under load and ${KILLS_IN_SILENCE} times after it (KRAKEN_SEED=${seed})`,
  {
    timeout: LIMIT,
  },
  async () => {
    await withLab({ count: 12 }, async (lab) => {
      const cfg = { ...SYNC, services: { ...SYNC.services, flip: FLIP } };
      await lab.request("POST", "/apply", {
        nodes: lab.names.map((name) => ({ name, id: nodeIdOf("lab", name), cfg })),
      });
      await lab.converge();
      const agents = lab.names.map((name) => lab.agentPid(name));
      const root = aggregatorOf(lab, "root");
      const quiet = await lastEvent(lab, root.api);

      const folder = join(lab.cluster.folder, "aggregator");
      const random = seededRandom(seed);
      const gate = createGate();
      const happenings = happeningsOf(folder);
      const subjects = [
        ...["n1", "n2", "n3", "n4"].map((node) => racks(lab, node)),
        groups(lab, lab.names),
        flips(lab, ["n5", "n6", "n7", "n8"]),
        reports(lab, "n9", root.api),
      ];
      const follower = followEvents({ api: root.api, gate, heard: happenings.discovered.happen });
      const writers = subjects.map((subject) =>
        startWriter({ api: root.api, gate, subject, acknowledge: happenings.acknowledged.happen })
      );
      try {
        const pidFile = `${folder}.pid`;
        const kills = await killAgainAndAgain(
          { aggregator: root, pidFile, gate, writers, happenings },
          KILLS_UNDER_LOAD,
          random,
        );
        await untilMoment("acknowledged", happenings, random);
        process.stdout.write(
          `${JSON.stringify({ seed, kills, streams: follower.streams, told: follower.told.size })}\n`,
        );
      } finally {
        gate.end();
      }
      await Promise.all(writers.map(({ ended }) => ended));
      for (const writer of writers) await writer.check();
      assert.ok(writers.every(({ acknowledged }) => acknowledged >= KILLS_UNDER_LOAD / 2), "too little was written");
      await lab.converge();
      await follower.stop();
      for (let kill = 0; kill < KILLS_IN_SILENCE; kill++) await killWhileSettling(lab, root, random);
      await checkEvents(lab, root.api, follower, quiet);
      await checkUntouched(lab, agents);
      await root.running.kill();
      await checkStore(folder);
    });
  },
);

test(
  `kill -9 of a rack, ${KILLS_OF_RACK} times under load (KRAKEN_SEED=${seed})`,
  {
    timeout: LIMIT,
  },
  async () => {
    const below = [{ name: "rack1", parent: "root" }];
    await withTiers({ count: 4, below, parentOf: () => "rack1" }, async (lab) => {
      assert.equal((await lab.request("PATCH", "/nodes?nodeset=n[1-4]", { services: { flip: FLIP } })).status, 200);
      await lab.converge();
      const agents = lab.names.map((name) => lab.agentPid(name));
      const root = aggregatorOf(lab, "root");
      const rack = aggregatorOf(lab, "rack1");
      const quiet = await lastEvent(lab, rack.api);

      const folder = join(lab.cluster.folder, "aggregators", "rack1");
      const random = seededRandom(seed);
      const gate = createGate();
      const always = createGate();
      const happenings = happeningsOf(folder);
      const follower = followEvents({ api: rack.api, gate, heard: happenings.discovered.happen });
      const reporter = startWriter({
        ...{ api: rack.api, gate, subject: reports(lab, "n1", rack.api) },
        acknowledge: happenings.acknowledged.happen,
      });
      // The root goes on without the rack: what it acknowledges meanwhile has to get there.
      const above = [racks(lab, "n2"), groups(lab, lab.names), flips(lab, ["n3", "n4"])].map((subject) =>
        startWriter({ api: root.api, gate: always, subject, acknowledge: () => {} })
      );
      always.open();
      try {
        const victim = { aggregator: rack, pidFile: `${folder}.pid`, gate, writers: [reporter], happenings };
        const kills = await killAgainAndAgain(victim, KILLS_OF_RACK, random);
        await untilMoment("acknowledged", happenings, random);
        process.stdout.write(
          `${JSON.stringify({ seed, kills, streams: follower.streams, told: follower.told.size })}\n`,
        );
      } finally {
        gate.end();
        always.end();
      }
      await Promise.all([reporter, ...above].map(({ ended }) => ended));
      for (const writer of [reporter, ...above]) await writer.check();
      await lab.converge();
      for (const name of lab.names) {
        await waitFor(`root and rack agree on ${name}`, async () => {
          const path = `/nodes/${name}`;
          const [atRoot, atRack] = await Promise.all(["root", "rack1"].map((at) => lab.ask(at, "GET", path)));
          assert.deepEqual(stateOf(atRack?.body), stateOf(atRoot?.body));
          return true;
        });
      }
      await follower.stop();
      await checkEvents(lab, rack.api, follower, quiet);
      await checkUntouched(lab, agents);
      await rack.running.kill();
      await checkStore(folder);
    });
  },
);

/** Changes every node once, and kills the root while the agents tell that they have seen it: they tell it again. */
async function killWhileSettling(lab: Lab, root: RunningAggregator, random: Random): Promise<void> {
  const path = `/nodes?nodeset=${foldNodeset(lab.names)}`;
  const arch = `arch-${Math.floor(random() * 2 ** 31)}`;
  assert.equal((await lab.request("PATCH", path, { arch })).status, 200);
  await whileSettling(random);
  await root.running.kill();
  await root.restart();
  await lab.converge();
}

/** What a node is to be and what is seen of it. */
function stateOf(node: unknown): unknown {
  assert.ok(typeof node === "object" && node !== null && "cfg" in node && "dsc" in node);
  return { cfg: node.cfg, dsc: node.dsc };
}
