import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../aggregator/links/admission.ts";
import type { BirthFrame, DownFrame, UpFrame } from "../../src/sync/mod.ts";
import { sizeOf } from "../support/sizes.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";
import { ofRun } from "../support/versions.ts";
import { versionText } from "../../src/state/mod.ts";

function birth(from: string): BirthFrame {
  return {
    type: "birth",
    from,
    term: ofRun(0),
    parent: "",
    received: 0,
    epoch: 0,
    parentTerm: ofRun(0),
    digest: "0".repeat(32),
    knownDigest: "",
  };
}

test("of 5,000 children that are born at once no more than 100 and 400 a second are taken in, each in its turn and by its newest birth", async () => {
  const clock = createVirtualClock();
  const taken: { readonly at: number; readonly child: string; readonly run: string }[] = [];
  const admission = createAdmission({
    clock,
    admit: (births) => taken.push(...births.map(([child, { from }]) => ({ at: clock.now(), child, run: from }))),
  });
  for (let child = 0; child < 5_000; child++) admission.born(`c${child}`, birth("first"));
  await clock.advance(2_000);
  for (let child = 0; child < 5_000; child++) {
    if (child >= taken.length) admission.born(`c${child}`, birth("second")); // it has not been heard, and says it again
  }
  await clock.runUntil(() => admission.waiting === 0, 60_000);
  assert.deepEqual(new Set(taken.map(({ child }) => child)).size, 5_000);
  assert.equal(taken.length, 5_000);
  assert.deepEqual([taken[0]?.child, taken.at(-1)?.child, taken.at(-1)?.run], ["c0", "c4999", "second"]);
  for (const [place, { at }] of taken.entries()) {
    const second = taken.slice(place, place + 600).filter((other) => other.at < at + 1_000).length;
    assert.ok(second <= 500 + 10, `${second} within a second from ${at} ms on`);
  }
  admission.stop();
});

test("a birth whose admission fails holds up none of those that wait", async () => {
  const clock = createVirtualClock();
  let taken = 0;
  const admission = createAdmission({
    clock,
    admit(births) {
      taken += births.length;
      if (taken < 300) throw new Error("The disk is full");
    },
  });
  try {
    for (let child = 0; child < 1_000; child++) admission.born(`c${child}`, birth("run"));
  } catch {
    // the first one is taken in where it is heard
  }
  for (let child = 0; child < 1_000; child++) {
    try {
      admission.born(`c${child}`, birth("run"));
    } catch {
      // as above
    }
  }
  for (let turns = 0; turns < 200 && admission.waiting > 0; turns++) await clock.advance(50).catch(() => {});
  assert.equal(admission.waiting, 0);
  admission.stop();
});

/** Machines of a whole cluster. */
const FLEET = sizeOf(1_500, 5_000);

/** A fleet in SYNC, of which everything is on the disk. */
async function fleetInSync(): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(FLEET);
  cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC" });
  await cluster.converge();
  await cluster.clock.advance(10_000);
  for (const { name } of cluster.machines) cluster.load(name, 0);
  return cluster;
}

/** What is said in a storm: by the agents, and by the aggregator to them. */
interface Said {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** Runs a storm, and checks what must hold of every one. Nothing is said of any other URLs than those that are given. */
async function storm(cluster: VirtualCluster, said: Said, run: () => Promise<void>): Promise<void> {
  const { clock, machines } = cluster;
  const orders = machines.map(({ orders }) => orders.length);
  const sent = cluster.traffic.length;
  const told = cluster.told.length;
  const welcomed = cluster.welcomes.length;
  const started = clock.now();
  await run();
  function isLevel(): boolean {
    const back = new Set(cluster.welcomes.slice(welcomed).map(({ child }) => child));
    return back.size === FLEET && cluster.aggregator.counts.children.links.level === FLEET;
  }
  while (!isLevel()) {
    assert.ok(clock.now() < started + 120_000, `${JSON.stringify(cluster.aggregator.counts)} after two minutes`);
    await clock.advance(250);
  }
  const took = clock.now() - started;
  await clock.advance(60_000);
  await cluster.converge(1_000);

  assert.deepEqual(machines.map(({ orders }) => orders.length), orders, "no power action");
  for (const { name, id, load } of machines) {
    const node = cluster.aggregator.control.find(id);
    assert.equal(node?.dsc.get("/host/load"), load, `what ${name} said while nobody heard it`);
    assert.equal(
      node?.dsc.get("/seen"),
      node && versionText(node.version),
      `what ${name} was told while it did not hear`,
    );
  }

  const welcomes = cluster.welcomes.slice(welcomed);
  for (const [place, { at }] of welcomes.entries()) {
    assert.ok(
      (welcomes[place + 600]?.at ?? Infinity) >= at + 1_000,
      `too many are taken in within a second from ${at} ms on`,
    );
  }
  const since = cluster.traffic.slice(sent);
  const births = new Map<string, number>();
  for (const { child, frame } of since) {
    if (frame.type === "birth") births.set(child, (births.get(child) ?? 0) + 1);
  }
  assert.equal(births.size, FLEET);
  const counts = [...births.values()];
  const total = counts.reduce((sum, count) => sum + count, 0);
  assert.ok(Math.max(...counts) <= 8, `an agent was born ${Math.max(...counts)} times`);
  assert.ok(total <= 4 * FLEET, `${total} births of ${FLEET} agents`);
  const up = urlsOf(since.map(({ frame }) => frame));
  assert.deepEqual({ up, down: urlsOf(cluster.told.slice(told)) }, said, "what was acknowledged is not sent again");
  // Then all is quiet: nobody is born again by what the storm has left behind.
  const last = since.findLast(({ frame }) => frame.type === "birth");
  assert.ok(last !== undefined && last.at <= started + took + 2_000, "no second storm");
}

function urlsOf(frames: readonly (UpFrame | DownFrame)[]): string[] {
  const urls = new Set<string>();
  for (const frame of frames) {
    if (frame.type !== "data") continue;
    for (const { facets } of frame.documents) {
      for (const facet of Object.values(facets)) for (const url of facet.keys()) urls.add(url);
    }
  }
  return [...urls].sort();
}

test("a fleet of agents whose aggregator restarts, and then its broker, comes back at a bounded rate from what was acknowledged, without one power action", async () => {
  const cluster = await fleetInSync();
  try {
    await storm(cluster, { up: ["/host/load"], down: ["/link"] }, async () => {
      cluster.killAggregator();
      for (const { name } of cluster.machines) cluster.load(name, 1);
      await cluster.clock.advance(5_000);
      await cluster.startAggregator();
    });
    await storm(
      cluster,
      { up: ["/host/load", "/seen", "/services/beat/state"], down: ["/services/beat/state"] },
      async () => {
        const back = cluster.restartBroker(7_000);
        for (const { name } of cluster.machines) cluster.load(name, 2);
        cluster.setAll({ "/services/beat/state": "RUN" });
        await back;
      },
    );
  } finally {
    await cluster.stop();
  }
});
