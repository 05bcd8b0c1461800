import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../aggregator/admission.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createVirtualCluster } from "../support/virtual_cluster.ts";

function birth(from: string): BirthFrame {
  return { type: "birth", from, term: 0, parent: "", received: 0, above: 0, digest: "0".repeat(32), knows: "" };
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

test("a fleet whose aggregator restarts comes back without one power action, and goes on from what was acknowledged", async () => {
  const cluster = await createVirtualCluster(300);
  const wanted = { "/physState": "POWER_ON", "/runState": "SYNC" };
  for (const { name } of cluster.machines) cluster.set(name, wanted);
  await cluster.converge();
  await cluster.clock.advance(10_000); // what was acknowledged is on disk
  const orders = cluster.machines.map(({ orders }) => orders.length);
  const sent = cluster.traffic.length;
  cluster.killAggregator();
  await cluster.clock.advance(5_000);
  await cluster.startAggregator();
  await cluster.clock.advance(60_000);
  await cluster.converge();
  assert.deepEqual(cluster.machines.map(({ orders }) => orders.length), orders);
  const since = cluster.traffic.slice(sent);
  const births = since.filter(({ frame }) => frame.type === "birth").length;
  assert.ok(births >= 300 && births <= 900, `${births} births of 300 agents`);
  // What was acknowledged before is not sent again: no agent brings its whole facet.
  const values = since.map(({ frame }) =>
    frame.type !== "data" ? 0 : frame.documents.reduce((sum, { facets }) => sum + (facets.self?.size ?? 0), 0)
  );
  assert.ok(Math.max(...values) <= 1, `${Math.max(...values)} values in a frame`);
  await cluster.stop();
});
