import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { parse } from "yaml";
import { matchesFilter, parseFilter } from "../../aggregator/broker/observers.ts";
import { type Board, createBoard } from "../../aggregator/publish/board.ts";
import { ROOT } from "../../scripts/runtimes.ts";
import { createTestRoot } from "../support/root.ts";
import { type FieldValue, parseMessage, readConsumers, subscribes } from "./telegraf.ts";

const BASE = "kraken-state/demo";
const read = (name: string): string => readFileSync(join(ROOT, "examples/mqtt", name), "utf8");

/** What a cluster of two nodes publishes, one event included. */
async function publishedState(): Promise<{ board: Board; events: string[] }> {
  const board = createBoard(BASE);
  const events: string[] = [];
  const values = ["/physState"];
  const root = await createTestRoot({ names: ["n1", "n2"], publish: { board, values } });
  board.follow({ changed() {}, event: (payload) => void events.push(payload) });
  await root.clock.advance(3_000);
  root.aggregator.note("n1", "test", "a reason");
  await root.aggregator.stop();
  return { board, events };
}

test("Telegraf's config reads what is published, by the rules that Telegraf documents", async () => {
  const { board } = await publishedState();
  const consumers = readConsumers(join(ROOT, "examples/mqtt/telegraf.conf"));
  const messages = new Map([...board.topics].map((topic) => [topic, board.get(topic) ?? ""]));
  messages.set(`${BASE}/nodes/n1/host/load`, "17"); // agents discover it: the form of values is that of all
  const metrics = consumers.flatMap((consumer) =>
    [...messages].filter(([topic]) => subscribes(consumer, topic))
      .map(([topic, payload]) => parseMessage(consumer, topic, payload))
  );
  const node = (name: string) => ({
    name: "kraken_node",
    tags: { node: name, parent: "root" },
    fields: { physState: "POWER_OFF", runState: "UNKNOWN", phase: "converged", late: false, stale: false } as Record<
      string,
      FieldValue
    >,
  });
  assert.deepEqual(metrics, [
    node("n1"),
    node("n2"),
    {
      name: "kraken_tree",
      tags: {},
      fields: { health: "FULL", nodes: 2n, converged: 2n, sync: 0n, failed: 0n, stale: 0n },
    },
    { name: "load", tags: { cluster: "demo", node: "n1" }, fields: { value: 17n } },
  ]);
});

const flowShape = v.array(v.looseObject({
  id: v.string(),
  type: v.string(),
  topic: v.optional(v.string()),
  datatype: v.optional(v.string()),
  broker: v.optional(v.string()),
  template: v.optional(v.string()),
  wires: v.optional(v.array(v.array(v.string()))),
}));

test("Node-RED's flow is wired, and subscribes to topics that are published", async () => {
  const { board, events } = await publishedState();
  const flow = v.parse(flowShape, JSON.parse(read("node-red-flow.json")));
  const ids = new Set(flow.map(({ id }) => id));
  assert.equal(ids.size, flow.length);
  for (const { wires = [] } of flow) for (const to of wires.flat()) assert.ok(ids.has(to), `there is no ${to}`);
  const inputs = flow.filter(({ type }) => type === "mqtt in");
  assert.equal(inputs.length, 2);
  for (const { topic = "", datatype, broker = "" } of inputs) {
    const payload = payloadFor(board, events, topic);
    assert.equal(datatype, "json");
    assert.ok(flow.some(({ id, type }) => id === broker && type === "mqtt-broker"));
    assert.doesNotThrow(() => JSON.parse(payload));
  }
  const template = flow.find(({ type }) => type === "template")?.template ?? "";
  const document = JSON.parse(board.get(`${BASE}/nodes/n1`) ?? "{}");
  const used = [...template.matchAll(/payload\.(\w+)/g)].map(([, field = ""]) => field);
  assert.ok(used.length >= 4 && used.every((field) => field in document), used.join(", "));
});

const dashboardShape = v.looseObject({
  panels: v.array(v.looseObject({
    id: v.number(),
    datasource: v.strictObject({ type: v.string(), uid: v.string() }),
    targets: v.array(v.strictObject({ refId: v.string(), topic: v.string() })),
    transformations: v.optional(v.array(v.unknown())),
    options: v.optional(v.unknown()),
  })),
});

test("Grafana's dashboard uses the data source of its file, topics that are published, and fields that they have", async () => {
  const { board, events } = await publishedState();
  const { panels } = v.parse(dashboardShape, JSON.parse(read("grafana-dashboard.json")));
  const { datasources: [source] } = parse(read("grafana-datasource.yaml"));
  assert.match(source.jsonData.uri, /^tcp:\/\/127\.0\.0\.1:1883$/);
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { datasource, targets: [target], options, transformations } of panels) {
    assert.deepEqual(datasource, { type: source.type, uid: source.uid });
    const payload = payloadFor(board, events, (target?.topic ?? "").replace("$cluster", "demo"));
    const text = JSON.stringify([options, transformations]);
    const names = [...text.matchAll(/"names":\[([^\]]*)\]|\^\(?([\w|]+)\)?\$/g)]
      .flatMap(([, list, choice]) => list?.replaceAll('"', "").split(",") ?? choice?.split("|") ?? []);
    const document = payload.startsWith("{") ? JSON.parse(payload) : {};
    const missing = names.filter((name) => name !== "Time" && name !== "mutation" && !(name in document));
    assert.deepEqual(missing, [], `${target?.topic} has no such fields`);
  }
});

/** A payload of a topic that a filter finds. */
function payloadFor(board: Board, events: readonly string[], filter: string): string {
  if (filter === `${BASE}/online`) return "true";
  if (filter === `${BASE}/events`) return events.at(-1) ?? "";
  const topic = [...board.topics].find((each) => matchesFilter(parseFilter(filter), each.split("/")));
  assert.ok(topic !== undefined, `nothing is published to ${filter}`);
  return board.get(topic) ?? "";
}
