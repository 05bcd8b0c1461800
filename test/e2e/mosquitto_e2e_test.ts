import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { type Lab, withLab } from "./lab.ts";

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
      await waitFor(
        "the aggregator says that its broker is lost",
        async () => (await ask(lab, "/readyz")).status === 503,
      );
      const health = await ask(lab, "/healthz");
      assert.equal(health.status, 200);
      assert.match(health.text, /"troubles":\["The broker mqtt:\/\/127\.0\.0\.1:\d+ is not reached since /);
      assert.match((await ask(lab, "/metrics")).text, /^kraken_broker_lost 1$/m);
      const listed = JSON.stringify((await lab.request("GET", "/nodes")).body);
      const stale = listed.match(
        /"stale":\{"since":"[^"]+","aggregator":"root","why":"its broker cannot be reached: /g,
      );
      assert.equal(stale?.length, 3, listed);
      assert.match(JSON.stringify((await lab.request("GET", "/tree")).body), /"health":"DEGRADED".*"brokerLost":/);
      await broker.start();
      await waitFor("the broker is reached again", async () => (await ask(lab, "/readyz")).status === 200);
      assert.match((await ask(lab, "/metrics")).text, /^kraken_broker_losses_total 1$/m);
      await waitFor("an event tells of it", async () => {
        const { text } = await ask(lab, "/api/v1/events?after=0");
        return /"kind":"broker","why":"The broker mqtt:/.test(text) && text.includes("its broker can be reached again");
      });
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

/** Asks the aggregator beside its API. */
async function ask({ cluster }: Lab, path: string): Promise<{ status: number; text: string }> {
  const headers = { accept: "application/json, */*" };
  const answer = await fetch(`${cluster.api}${path}`, { headers, signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, text: await answer.text() };
}

async function allUp(lab: Lab): Promise<boolean> {
  const states = await Promise.all(lab.names.map((name) => lab.request("GET", `/nodes/${name}/dsc`)));
  return states.every(({ body }) => JSON.stringify(body).includes('"link":"UP"'));
}
