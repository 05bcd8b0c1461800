import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame } from "../../src/sync/mod.ts";
import { CLIENTS } from "./clients.ts";
import { publishRaw, retainedLife, topicOf } from "./plain_client.ts";
import { createTree, type StartBroker, type Tree } from "./tree.ts";
import { until } from "../support/until.ts";
import { ofRun } from "../support/versions.ts";

/**
 * What holds on every broker, for children with either client. Each test starts a broker of its own.
 *
 * @param name The broker's name, for the names of the tests.
 * @param skip Why the broker can't be tested here; undefined when it can.
 */
export function linkContract(name: string, start: StartBroker, skip?: string): void {
  function check(guarantee: string, body: (tree: Tree) => Promise<void>): void {
    for (const [client, connect] of Object.entries(CLIENTS)) {
      test(`${name}, ${client}: ${guarantee}`, { skip: skip ?? false, timeout: 120_000 }, async () => {
        const tree = await createTree(start, connect);
        try {
          await body(tree);
        } finally {
          await tree.stop();
        }
      });
    }
  }

  check("a child gets from birth to level, and values go both ways", async (tree) => {
    const child = await tree.join(undefined, { "/a": "before" });
    tree.disk.write(child.id, "cfg", new Map([["/b", true]]), ofRun(1));
    await until(() => tree.level(child));
    child.replica.write(child.id, "self", new Map([["/a", "after"]]), child.link.term);
    tree.disk.write(child.id, "parent", new Map([["/c", 7]]), ofRun(1));
    await until(() => child.replica.get(child.id)?.facets.parent.get("/c")?.value === 7);
    await until(() => tree.selfValue(child, "/a") === "after");
    assert.equal(child.replica.get(child.id)?.facets.cfg.get("/b")?.value, true);
    assert.deepEqual(tree.statesOf(child), ["joining", "level"]);
  });

  check("a child whose socket breaks is dead by its will, and comes back with its term", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    child.proxy.cut();
    await until(() => tree.statesOf(child).includes("down"));
    await until(() => tree.level(child));
    assert.equal(child.link.term.run, 1);
  });

  check("a child that was killed and started again gets a new term; its late will is ignored", async (tree) => {
    const first = await tree.join(undefined, { "/old": 1 });
    await until(() => tree.level(first));
    await tree.kill(first);
    await until(() => tree.stateOf(first) === "down");
    const second = await tree.join(first.id, { "/new": 1 });
    await until(() => tree.level(second));
    assert.equal(second.link.term.run, 2);
    await until(() => tree.selfOf(second) !== undefined && tree.selfValue(second, "/old") === null);
    assert.deepEqual(tree.selfOf(second), { "/new": 1 });

    const before = tree.transport.counts.received;
    tree.statesOf(second).length = 0;
    const will = encodeFrame({ type: "dead", from: first.run, why: "lost" });
    await publishRaw(tree.urlOf(first.id), topicOf(first.id, "life"), will, true);
    await until(() => tree.transport.counts.received > before);
    assert.deepEqual(tree.statesOf(second), []);
  });

  check("a child that stops says so", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    child.link.stop();
    await child.transport.stop();
    await until(() => tree.stateOf(child) === "down");
  });

  check("who comes later hears of a child's life and death: both are retained", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    assert.deepEqual(await retainedLife(tree.parentUrl, child.id), { type: "alive", from: child.run });
    await tree.kill(child);
    await until(() => tree.stateOf(child) === "down");
    const dead = { type: "dead", from: child.run, why: "lost" };
    assert.deepEqual(await retainedLife(tree.parentUrl, child.id), dead);
  });

  check("a parent that restarts has its child born again", async (tree) => {
    const child = await tree.join(undefined, { "/a": 1 });
    await until(() => tree.level(child));
    await tree.restartParent();
    tree.linkOf(child)?.requestRebirth();
    child.replica.write(child.id, "self", new Map([["/a", 2]]), child.link.term);
    await until(() => tree.level(child) && child.link.term.run === 2);
    await until(() => tree.selfValue(child, "/a") === 2);
  });

  check("when the broker restarts, all children return", async (tree) => {
    const children = [await tree.join(), await tree.join(), await tree.join()];
    await until(() => children.every(tree.level));
    await tree.restartBroker();
    await until(() => children.every((child) => child.link.state !== "level"));
    for (const child of children) {
      child.replica.write(child.id, "self", new Map([["/away", true]]), child.link.term);
    }
    await until(() => children.every((child) => tree.level(child) && tree.selfValue(child, "/away") === true));
  });

  check("malformed and oversized frames are dropped and counted, and the rest goes on", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    await publishRaw(tree.urlOf(child.id), topicOf(child.id, "up"), Uint8Array.from([0xa1, 0x61, 0x76, 0xf9, 0, 0]));
    await publishRaw(tree.urlOf(child.id), topicOf(child.id, "up"), new Uint8Array(400 * 1024));
    await publishRaw(tree.urlOf(child.id), topicOf(child.id, "up"), encodeFrame({ type: "alive", from: child.run }));
    await publishRaw(tree.urlOf(child.id), topicOf(child.id, "life"), new TextEncoder().encode("not CBOR"));
    await until(() => tree.transport.counts.malformed === 4);
    child.replica.write(child.id, "self", new Map([["/a", 1]]), child.link.term);
    await until(() => tree.selfValue(child, "/a") === 1);
    assert.deepEqual(tree.statesOf(child), ["joining", "level"]);
  });
}
