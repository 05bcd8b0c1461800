import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBoard } from "../../aggregator/publish/board.ts";
import { connectPublisher } from "../../aggregator/publish/connect.ts";
import { createPublisher, type Publisher } from "../../aggregator/publish/publisher.ts";
import { startBroker } from "../../scripts/brokers/broker.ts";
import { NATS, NO_NATS } from "../../scripts/brokers/nats.ts";
import { freePort } from "../../scripts/brokers/ports.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { until } from "../support/until.ts";

const BASE = "kraken-state/demo";

test("on NATS, which has no MQTT 5, only what has changed is published again, and what is gone is cleared", {
  skip: NO_NATS ?? false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-publish-"));
  const file = join(folder, "nats.conf");
  const broker = await startBroker({
    port: 0,
    logFile: join(folder, "nats.log"),
    async prepare(port) {
      const own = `host: 127.0.0.1\nport: ${await freePort()}\nserver_name: test\n`;
      writeFileSync(file, `${own}jetstream { store_dir: ${folder} }\nmqtt { host: 127.0.0.1, port: ${port} }\n`);
      return [NATS ?? "", "-c", file];
    },
  });
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line));
  const board = createBoard(BASE);
  const publish = (): Publisher =>
    createPublisher({
      ...{ board, log, clock: systemClock, perSecond: 10_000, recall() {} },
      connect: (events) =>
        connectPublisher({
          ...{ url: broker.url, cluster: "demo", aggregator: "root", ownId: "root-id", topics: board, filters: [] },
          ...{ clock: systemClock, log, random: () => 0 },
        }, events),
    });
  try {
    for (const name of ["n1", "n2", "n3"]) board.set(`${BASE}/nodes/${name}`, "x");
    const first = publish();
    await until(() => first.counts.published === 4);
    await first.stop();
    assert.match(lines.join(""), /It does not take MQTT 5\. MQTT 3\.1\.1 comes next/);
    board.set(`${BASE}/nodes/n1`, "y");
    board.clear(`${BASE}/nodes/n2`);
    const second = publish();
    await until(() => second.counts.isUp && second.counts.waiting === 0);
    await until(() => second.counts.published === 3);
    await second.stop();
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
