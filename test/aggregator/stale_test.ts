import assert from "node:assert/strict";
import { test } from "node:test";
import { staleOf } from "../../aggregator/status/stale.ts";
import { statusBelow } from "../../aggregator/status/status_below.ts";
import { newestVersion, versionText } from "../../src/state/mod.ts";
import { createSmallTree, idOf } from "./small_tree.ts";

/** A node of rack `c`, which is below `a`. */
function make() {
  const tree = createSmallTree();
  tree.set("c", { "/role": "AGGREGATOR", "/parent": "a" });
  tree.set("n", { "/parent": "c" });
  const read = (name: string) => {
    const node = tree.nodes.read(idOf(name));
    assert.ok(node !== undefined);
    return node;
  };
  const status = (name: string) => {
    const node = read(name);
    return statusBelow({ ...tree, name: "root" }, node, staleOf(tree.nodes, node));
  };
  return { ...tree, read, status };
}

test("staleOf() names the highest aggregator on the way that is not heard: what it said of others is stale itself", () => {
  const { nodes, discover, read } = make();
  assert.equal(staleOf(nodes, read("n")), undefined);
  discover("c", "parent", { "/staleSince": "2030-01-01T00:00:00Z" });
  assert.deepEqual(staleOf(nodes, read("n")), { since: "2030-01-01T00:00:00Z", aggregator: "c" });
  discover("a", "parent", { "/staleSince": "2030-01-02T00:00:00Z" });
  assert.deepEqual(staleOf(nodes, read("n")), { since: "2030-01-02T00:00:00Z", aggregator: "a" });
  assert.deepEqual(staleOf(nodes, read("c"))?.aggregator, "a");
  assert.equal(staleOf(nodes, read("a")), undefined, "of itself its own parent knows");
});

test("a node that others serve is as its aggregator has told, for the cfg that it has now", () => {
  const { replica, set, discover, status } = make();
  assert.match(status("n").reason ?? "", /^aggregator 'c' has not received its cfg yet/);
  const tell = (more: Record<string, string>) => {
    const cfg = versionText(newestVersion(replica.get(idOf("n"))?.facets.cfg ?? new Map()));
    discover("n", "parent", { "/engine/status": { cfg, ...more } });
  };
  tell({ phase: "converged" });
  assert.deepEqual(status("n"), { phase: "converged", running: [] });
  tell({ phase: "stuck", reason: "its image is broken" });
  assert.deepEqual(status("n"), { phase: "stuck", reason: "its image is broken", running: [] });
  tell({ phase: "splendid" });
  assert.equal(status("n").phase, "working");
  tell({ phase: "converged" });
  set("n", { "/physState": "POWER_OFF" });
  assert.equal(status("n").phase, "working");
  discover("c", "parent", { "/staleSince": "2030-01-01T00:00:00Z" });
  assert.match(
    status("n").reason ?? "",
    /^nothing is known of it since 2030-01-01T00:00:00Z: aggregator 'c' is not heard/,
  );
  set("n", { "/parent": "nobody" });
  assert.match(status("n").reason ?? "", /^No aggregator serves it: set its \/parent, for example to root/);
});

test("an aggregator is as its link is", () => {
  const { discover, status } = make();
  assert.match(status("a").reason ?? "", /^it has not joined yet/);
  discover("a", "parent", { "/link": "UP", "/physState": "POWER_ON", "/runState": "SYNC" });
  assert.equal(status("a").phase, "converged");
  discover("a", "parent", { "/staleSince": "2030-01-01T00:00:00Z" });
  assert.match(status("a").reason ?? "", /^it is not heard since 2030-01-01T00:00:00Z/);
});
