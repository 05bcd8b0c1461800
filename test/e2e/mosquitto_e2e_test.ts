import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { withLab } from "./lab.ts";

test("a cluster on Mosquitto comes up, heals a killed agent, and outlives kill -9 of aggregator and broker", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-mosquitto-"));
  const broker = await startMosquitto({ folder });
  try {
    await withLab({ count: 3, broker: broker.url }, async (lab) => {
      await lab.askForSync();
      await lab.converge();
      process.kill(lab.agentPid("n1"), "SIGKILL");
      await waitFor("it is seen", async () => (await lab.node("n1")).phase !== "converged");
      await lab.converge();
      const off = (await lab.power("n1")).powerOff;
      assert.equal(off, 1);

      await lab.cluster.aggregator.kill();
      await lab.cluster.restartAggregator();
      await waitFor("every link is up again", () => allUp(lab));
      await lab.converge();

      await broker.kill();
      await broker.start();
      assert.equal(
        (await lab.request("PATCH", "/nodes/n2/cfg", { services: { beat: { state: "STOP" } } })).status,
        200,
      );
      await waitFor("the change has arrived", async () => {
        const { body } = await lab.request("GET", "/nodes/n2/dsc");
        return JSON.stringify(body).includes('"state":"STOP"');
      });
      await lab.converge();
      assert.equal((await lab.power("n1")).powerOff, 1);
      for (const name of ["n2", "n3"]) assert.equal((await lab.power(name)).powerOff, 0, `${name} was powered off`);
    });
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function allUp(lab: Parameters<Parameters<typeof withLab>[1]>[0]): Promise<boolean> {
  const states = await Promise.all(lab.names.map((name) => lab.request("GET", `/nodes/${name}/dsc`)));
  return states.every(({ body }) => JSON.stringify(body).includes('"link":"UP"'));
}
