import assert from "node:assert/strict";
import { test } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { formatTopic } from "../../src/mqtt/mod.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { retainedLife } from "./plain_client.ts";
import { bridgedMosquittos, guardedBridgedMosquittos, type RealBroker, urlOf } from "./real_brokers.ts";
import { CLUSTER, createTree, PARENT, type Tree } from "./tree.ts";
import { until } from "./until.ts";

const options = { skip: NO_MOSQUITTO ?? false, timeout: 120_000 };

/** Runs a test on a tree over two bridged Mosquittos. */
async function withBridge(body: (tree: Tree, bridge: RealBroker) => Promise<void>): Promise<void> {
  const bridge = await guardedBridgedMosquittos(0);
  const tree = await createTree(() => Promise.resolve(bridge));
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
        tree.disk.write(child.id, "cfg", new Map([["/wanted", true]]), 1);
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

test(
  "a rack's own traffic stays on the leaf, the root's is carried once, and nothing comes back",
  options,
  async () => {
    const bridge = await bridgedMosquittos(0);
    const leaf = await mqtt.connectAsync(urlOf(bridge.port), { protocolVersion: 4, reconnectPeriod: 0 });
    const core = await mqtt.connectAsync(bridge.parentUrl, { protocolVersion: 4, reconnectPeriod: 0 });
    const onLeaf = listen(leaf);
    const onCore = listen(core);
    const rack = nodeIdOf(CLUSTER, "rack1");
    const node = nodeIdOf(CLUSTER, "n1");
    const ofRoot = (channel: "up" | "down" | "life"): string =>
      formatTopic({ cluster: CLUSTER, parent: PARENT, child: rack, channel });
    const ofRack = (channel: "up" | "down" | "life"): string =>
      formatTopic({ cluster: CLUSTER, parent: rack, child: node, channel });
    try {
      await leaf.subscribeAsync("#", { qos: 1 });
      await core.subscribeAsync("#", { qos: 1 });
      // Retained, so it gets there however late the bridge connects.
      await leaf.publishAsync(ofRoot("life"), "alive", { qos: 1, retain: true });
      await until(() => onCore.length === 1);

      for (const channel of ["up", "down", "life"] as const) {
        await leaf.publishAsync(ofRack(channel), "of the rack", { qos: 1 });
        await core.publishAsync(ofRack(channel), "of the rack, on the core", { qos: 1 });
      }
      await leaf.publishAsync(ofRoot("down"), "the wrong way", { qos: 1 });
      await core.publishAsync(ofRoot("up"), "the wrong way, on the core", { qos: 1 });
      for (const text of ["first", "second"]) {
        await leaf.publishAsync(ofRoot("up"), text, { qos: 1 });
        await core.publishAsync(ofRoot("down"), text, { qos: 1 });
      }
      await until(() => onCore.includes("up second") && onLeaf.includes("down second"));
      const carriedOut = ["life alive", "up first", "up second"];
      const carriedIn = ["down first", "down second"];
      const onCoreAlone = ["up", "down", "life"].map((channel) => `${channel} of the rack, on the core`);
      const onLeafAlone = ["up", "down", "life"].map((channel) => `${channel} of the rack`);
      assert.deepEqual(
        onCore.sort(),
        [...carriedOut, ...carriedIn, ...onCoreAlone, "up the wrong way, on the core"].sort(),
      );
      assert.deepEqual(onLeaf.sort(), [...carriedOut, ...carriedIn, ...onLeafAlone, "down the wrong way"].sort());
    } finally {
      await leaf.endAsync(true);
      await core.endAsync(true);
      await bridge.stop();
    }
  },
);

/** What a client hears from now on: channel and payload. */
function listen(client: MqttClient): string[] {
  const heard: string[] = [];
  client.on("message", (topic, payload) => heard.push(`${topic.split("/").at(-1)} ${payload.toString()}`));
  return heard;
}
