import assert from "node:assert/strict";
import { test } from "node:test";
import type { AggregatorEvent } from "../../aggregator/dispatch/events.ts";
import { createIdleFilter, touchOnChanges } from "../../aggregator/engine/touching.ts";
import { createSmallTree, createTestChanges, idOf } from "./small_tree.ts";

const N = idOf("n");

function make(read: readonly string[] = []) {
  const { nodes, set } = createSmallTree();
  const changes = createTestChanges();
  const touched: string[] = [];
  set("n", { "/parent": "root" });
  set("m", { "/parent": "a" });
  const isIdle = createIdleFilter({ nodes, policies: { reads: (url) => read.includes(url) } });
  const engine = { touch: (id: string) => void touched.push(id), touchAll: () => void touched.push("all") };
  touchOnChanges({ changes, nodes, engine, isIdle });
  const on = (event: AggregatorEvent) => {
    touched.length = 0;
    changes.post(event);
    return [...touched];
  };
  return { on };
}

test("the engine looks at a node that it serves when its cfg or what is known of it changes", () => {
  const { on } = make();
  assert.deepEqual(on({ kind: "CfgChanged", id: N, urls: ["/physState"] }), [N]);
  assert.deepEqual(on({ kind: "Discovered", id: N, facet: "parent", urls: ["/physState"], from: undefined }), [N]);
  for (const other of ["m", "a", "root"]) {
    assert.deepEqual(on({ kind: "CfgChanged", id: idOf(other), urls: ["/physState"] }), [], other);
  }
});

test("the engine does not look because of what is measured, unless a rule reads it", () => {
  const measured = { kind: "Discovered", id: N, facet: "self", urls: ["/bmc/watts"], from: N } as const;
  assert.deepEqual(make().on(measured), []);
  assert.deepEqual(make(["/bmc/watts"]).on(measured), [N]);
  assert.deepEqual(make().on({ kind: "StatusPublished", id: N, from: undefined }), []);
});

test("the engine looks at a node that comes, goes, declares, or has another owner, link or freeze", () => {
  const { on } = make();
  for (
    const event of [
      { kind: "Moved", id: N, before: N, after: undefined },
      { kind: "NodeRemoved", id: N, via: N },
      { kind: "OwnershipChanged", id: N },
      { kind: "LinkChanged", child: N, state: "level" },
      { kind: "ChildDeclared", child: N },
      { kind: "FreezeChanged", ids: [N] },
    ] as const
  ) assert.deepEqual(on(event), [N], event.kind);
});

test("the engine looks at all nodes when what holds for all of them changes", () => {
  const { on } = make();
  for (
    const event of [
      { kind: "FenceChanged", isUp: true },
      { kind: "BecameComplete" },
      { kind: "StoreTurned", problem: undefined },
      { kind: "BrokerTurned", turn: "reached" },
      { kind: "FreezeChanged", ids: undefined },
    ] as const
  ) assert.deepEqual(on(event), ["all"], event.kind);
});
