import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

/** A cluster whose nodes run a service. */
async function running(count: number): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(count);
  cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC", "/services/sshd/state": "RUN" });
  await cluster.converge();
  await cluster.clock.advance(5_000);
  return cluster;
}

const dsc = (cluster: VirtualCluster, url: string) => cluster.aggregator.control.find("n1")?.dsc.get(url);

test("whoever asks in the name of nodes whose agents live changes nothing at all, however often", async () => {
  const cluster = await running(5);
  const { aggregator, machines, clock } = cluster;
  const [revision, commits] = [aggregator.control.revision(), cluster.commits];
  const answers = new Set<string>();
  for (let turn = 0; turn < 40; turn++) {
    for (const { id } of machines) aggregator.ping(id, () => answers.add(id));
    await clock.advance(250);
  }
  await clock.advance(5_000);
  assert.equal(answers.size, 5);
  assert.deepEqual([aggregator.control.revision(), cluster.commits], [revision, commits]);
  assert.ok(machines.every(({ orders }) => orders.length === 1), "each was powered on once, at the beginning");
  const asked = cluster.told.filter((frame) =>
    frame.type === "data" && frame.upTo === 0 && frame.documents.length === 0
  );
  assert.ok(asked.length <= 5 * 22, `${asked.length} questions in 10 s`);
  await cluster.stop();
});

test("an agent that could not answer in time is back with all that it runs, and its machine is left alone", async () => {
  const cluster = await running(1);
  const { aggregator, clock } = cluster;
  const machine = cluster.machine("n1");
  machine.cut = true;
  aggregator.ping(machine.id, () => assert.fail("it can't answer"));
  await clock.advance(3_700);
  assert.equal(dsc(cluster, "/link"), "DOWN");
  assert.equal(dsc(cluster, "/runState"), "SYNC", "it has its grace");
  machine.cut = false;
  machine.agent?.disconnected();
  machine.agent?.connected();
  await clock.runUntil(() => dsc(cluster, "/link") === "UP", 2_000);
  await clock.advance(60_000);
  assert.deepEqual([dsc(cluster, "/runState"), dsc(cluster, "/services/sshd/state")], ["SYNC", "RUN"]);
  assert.deepEqual(machine.orders, ["on"]);
  await cluster.stop();
});

test("what comes late of a run that has been replaced is no sign of life", async () => {
  const cluster = await running(1);
  const { aggregator, clock } = cluster;
  const machine = cluster.machine("n1");
  machine.cut = true;
  let answers = 0;
  aggregator.ping(machine.id, () => void answers++);
  await clock.advance(1_000);
  aggregator.receive(machine.id, { type: "ack", from: "an-earlier-run", to: "whoever", received: 0 });
  await clock.advance(3_000);
  assert.equal(answers, 0);
  assert.equal(dsc(cluster, "/link"), "DOWN");
  await cluster.stop();
});

test("of nodes that are no children nobody is asked, and a machine that loses its power meanwhile is not taken for lost twice", async () => {
  const cluster = await running(2);
  const { aggregator, clock } = cluster;
  const told = cluster.told.length;
  aggregator.ping("00000000-0000-4000-8000-000000000000", () => assert.fail("there is none"));
  await clock.advance(5_000);
  assert.deepEqual(cluster.told.slice(told).filter(({ type }) => type === "data"), []);
  const { id } = cluster.machine("n2");
  aggregator.ping(id, () => assert.fail("it has no power"));
  cluster.pullPlug("n2");
  await cluster.converge();
  await clock.advance(5_000);
  assert.equal(cluster.shown("n2").runState, "SYNC");
  const events = aggregator.control.events(0, 10_000).filter(({ why }) => why?.includes("no sign of life"));
  assert.deepEqual(events, []);
  await cluster.stop();
});
