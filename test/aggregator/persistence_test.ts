import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { createPersistence } from "../../aggregator/store/persistence.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { FACET_NAMES } from "../../src/state/mod.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("a node that leaves and comes back before the next write has on disk only what it has now", () => {
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const replica = createReplica();
  const persistence = createPersistence({
    ...{ store, replica, clock, facets: FACET_NAMES, log: createLog(() => {}) },
    events: createEvents(clock, store, store.load()),
    session: () => undefined,
  });
  replica.write("a", "self", new Map([["/drained", "NO"]]), 1);
  persistence.flush();
  replica.remove("a");
  persistence.forget("a");
  replica.write("a", "cfg", new Map([["/name", "n1"]]), 2);
  persistence.flush();
  const [stored, ...others] = store.load().documents;
  assert.deepEqual([...stored?.facets.cfg ?? []], [...replica.get("a")?.facets.cfg ?? []]);
  assert.equal(stored?.facets.self.size, 0);
  assert.deepEqual(others, []);
});
