import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster } from "../support/virtual_cluster.ts";

/** Signs of life that an agent sends in a quiet quarter of an hour of a fleet in SYNC. */
async function signsOfLife(count: number): Promise<number> {
  const cluster = await createVirtualCluster(count);
  try {
    cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC" });
    await cluster.converge();
    await cluster.clock.advance(60_000);
    const { aggregator, commits, traffic, told } = cluster;
    const [revision, sent, answered] = [aggregator.control.revision(), traffic.length, told.length];
    await cluster.clock.advance(900_000);
    assert.equal(aggregator.control.revision(), revision, "a document has changed, or there is an event");
    assert.equal(cluster.commits, commits, "something was written");
    assert.equal(aggregator.counts.children.links.level, count);
    const frames = [...traffic.slice(sent).map(({ frame }) => frame), ...told.slice(answered)];
    assert.deepEqual(frames.filter(({ type }) => type !== "ack" && type !== "ping"), []);
    return (traffic.length - sent) / count;
  } finally {
    await cluster.stop();
  }
}

test("signs of life touch no document and no disk, and come more seldom from each of many children", async () => {
  const few = await signsOfLife(10);
  assert.ok(few >= 15 && few <= 45, `${few} from each of 10`);
  if (!("Deno" in globalThis)) return; // so many take most of a minute: once is enough
  const many = await signsOfLife(1_500);
  assert.ok(many >= few / 3 && many <= few * 0.8, `${many} from each of 1,500, ${few} from each of 10`);
});
