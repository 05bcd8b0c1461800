import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import { type Channel, formatTopic } from "../../src/mqtt/mod.ts";
import { retainedLife } from "./plain_client.ts";
import { bridgedMosquittos, guardedBridgedMosquittos, RACK, type RealBroker, urlOf } from "./real_brokers.ts";
import { CHILDREN, CLUSTER, createTree, PARENT, type Tree } from "./tree.ts";
import { until } from "../support/until.ts";
import { ofRun } from "../support/versions.ts";

const options = { skip: NO_MOSQUITTO ?? false, timeout: 120_000 };

/** Runs a test on a tree over two bridged Mosquittos. */
async function withBridge(body: (tree: Tree, bridge: RealBroker) => Promise<void>): Promise<void> {
  const bridge = await guardedBridgedMosquittos(0);
  const tree = await createTree(() => Promise.resolve(bridge), connectMqtt);
  try {
    await body(tree, bridge);
  } finally {
    await tree.stop();
  }
}

test(
  "when the core was killed the bridge comes back, and both sides get what changed meanwhile",
  options,
  () =>
    withBridge(async (tree, bridge) => {
      const children = [await tree.join(), await tree.join(), await tree.join()];
      await until(() => children.every(tree.level));
      await bridge.kill();
      for (const child of children) {
        child.replica.write(child.id, "self", new Map([["/away", true]]), child.link.term);
        tree.disk.write(child.id, "cfg", new Map([["/wanted", true]]), ofRun(1));
      }
      await bridge.start();
      await until(() =>
        children.every((child) =>
          tree.selfValue(child, "/away") === true &&
          child.replica.get(child.id)?.facets.cfg.get("/wanted")?.value === true
        ), 60_000);
      await until(() => children.every(tree.level), 60_000);

      const [first, second] = children;
      assert.ok(first !== undefined && second !== undefined);
      await tree.kill(first);
      await until(() => tree.stateOf(first) === "down");
      assert.equal(tree.stateOf(second), "level");
      const again = await tree.join(first.id);
      await until(() => tree.level(again));
    }),
);

test(
  "a child that died while the core was away is known to be dead once the bridge is back",
  options,
  () =>
    withBridge(async (tree, bridge) => {
      const [dies, lives] = [await tree.join(), await tree.join()];
      await until(() => tree.level(dies) && tree.level(lives));
      await bridge.kill();
      await tree.kill(dies);
      assert.equal(tree.stateOf(dies), "level");
      await bridge.start();
      await until(() => tree.stateOf(dies) === "down", 60_000);
      // The core has forgotten everything; the leaf has not, though its children have said nothing since.
      assert.deepEqual(await retainedLife(tree.parentUrl, lives.id), { type: "alive", from: lives.run });
      assert.equal(tree.level(lives), true);
    }),
);

/** A plain client, and what it has heard: channel and payload. */
interface Listener {
  readonly client: MqttClient;
  readonly heard: string[];
}

/** Runs a test with two clients, by their URLs on a bridge. */
async function withTwo(
  start: () => Promise<RealBroker>,
  urls: (bridge: RealBroker) => readonly [string, string],
  body: (first: Listener, second: Listener) => Promise<void>,
): Promise<void> {
  const bridge = await start();
  const [first, second] = urls(bridge);
  const listeners = [await listen(first), await listen(second)] as const;
  try {
    await body(...listeners);
  } finally {
    for (const { client } of listeners) await client.endAsync(true);
    await bridge.stop();
  }
}

async function listen(url: string): Promise<Listener> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  const heard: string[] = [];
  client.on("message", (topic, payload) => heard.push(`${topic.split("/").at(-1)} ${payload.toString()}`));
  return { client, heard };
}

async function say({ client }: Listener, topic: string, text: string, retain = false): Promise<void> {
  await client.publishAsync(topic, text, { qos: 1, retain });
}

const [N1 = "", N2 = ""] = CHILDREN;
const topicOf = (parent: string, child: string, channel: Channel): string =>
  formatTopic({ cluster: CLUSTER, parent, child, channel });

test(
  "a rack's own traffic stays on the leaf, the root's is carried, and nothing comes back",
  options,
  () =>
    withTwo(() => bridgedMosquittos(0), ({ port, parentUrl }) => [urlOf(port), parentUrl], async (leaf, core) => {
      await leaf.client.subscribeAsync("#", { qos: 1 });
      await core.client.subscribeAsync("#", { qos: 1 });
      // Retained, so it gets there however late the bridge connects, and twice when it was just about to.
      await say(leaf, topicOf(PARENT, RACK, "life"), "alive", true);
      await until(() => core.heard.length > 0);

      for (const channel of ["up", "down", "life"] as const) {
        await say(leaf, topicOf(RACK, N1, channel), "of the rack");
        await say(core, topicOf(RACK, N1, channel), "of the rack, on the core");
      }
      await say(leaf, topicOf(PARENT, RACK, "down"), "the wrong way");
      await say(core, topicOf(PARENT, RACK, "up"), "the wrong way, on the core");
      for (const text of ["first", "second"]) {
        await say(leaf, topicOf(PARENT, RACK, "up"), text);
        await say(core, topicOf(PARENT, RACK, "down"), text);
      }
      await until(() => core.heard.includes("up second") && leaf.heard.includes("down second"));
      const both = ["up first", "up second", "down first", "down second"];
      const own = ["up of the rack", "down of the rack", "life of the rack"];
      assert.deepEqual(leaf.heard.sort(), [...both, ...own, "life alive", "down the wrong way"].sort());
      assert.deepEqual(
        core.heard.filter((heard) => heard !== "life alive").sort(),
        [...both, ...own.map((text) => `${text}, on the core`), "up the wrong way, on the core"].sort(),
      );
    }),
);

test(
  "with rules a rack's aggregator is its nodes' parent and the root's child, and nothing else",
  options,
  () =>
    withTwo(
      () => guardedBridgedMosquittos(0),
      ({ port }) => [urlOf(port, RACK), urlOf(port, N1)],
      async (rack, node) => {
        const all = [topicOf(PARENT, "+", "up"), topicOf(PARENT, "+", "down"), topicOf(RACK, "+", "up")];
        await rack.client.subscribeAsync(all, { qos: 1 });
        await node.client.subscribeAsync([topicOf(PARENT, N1, "down"), topicOf(RACK, N1, "down")], { qos: 1 });
        await say(rack, topicOf(PARENT, N1, "down"), "forged");
        await say(rack, topicOf(PARENT, N2, "up"), "forged");
        await say(rack, topicOf(RACK, N1, "up"), "forged");
        await say(rack, topicOf(RACK, N1, "down"), "real");
        await say(node, topicOf(PARENT, N1, "up"), "to the root");
        await say(node, topicOf(RACK, N1, "up"), "to the rack");
        await until(() => rack.heard.length > 0 && node.heard.length > 0);
        assert.deepEqual(rack.heard, ["up to the rack"]);
        assert.deepEqual(node.heard, ["down real"]);
      },
    ),
);
