import assert from "node:assert/strict";
import { test } from "node:test";
import { createWarnings } from "../../aggregator/status/warnings.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createTestChanges } from "./small_tree.ts";

function make(isRoot = false) {
  const clock = createVirtualClock();
  const changes = createTestChanges();
  const said: string[] = [];
  const uplink: { problem: string | undefined } = { problem: undefined };
  const warnings = createWarnings({
    ...{ name: "rack1", isRoot, uplink, changes, clock, more: () => ["look at this"] },
    events: { add: ({ kind, why }) => void said.push(`${kind} ${why}`) },
  });
  const own = () => warnings.list().filter((words) => words !== "look at this");
  return {
    clock,
    said,
    uplink,
    warnings,
    own,
    link: (state: LinkState) => changes.post({ kind: "UplinkChanged", state }),
  };
}

test("a parent that is away for a minute is a warning and an event, until it is level again", async () => {
  const { clock, said, own, link } = make();
  link("level");
  link("down");
  await clock.advance(59_999);
  assert.deepEqual([own(), said], [[], []]);
  await clock.advance(1);
  assert.match(own().join(), /^The parent is not heard since 2030-.*: see whether it runs/);
  link("joining");
  assert.equal(own().length, 1, "it may be cut off again before it has told anything");
  link("level");
  assert.deepEqual(own(), []);
  assert.deepEqual(said, [
    "parent its parent is not heard: this aggregator goes on by itself",
    "parent its parent is heard again",
  ]);
});

test("a parent that never was there is a warning too, and one that comes back in time is none", async () => {
  const never = make();
  await never.clock.advance(60_000);
  assert.equal(never.own().length, 1);
  const back = make();
  await back.clock.advance(30_000);
  back.link("level");
  await back.clock.advance(120_000);
  assert.deepEqual(back.own(), []);
});

test("the root has no parent, and a lost broker is a trouble of its own", async () => {
  const root = make(true);
  await root.clock.advance(120_000);
  assert.deepEqual([root.own(), root.clock.waiting], [[], 0]);
  const cut = make();
  cut.uplink.problem = "the broker is lost";
  await cut.clock.advance(120_000);
  assert.deepEqual([cut.own(), cut.said], [[], []]);
});

test("warnings of other parts are told as well, and nothing waits after a stop", () => {
  const { warnings, clock } = make();
  assert.deepEqual(warnings.list(), ["look at this"]);
  warnings.stop();
  assert.equal(clock.waiting, 0);
});
