import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createTestRoot } from "../support/root.ts";

const NOWHERE = { send() {}, onAssignment() {}, onLink() {}, onKeepalive() {}, onDeposed() {} };

test("explain says that an aggregator leaves its nodes alone until its parent has sent all of them", async () => {
  const store = openMemoryStore();
  const before = await createTestRoot({ names: ["n1"], store });
  before.patch("n1", { "/physState": "POWER_ON" });
  await before.aggregator.stop();
  const { aggregator, control, idOf, clock } = await createTestRoot({ store, upstream: NOWHERE });
  await clock.advance(60_000);
  assert.equal(aggregator.isComplete, false);
  const why = /^Kraken leaves it alone: its aggregator has lost its disk and waits for the list of its nodes$/;
  const explanation = control.explain(idOf("n1"));
  assert.equal(explanation?.phase, "waiting");
  assert.match(explanation.reason ?? "", why);
  assert.match(control.find("n1")?.engine.reason ?? "", why);
  assert.equal(aggregator.counts.engine.mutations, 0);
  await aggregator.stop();
});
