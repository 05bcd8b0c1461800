import assert from "node:assert/strict";
import { test } from "node:test";
import { countsValue, readSubtree, sumUp } from "../../aggregator/status/health.ts";
import type { ReadNode } from "../../aggregator/nodes/nodes.ts";
import type { NodeStatus } from "../../aggregator/status/statuses.ts";
import type { Value } from "../../src/state/mod.ts";
import { createSmallTree, idOf } from "./small_tree.ts";

const well: NodeStatus = { isConverged: true, inSync: true, hasFailed: false };
const busy: NodeStatus = { isConverged: false, inSync: false, hasFailed: false };
const failed: NodeStatus = { isConverged: false, inSync: false, hasFailed: true };

/** An aggregator that has told these values. */
function telling(values: Record<string, Value>, staleSince?: string): ReadNode {
  const tree = createSmallTree();
  tree.discover("a", "self", values);
  if (staleSince !== undefined) tree.discover("a", "parent", { "/staleSince": staleSince });
  const node = tree.nodes.read(idOf("a"));
  assert.ok(node !== undefined);
  return node;
}
const counts = { nodes: 3, converged: 2, sync: 2, failed: 1, stale: 0, aggregators: 0, lost: 0 };

test("sumUp() is FULL when all are at their goal, PARTIAL when some are not yet, DEGRADED when one has failed", () => {
  assert.equal(sumUp([well, well], []).health, "FULL");
  assert.equal(sumUp([well, busy], []).health, "PARTIAL");
  assert.equal(sumUp([well, failed], []).health, "DEGRADED");
  assert.equal(sumUp([], []).health, "FULL");
});

test("sumUp() adds what aggregators below have told to what is served here", () => {
  const aggregator = telling({ "/subtree/health": "DEGRADED", "/subtree/counts": countsValue(counts) });
  const { health, counts: all } = sumUp([well], [{ aggregator, nodes: 3, aggregators: 0 }]);
  assert.equal(health, "DEGRADED");
  assert.deepEqual(all, { nodes: 4, converged: 3, sync: 3, failed: 1, stale: 0, aggregators: 0, lost: 0 });
});

test("sumUp() counts everything below a lost aggregator as stale, whatever it told last", () => {
  const told = { "/subtree/health": "FULL", "/subtree/counts": countsValue({ ...counts, failed: 0 }) };
  const aggregator = telling(told, "2030-01-01T00:00:00Z");
  const { health, counts: all } = sumUp([well], [{ aggregator, nodes: 3, aggregators: 0 }]);
  assert.equal(health, "DEGRADED");
  assert.deepEqual(all, { nodes: 4, converged: 1, sync: 1, failed: 0, stale: 3, aggregators: 0, lost: 1 });
});

test("readSubtree() takes what is no health and no count for nothing", () => {
  const subtree = readSubtree(telling({ "/subtree/health": "SPLENDID", "/subtree/counts": { nodes: "many" } }));
  assert.equal(subtree.health, "UNKNOWN");
  assert.equal(subtree.counts.nodes, 0);
  assert.equal(readSubtree(telling({})).health, "UNKNOWN");
});
