import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { waitForHealth, withTiers } from "./tiers.ts";

const TREE = [
  { name: "row1", parent: "root" },
  { name: "row2", parent: "root" },
  { name: "rack1", parent: "row1" },
  { name: "rack2", parent: "row2" },
];

test("three tiers come up on brokers of their own; each answers for its nodes, and sends writes to the root", async () => {
  await withTiers({ count: 4, below: TREE, parentOf: (place) => place < 2 ? "rack1" : "rack2" }, async (lab) => {
    await lab.converge();
    await waitForHealth(lab, "root", "root", "FULL");
    for (const [name, nodes] of [["rack1", 2], ["row2", 2], ["root", 4]] as const) {
      const { body } = await lab.ask(name, "GET", "/engine");
      assert.match(JSON.stringify(body), new RegExp(`"nodes":${nodes},"converged":${nodes}`), name);
    }
    // A rack redirects, and who follows gets there: desired state comes back down to it.
    const redirected = await fetch(`${lab.api("rack2")}/api/v1/nodes/n3/cfg`, {
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
      body: JSON.stringify({ rack: "b7" }),
      redirect: "manual",
      signal: AbortSignal.timeout(10_000),
    });
    assert.equal(redirected.status, 307);
    assert.equal(redirected.headers.get("location"), `${lab.cluster.api}/api/v1/nodes/n3/cfg`);
    await redirected.body?.cancel();
    assert.equal((await lab.ask("rack2", "PATCH", "/nodes/n3/cfg", { rack: "b7" })).status, 200);
    await waitFor("it has come down", async () => {
      const { body } = await lab.ask("rack2", "GET", "/nodes/n3/cfg");
      return JSON.stringify(body).includes('"rack":"b7"');
    });
    // What only the serving aggregator knows is asked for through the root all the same.
    await waitFor("its agent has the change too", async () => {
      const { body } = await lab.ask("root", "GET", "/nodes/n3/explain");
      return JSON.stringify(body).includes('"phase":"converged"');
    });
    await waitFor("the root says of many nodes what their racks have told", async () => {
      const all = JSON.stringify((await lab.ask("root", "GET", "/explain?nodeset=n[1-4]")).body);
      return [/"servedAt":"http:/g, /"phase":"converged"/g].every((said) => all.match(said)?.length === 4);
    });
  });
});

test("a rack goes on healing while the root and its row are away, and its news gets up when they are back", async () => {
  await withTiers({ count: 2, below: TREE.slice(0, 3), parentOf: () => "rack1" }, async (lab) => {
    await lab.converge();
    await lab.cluster.aggregators.get("root")?.running.kill();
    await lab.cluster.aggregators.get("row1")?.running.kill();
    const before = lab.agentPid("n1");
    process.kill(before, "SIGKILL");
    await waitFor("the rack has booted the node again", async () => {
      const { body } = await lab.ask("rack1", "GET", "/nodes/n1");
      return lab.agentPid("n1") !== before && /"runState":"SYNC"/.test(JSON.stringify(body));
    });
    assert.equal((await lab.power("n1")).powerOn, 2);
    await lab.cluster.aggregators.get("row1")?.restart();
    await lab.cluster.restartAggregator();
    await lab.converge();
    await waitForHealth(lab, "root", "root", "FULL");
    assert.equal((await lab.power("n1")).powerOn, 2);
    assert.equal((await lab.power("n2")).powerOff, 0);
  });
});

test("a node, and then a whole rack, is given to another parent without a reboot; the old one lets go", async () => {
  await withTiers({ count: 3, below: TREE, parentOf: () => "rack1" }, async (lab) => {
    await lab.converge();
    const agents = lab.names.map((name) => lab.agentPid(name));
    assert.equal((await lab.request("PATCH", "/nodes/n1/cfg", { parent: "rack2" })).status, 200);
    await waitFor("n1 is served by rack2", () => lab.isServedBy("rack2", "n1"));
    await waitFor("rack1 has let go", async () => (await lab.ask("rack1", "GET", "/nodes/n1")).status === 404);
    await lab.converge();
    assert.equal((await lab.request("PATCH", "/nodes/rack1/cfg", { parent: "row2" })).status, 200);
    await waitFor("row2 has the rack and its nodes", async () => {
      const { body } = await lab.ask("row2", "GET", "/engine");
      return JSON.stringify(body).includes('"nodes":3,"converged":3');
    });
    await waitFor("row1 has none any more", async () => {
      const { body } = await lab.ask("row1", "GET", "/engine");
      return JSON.stringify(body).includes('"nodes":0');
    });
    await lab.converge();
    // And they still follow.
    assert.equal((await lab.request("PATCH", "/nodes/n2/cfg", { services: { beat: { state: "STOP" } } })).status, 200);
    await waitFor("n2 has stopped its service", async () => {
      const { body } = await lab.request("GET", "/nodes/n2/dsc");
      return JSON.stringify(body).includes('"state":"STOP"');
    });
    await lab.converge();
    assert.deepEqual(lab.names.map((name) => lab.agentPid(name)), agents);
    for (const name of lab.names) assert.deepEqual(await lab.power(name), { powerOn: 1, powerOff: 0, resets: 0 });
  });
});

test("kill -9 of a rack's aggregator: its nodes are stale, not off, and its standby takes them over untouched", async () => {
  const below = [
    ...TREE.map((each) => each.name === "rack1" ? { ...each, standby: "spare" } : each),
    { name: "spare", parent: "row2", standbyFor: "rack1" },
  ];
  await withTiers({ count: 3, below, parentOf: () => "rack1" }, async (lab) => {
    await lab.converge();
    const agents = lab.names.map((name) => lab.agentPid(name));
    await waitFor("the standby is known", async () => {
      const { body } = await lab.request("GET", "/nodes/rack1/cfg");
      return JSON.stringify(body).includes('"standby":"spare"');
    });
    await lab.converge();
    await waitFor("the rack has said that it knows of it", async () => {
      const { body } = await lab.request("GET", "/nodes/rack1");
      return JSON.stringify(body).includes('"standbySeen":"spare ');
    });
    await lab.cluster.aggregators.get("rack1")?.running.kill();
    await waitFor("its nodes are stale", async () => {
      const { body } = await lab.request("GET", "/nodes/n1");
      return JSON.stringify(body).includes('"stale":{') && JSON.stringify(body).includes('"physState":"POWER_ON"');
    });
    await waitForHealth(lab, "root", "rack1", "LOST");
    for (const name of lab.names) {
      await waitFor(`${name} is served by the standby`, () => lab.isServedBy("spare", name), { limit: 90_000 });
    }
    await lab.converge();
    const { body } = await lab.request("GET", "/events");
    assert.match(JSON.stringify(body), /"kind":"failover"/);

    // The lost one comes back from its disk, as it was: it hears that it was replaced, and touches nothing.
    await lab.cluster.aggregators.get("rack1")?.restart();
    await waitFor("rack1 has let go", async () => (await lab.ask("rack1", "GET", "/nodes/n1")).status === 404);
    await lab.converge();
    assert.deepEqual(lab.names.map((name) => lab.agentPid(name)), agents);
    for (const name of lab.names) assert.deepEqual(await lab.power(name), { powerOn: 1, powerOff: 0, resets: 0 });
  });
});
