import assert from "node:assert/strict";
import { test } from "node:test";
import { createPublishing } from "../../aggregator/publish/publishing.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const OPTIONS = {
  ...{ urls: [], isEmbedded: true, prefix: "kraken-state", values: [], perSecond: 500, cluster: "demo" },
  ...{ clock: createVirtualClock(), random: () => 0, log: createLog(() => {}) },
};

test("an aggregator below the root publishes at a place of its own, and others may observe only where that is asked for", () => {
  const root = createPublishing({ ...OPTIONS, name: "root", isRoot: true });
  assert.deepEqual([root.board.base, root.observed?.prefix], ["kraken-state/demo", "kraken-state"]);
  const rack = createPublishing({ ...OPTIONS, name: "rack1", isRoot: false, isEmbedded: false });
  assert.deepEqual([rack.board.base, rack.observed], ["kraken-state/demo/aggregators/rack1", undefined]);
});

test("no broker is connected to before the board is complete, and none after the end", async () => {
  let complete: () => void = () => {};
  const follower = {
    ...{ begin() {}, recall() {}, stop() {} },
    complete: new Promise<void>((resolve) => complete = resolve),
  };
  const publishing = createPublishing({ ...OPTIONS, name: "root", isRoot: true, urls: ["mqtt://u:p@127.0.0.1:1"] });
  const names = (): string[] => publishing.metrics().map(({ name }) => name);
  publishing.start(follower);
  assert.deepEqual(names(), ["publish_topics"]);
  complete();
  await follower.complete;
  assert.ok(names().includes("publish_up"));
  assert.doesNotMatch(JSON.stringify(publishing.metrics()), /u:p/);
  await publishing.stop();

  const ended = createPublishing({ ...OPTIONS, name: "root", isRoot: true, urls: ["mqtt://127.0.0.1:1"] });
  ended.start({ ...follower, complete: Promise.resolve() });
  await ended.stop();
  await Promise.resolve();
  assert.deepEqual(ended.metrics().map(({ name }) => name), ["publish_topics"]);
});
