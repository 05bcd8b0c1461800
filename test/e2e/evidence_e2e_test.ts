import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import mqtt from "mqtt";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { NO_TERM, nodeIdOf } from "../../src/state/mod.ts";
import { type BirthFrame, encodeFrame, type UpFrame } from "../../src/sync/mod.ts";
import { makeTerm } from "../support/versions.ts";
import { withLab } from "./lab.ts";

const MOST = 2 ** 32 - 1;

test("a thousand lies in a node's name use up no counter, freeze nothing and stop no repair: the real programs go on", async () => {
  await withLab({ count: 2 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    const [cluster, parent, child] = ["lab", nodeIdOf("lab", "root"), nodeIdOf("lab", "n1")];
    const up = formatTopic({ cluster, parent, child, channel: "up" });
    const birth = (number: number, fields: Partial<BirthFrame>): BirthFrame => ({
      ...{ type: "birth", from: `liar-${number}`, term: NO_TERM, parent: "", received: 0, epoch: 0 },
      ...{ parentTerm: NO_TERM, digest: "0".repeat(32), knownDigest: "", modules: [], ...fields },
    });
    const lies: UpFrame[] = Array.from({ length: 250 }, (_, n): UpFrame[] => {
      const run = Math.min(MOST, 2 ** Math.ceil(n / 7));
      return [
        birth(4 * n, { parentTerm: makeTerm(1, run) }),
        birth(4 * n + 1, { term: makeTerm(1, run) }),
        birth(4 * n + 2, { term: makeTerm(Math.min(n + 2, 4_000), 1) }),
        { type: "left", from: `liar-${n}`, number: n + 2 },
      ];
    }).flat();
    async function lie(frames: readonly UpFrame[]): Promise<void> {
      const client = await mqtt.connectAsync(lab.cluster.broker, { protocolVersion: 4, reconnectPeriod: 0 });
      for (const frame of frames) await client.publishAsync(up, Buffer.from(encodeFrame(frame)), { qos: 1 });
      await client.endAsync();
    }
    await lie(lies);
    await lab.cluster.aggregator.kill();
    await lab.cluster.restartAggregator();
    await lie([birth(9_000, { parentTerm: makeTerm(1, MOST) }), birth(9_001, { parentTerm: makeTerm(9, 1) })]); // right after the start
    const log = readFileSync(join(lab.cluster.folder, "aggregator.log"), "utf8");
    const told = log.match(/n1 claims (?:term|a run|assignment) \d+.*: the claim is ignored/g) ?? [];
    assert.ok(told.length > 0 && told.length <= 4, `${told.length}`); // by two processes
    await lab.converge();
    // Its agent ends: it is repaired, as ever.
    const before = lab.agentPid("n1");
    process.kill(before, "SIGKILL");
    await waitFor("another agent of n1", () => lab.agentPid("n1") !== before);
    await lab.converge();
    assert.equal((await lab.request("PATCH", "/nodes/n1/cfg", { services: { beat: { state: "STOP" } } })).status, 200);
    await lab.converge();
  });
});
