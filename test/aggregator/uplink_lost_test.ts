import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbeddedBroker } from "../../aggregator/broker/embedded.ts";
import { connectBroker } from "../../aggregator/broker/transport.ts";
import { createBrokerWatch } from "../../aggregator/broker/watch.ts";
import { readMetrics } from "../../aggregator/metrics.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { createUplink } from "../../src/mqtt/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { until } from "../support/until.ts";
import { createTestRoot } from "../support/root.ts";

const NO_COUNTS = { sent: 0, unsent: 0, received: 0, malformed: 0, waiting: 0, waitingBytes: 0 };

test("an aggregator whose parent's broker is lost has a trouble, events and a metric of it, until it is back", async () => {
  const log = createLog(() => {});
  const startBroker = (port: number) => startEmbeddedBroker({ cluster: "demo", port, log });
  let broker = await startBroker(0);
  const { port } = broker;
  const url = `mqtt://127.0.0.1:${port}`;
  const watch = createBrokerWatch({ url, clock: systemClock, to: "parent" });
  const uplink = createUplink({
    ...{ url, cluster: "demo", run: "r", log, random: () => 0, clock: systemClock, watch, connect: connectBroker },
    parent: nodeIdOf("demo", "above"),
    child: nodeIdOf("demo", "root"),
  });
  const upstream = {
    ...{ send: uplink.send, onAssignment: uplink.assign, onLink: uplink.linked, onKeepalive: uplink.setKeepalive },
    onDeposed() {},
  };
  const { aggregator, control } = await createTestRoot({ upstream, uplink: watch });
  const told = () => control.events(0, 1_000).filter(({ kind }) => kind === "broker").map(({ why }) => why);
  const measured = () =>
    readMetrics({ counts: aggregator.counts, down: NO_COUNTS, up: uplink.counts })
      .filter(({ name }) => name.startsWith("uplink_")).map(({ samples }) => [...samples][0]?.value);
  try {
    assert.match(control.troubles()[0] ?? "", /to the parent is not reached since .*: it has not answered yet/);
    const { upstreamLink } = aggregator;
    assert.ok(upstreamLink !== undefined);
    uplink.start(upstreamLink);
    await until(() => control.troubles().length === 0);
    assert.deepEqual([told(), measured()], [[], [0, 0]]);

    await broker.close();
    await until(() => control.troubles().length === 1);
    assert.match(control.troubles()[0] ?? "", new RegExp(`^The broker ${url} to the parent is not reached since `));
    assert.deepEqual(measured(), [1, 1]);
    broker = await startBroker(port);
    await until(() => control.troubles().length === 0);
    const [lost = "", ...more] = told();
    assert.match(lost, /to the parent is not reached since /);
    assert.deepEqual([more, measured()], [["the broker to its parent can be reached again"], [0, 1]]);
  } finally {
    await uplink.stop();
    await aggregator.stop();
    await broker.close();
  }
});

test("a root has no broker to a parent, and no metric of one", async () => {
  const { aggregator } = await createTestRoot();
  assert.equal(aggregator.counts.uplink, undefined);
  const metrics = readMetrics({ counts: aggregator.counts, down: NO_COUNTS, up: undefined });
  assert.deepEqual(metrics.filter(({ name }) => name.startsWith("uplink_")), []);
  await aggregator.stop();
});
