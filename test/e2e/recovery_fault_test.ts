import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { withLab } from "./lab.ts";

test("kill -9 of an agent is seen, and its node is back in SYNC without a person; no other node is touched", async () => {
  await withLab({ count: 3 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    const before = lab.agentPid("n2");
    process.kill(before, "SIGKILL");
    await waitFor("the aggregator has seen it", async () => (await lab.node("n2")).phase !== "converged");
    await lab.converge();
    assert.notEqual(lab.agentPid("n2"), before);
    assert.deepEqual(await lab.power("n2"), { ...await lab.power("n2"), powerOn: 2, powerOff: 1 });
    for (const name of ["n1", "n3"]) {
      const { powerOn, powerOff } = await lab.power(name);
      assert.deepEqual({ powerOn, powerOff }, { powerOn: 1, powerOff: 0 });
    }
  });
});

test("kill -9 of the aggregator in the middle of a bring-up loses nothing acknowledged and touches no node in SYNC", async () => {
  await withLab({ count: 6, behaviour: { bootDelay: { min: 200, mode: 1500, max: 4000 } } }, async (lab) => {
    await lab.askForSync();
    // Killed while some are in SYNC and others are still booting.
    await waitFor("some are in SYNC and some are not", async () => {
      const synced = (await lab.nodes()).filter(({ runState }) => runState === "SYNC").length;
      return synced >= 2 && synced <= 4;
    }, { every: 20 });
    const acknowledged = await lab.request("PATCH", "/nodes/n1/cfg", {
      services: { beat: { config: { args: ["-c", "sleep 999"] } } },
    });
    assert.equal(acknowledged.status, 200);
    const synced = (await lab.nodes()).filter(({ runState }) => runState === "SYNC").map(({ name }) => name);
    await lab.cluster.aggregator.kill();
    await lab.cluster.restartAggregator();
    await lab.converge();
    assert.ok(synced.length >= 2);
    for (const name of lab.names) {
      const { powerOn, powerOff } = await lab.power(name);
      assert.equal(powerOff, 0, `${name} was powered off`);
      if (synced.includes(name)) assert.equal(powerOn, 1, `${name} was powered on again`);
    }
    const { body } = await lab.request("GET", "/nodes/n1/cfg");
    assert.match(JSON.stringify(body), /sleep 999/);
  });
});

test("kill -9 of the aggregator once all is well: agents go on, join again, and no machine is touched", async () => {
  await withLab({ count: 3 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    const agents = lab.names.map((name) => lab.agentPid(name));
    for (let round = 0; round < 2; round++) {
      await lab.cluster.aggregator.kill();
      await lab.cluster.restartAggregator();
      await waitFor("every link is up again", async () => {
        const states = await Promise.all(lab.names.map((name) => lab.request("GET", `/nodes/${name}/dsc`)));
        return states.every(({ body }) => JSON.stringify(body).includes('"link":"UP"'));
      });
      await lab.converge();
    }
    assert.deepEqual(lab.names.map((name) => lab.agentPid(name)), agents);
    for (const name of lab.names) assert.equal((await lab.power(name)).powerOff, 0);
    // And they still follow.
    assert.equal((await lab.request("PATCH", "/nodes/n1/cfg", { physState: "POWER_OFF" })).status, 200);
    await waitFor("n1 is off", async () => (await lab.node("n1")).physState === "POWER_OFF");
    await lab.converge();
  });
});

test("controllers that do not answer for a while use no attempt up: nothing is stuck, and all comes back", async () => {
  await withLab({ count: 2 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    await lab.cluster.simulator.kill(); // with it all machines lose their power
    await waitFor(
      "the agents are missed",
      async () => (await lab.nodes()).every(({ runState }) => runState === "ERROR"),
    );
    await waitFor("a power-off could not be tried several times", async () => {
      const { body } = await lab.request("GET", "/events");
      return (JSON.stringify(body).match(/not tried, next attempt in/g) ?? []).length >= 6;
    });
    assert.deepEqual((await lab.nodes()).filter(({ phase }) => phase === "stuck"), []);
    await lab.cluster.restartSimulator();
    await lab.converge();
  });
});
