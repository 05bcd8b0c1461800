import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import mqtt from "mqtt";
import { type Board, createBoard } from "../../aggregator/publish/board.ts";
import { connectPublisher } from "../../aggregator/publish/connect.ts";
import { createPublisher, type Publisher } from "../../aggregator/publish/publisher.ts";
import type { Broker } from "../../scripts/brokers/broker.ts";
import { NO_MOSQUITTO, startMosquitto } from "../../scripts/brokers/mosquitto.ts";
import { runCommand } from "../../scripts/command.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { NO_SUBSCRIBERS } from "./subscribers.ts";
import { until } from "../support/until.ts";

const skip = NO_SUBSCRIBERS ?? NO_MOSQUITTO ?? false;
const BASE = "kraken-state/demo";

/** Publishes a board to a broker, as one aggregator. */
function publish(url: string, board: Board, lines: string[] = []): Publisher {
  const log = createLog((line) => void lines.push(line));
  const about = { cluster: "demo", aggregator: "root", ownId: "692bc5f6-1788-52bc-8248-4ac17f7bd0c3" };
  return createPublisher({
    ...{ board, log, clock: systemClock, perSecond: 100_000, recall() {} },
    connect: (events) =>
      connectPublisher({
        ...{
          ...about,
          url,
          topics: board,
          filters: ["homeassistant/device/kraken-1/+/config"],
          clock: systemClock,
          log,
        },
        random: () => 0,
      }, events),
  });
}

async function withMosquitto(
  body: (broker: Broker, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-publish-"));
  const broker = await startMosquitto({ folder });
  try {
    await body(broker, folder);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What mosquitto_sub prints of what the broker keeps. */
async function keptAt({ port }: Broker, filter: string, ...more: string[]): Promise<string[]> {
  const command = [
    "mosquitto_sub",
    "-p",
    String(port),
    "-t",
    filter,
    "-W",
    "2",
    ...more,
  ];
  const { output } = await runCommand(command, { timeout: 10_000 });
  return output.split("\n").filter((line) => line !== "" && !line.startsWith("Timed out")).sort();
}

/** What an earlier publisher has left. */
async function leave({ url }: Broker, kept: Readonly<Record<string, string>>): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  await Promise.all(
    Object.entries(kept).map(([topic, payload]) => client.publishAsync(topic, payload, { qos: 1, retain: true })),
  );
  await client.endAsync();
}

test("Mosquitto keeps what is published, with MQTT 5's properties, and clears what is gone and nothing of others", {
  skip,
}, () =>
  withMosquitto(async (broker) => {
    await leave(broker, {
      [`${BASE}/nodes/gone`]: "{}",
      [`${BASE}/nodes/gone/host/load`]: "1",
      "homeassistant/device/kraken-1/gone/config": "{}",
      "homeassistant/device/kraken-2/other/config": "{}",
      "kraken-state/other/nodes/n1": "other",
      [`${BASE}/aggregators/rack1/nodes/n1`]: "rack",
    });
    const board = createBoard(BASE);
    board.set(`${BASE}/nodes/n1`, '{"name":"n1"}');
    board.set(`${BASE}/nodes/n1/host/load`, "3");
    const publisher = publish(broker.url, board);
    await until(() => publisher.counts.published === 6);
    assert.deepEqual(await keptAt(broker, "#", "-V", "5", "-F", "%t %p|%C|%P"), [
      "homeassistant/device/kraken-2/other/config {}||",
      "kraken-state/demo/aggregators/rack1/nodes/n1 rack||",
      'kraken-state/demo/nodes/n1 {"name":"n1"}|application/json|cluster:demo aggregator:root',
      "kraken-state/demo/nodes/n1/host/load 3|text/plain|cluster:demo aggregator:root",
      "kraken-state/demo/online true|text/plain|cluster:demo aggregator:root",
      "kraken-state/other/nodes/n1 other||",
    ]);
    const [expiry] = await keptAt(broker, `${BASE}/nodes/n1`, "-V", "5", "-F", "%E");
    assert.ok(Number(expiry) > 86_000 && Number(expiry) <= 86_400, `it lasts for ${expiry} s`);
    await publisher.stop();
    assert.deepEqual(await keptAt(broker, `${BASE}/online`, "-F", "%p"), ["false"]);
  }));

test(
  "a publisher that comes back publishes only what has changed, also after the broker was killed",
  { skip },
  () =>
    withMosquitto(async (broker) => {
      const board = createBoard(BASE);
      for (const name of ["n1", "n2"]) board.set(`${BASE}/nodes/${name}`, "x");
      const first = publish(broker.url, board);
      await until(() => first.counts.published === 3);
      await first.stop();
      board.set(`${BASE}/nodes/n2`, "y");
      const second = publish(broker.url, board);
      await until(() => second.counts.published === 2);
      assert.equal(second.counts.waiting, 0);
      await broker.kill();
      await until(() => !second.counts.isUp);
      board.clear(`${BASE}/nodes/n1`);
      await broker.start(); // it has kept nothing
      await until(() => second.counts.published === 4);
      assert.deepEqual(await keptAt(broker, "kraken-state/#", "-F", "%t %p"), [
        `${BASE}/nodes/n2 y`,
        `${BASE}/online true`,
      ]);
      await second.stop();
    }),
);

test(
  "an earlier run that the broker has not missed yet ends before the new one begins: online stays true",
  { skip },
  () =>
    withMosquitto(async (broker) => {
      const board = createBoard(BASE);
      const lines: string[] = [];
      const first = publish(broker.url, board, lines);
      await until(() => first.counts.published === 1);
      const ended = first.stop.bind(first);
      const second = publish(broker.url, board);
      await until(() => !first.counts.isUp);
      await ended();
      await until(() => second.counts.isUp && second.counts.waiting === 0);
      assert.deepEqual(await keptAt(broker, `${BASE}/online`, "-F", "%p"), ["true"]);
      await second.stop();
    }),
);

test("ten thousand topics of an earlier run are all found", { skip }, () =>
  withMosquitto(async (broker) => {
    const kept = Array.from(
      { length: 10_000 },
      (_, each) => [`${BASE}/nodes/n${each}`, `${each}`.padEnd(300)] as const,
    );
    await leave(broker, Object.fromEntries(kept));
    const board = createBoard(BASE);
    for (const [topic, payload] of kept.slice(0, 9_000)) board.set(topic, payload);
    const publisher = publish(broker.url, board);
    await until(() => publisher.counts.published >= 1_001 && publisher.counts.waiting === 0);
    assert.equal(publisher.counts.published, 1_001, "a thousand are cleared, and nothing is said again");
    await publisher.stop();
  }));

test("a broker that lets it read nothing at its own place is told of in the log, and gets everything all the same", {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kraken-publish-"));
  const users = new Map([["publisher", "geheim"]]);
  const broker = await startMosquitto({ folder, access: { cluster: "demo", rootId: "r", users } });
  const lines: string[] = [];
  try {
    writeFileSync(join(folder, "kraken.acl"), "user publisher\ntopic write kraken-state/demo/#\n", { mode: 0o600 });
    await broker.stop();
    await broker.start();
    const board = createBoard(BASE);
    board.set(`${BASE}/nodes/n1`, "x");
    const publisher = publish(`mqtt://publisher:geheim@127.0.0.1:${broker.port}`, board, lines);
    await until(() => publisher.counts.published === 2);
    assert.match(lines.join(""), /Cannot see what was published before/);
    assert.doesNotMatch(lines.join(""), /geheim/);
    await publisher.stop();
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
