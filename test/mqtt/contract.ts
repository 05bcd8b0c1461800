import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import mqtt from "mqtt";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import {
  type ChildTransport,
  createChildTransport,
  formatTopic,
  type ParentTransport,
  type ParentTransportOptions,
} from "../../src/mqtt/mod.ts";
import { type Value, valuesOf } from "../../src/state/mod.ts";
import {
  type ChildLink,
  createChildLink,
  createNodeChildScope,
  createNodeScope,
  createParentLink,
  createReplica,
  encodeFrame,
  type LinkState,
  type ParentLink,
  type Replica,
} from "../../src/sync/mod.ts";
import { NO_MODULES } from "../sync/world.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";
import { until } from "./until.ts";

/** A broker that the contract is run against. */
export interface BrokerUnderTest {
  readonly port: number;
  /** The parent's end of the transport on this broker. */
  parentTransport(options: ParentTransportOptions & { readonly run: string }): ParentTransport;
  stop(): Promise<void>;
}

/** Starts a broker on a port of this machine; 0 for any free one. */
export type StartBroker = (port: number) => Promise<BrokerUnderTest>;

/** The cluster of every test. */
export const CLUSTER = "test";
/** The parent of every test. */
export const PARENT = "11111111-1111-4111-8111-111111111111";
const quiet = createLog(() => {});

/** A child that joins through a proxy of its own. */
interface Child {
  readonly id: string;
  readonly run: string;
  readonly link: ChildLink;
  readonly replica: Replica;
  readonly transport: ChildTransport;
  readonly proxy: TcpProxy;
}

type Tree = Awaited<ReturnType<typeof createTree>>;

/** One parent and its children on a real broker. */
async function createTree(start: StartBroker) {
  let broker = await start(0);
  const { port } = broker;
  const disk = createReplica();
  const terms = new Map<string, number>();
  const links = new Map<string, ParentLink>();
  const states = new Map<string, LinkState[]>();
  const children: Child[] = [];
  let run = randomUUID();
  let transport: ParentTransport = connectParent();
  disk.onChange((id) => links.get(id)?.changed());

  function connectParent(): ParentTransport {
    return broker.parentTransport({
      cluster: CLUSTER,
      parent: PARENT,
      run,
      log: quiet,
      onUp: (child, frame) => links.get(child)?.receive(frame),
      onLife: (child, frame) => links.get(child)?.life(frame),
    });
  }

  function parentOf(child: string): ParentLink {
    return createParentLink({
      child,
      run,
      ...NO_MODULES,
      replica: disk,
      scope: createNodeChildScope(disk, child),
      nextTerm(childTerm) {
        const next = Math.max(terms.get(child) ?? 0, childTerm) + 1;
        terms.set(child, next);
        return next;
      },
      clock: systemClock,
      random: Math.random,
      log: quiet,
      send: (frame) => transport.send(child, frame),
      onState: (state) => states.get(child)?.push(state),
      onModules: () => {},
    });
  }

  return {
    get port() {
      return port;
    },
    get transport() {
      return transport;
    },
    get run() {
      return run;
    },
    disk,
    statesOf: (child: Child): LinkState[] => states.get(child.id) ?? [],
    stateOf: (child: Child): LinkState | undefined => links.get(child.id)?.state,
    linkOf: (child: Child): ParentLink | undefined => links.get(child.id),
    /** Starts a child, or another run of one. */
    async join(id: string = randomUUID(), values: Record<string, Value> = {}): Promise<Child> {
      const proxy = await startTcpProxy(port);
      const childRun = randomUUID();
      const replica = createReplica();
      replica.write(id, "self", new Map(Object.entries(values)), 0);
      const options = { cluster: CLUSTER, parent: PARENT, child: id, run: childRun, keepalive: 2, random: Math.random };
      const url = `mqtt://127.0.0.1:${proxy.port}`;
      const childTransport = createChildTransport({ ...options, url, log: quiet });
      const link = createChildLink({
        id,
        run: childRun,
        modules: () => [],
        replica,
        scope: createNodeScope(replica, id),
        clock: systemClock,
        random: Math.random,
        log: quiet,
        send: childTransport.send,
      });
      replica.onChange(() => link.changed());
      const child: Child = { id, run: childRun, link, replica, transport: childTransport, proxy };
      if (!links.has(id)) {
        states.set(id, []);
        links.set(id, parentOf(id));
      }
      childTransport.start(link);
      children.push(child);
      return child;
    },
    level: (child: Child): boolean => links.get(child.id)?.state === "level" && child.link.state === "level",
    selfOf: (child: Child): unknown => Object.fromEntries(valuesOf(disk.get(child.id)?.facets.self ?? new Map())),
    /** Ends a child's process as kill -9 does: its sockets break, and nothing of it comes back. */
    async kill(child: Child): Promise<void> {
      child.link.stop();
      await child.proxy.close();
      await child.transport.stop();
    },
    async restartParent(): Promise<void> {
      await transport.stop();
      run = randomUUID();
      for (const [id, link] of links) {
        link.stop();
        links.set(id, parentOf(id));
      }
      transport = connectParent();
    },
    async restartBroker(): Promise<void> {
      await transport.stop();
      await broker.stop();
      broker = await start(port);
      transport = connectParent();
    },
    async stop(): Promise<void> {
      for (const child of children) {
        child.link.stop();
        await child.transport.stop();
        await child.proxy.close();
      }
      for (const link of links.values()) link.stop();
      await transport.stop();
      await broker.stop();
    },
  };
}

/** A plain client that publishes whatever it is told to. */
async function publishRaw(port: number, topic: string, payload: Uint8Array, retain = false): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 });
  await client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain });
  await client.endAsync();
}

function topicOf(child: string, channel: "up" | "life"): string {
  return formatTopic({ cluster: CLUSTER, parent: PARENT, child, channel });
}

/**
 * What holds on every broker. Each test starts a broker of its own.
 *
 * @param name The broker's name, for the names of the tests.
 * @param skip Why the broker can't be tested here; undefined when it can.
 */
export function linkContract(name: string, start: StartBroker, skip?: string): void {
  function check(guarantee: string, body: (tree: Tree) => Promise<void>): void {
    test(`${name}: ${guarantee}`, { skip: skip ?? false, timeout: 60_000 }, async () => {
      const tree = await createTree(start);
      try {
        await body(tree);
      } finally {
        await tree.stop();
      }
    });
  }

  check("a child gets from birth to level, and values go both ways", async (tree) => {
    const child = await tree.join(undefined, { "/a": "before" });
    tree.disk.write(child.id, "cfg", new Map([["/b", true]]), 1);
    await until(() => tree.level(child));
    child.replica.write(child.id, "self", new Map([["/a", "after"]]), child.link.term);
    tree.disk.write(child.id, "parent", new Map([["/c", 7]]), 1);
    await until(() => child.replica.get(child.id)?.facets.parent.get("/c")?.value === 7);
    await until(() => disk(tree, child, "/a") === "after");
    assert.equal(child.replica.get(child.id)?.facets.cfg.get("/b")?.value, true);
    assert.deepEqual(tree.statesOf(child), ["joining", "level"]);
  });

  check("a child whose socket breaks is dead by its will, and comes back with its term", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    child.proxy.cut();
    await until(() => tree.statesOf(child).includes("down"));
    await until(() => tree.level(child));
    assert.equal(child.link.term, 1);
  });

  check("a child that was killed and started again gets a new term; its late will is ignored", async (tree) => {
    const first = await tree.join(undefined, { "/old": 1 });
    await until(() => tree.level(first));
    await tree.kill(first);
    await until(() => tree.stateOf(first) === "down");
    const second = await tree.join(first.id, { "/new": 1 });
    await until(() => tree.level(second));
    assert.equal(second.link.term, 2);
    await until(() => tree.selfOf(second) !== undefined && disk(tree, second, "/old") === null);
    assert.deepEqual(tree.selfOf(second), { "/new": 1 });

    const before = tree.transport.counts.received;
    tree.statesOf(second).length = 0;
    const will = encodeFrame({ type: "dead", from: first.run, why: "lost" });
    await publishRaw(tree.port, topicOf(first.id, "life"), will, true);
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

  check("a parent that restarts has its child born again", async (tree) => {
    const child = await tree.join(undefined, { "/a": 1 });
    await until(() => tree.level(child));
    await tree.restartParent();
    tree.linkOf(child)?.call();
    child.replica.write(child.id, "self", new Map([["/a", 2]]), child.link.term);
    await until(() => tree.level(child) && child.link.term === 2);
    await until(() => disk(tree, child, "/a") === 2);
  });

  check("when the broker restarts, all children return", async (tree) => {
    const children = [await tree.join(), await tree.join(), await tree.join()];
    await until(() => children.every(tree.level));
    await tree.restartBroker();
    await until(() => children.every((child) => child.link.state !== "level"));
    for (const child of children) {
      child.replica.write(child.id, "self", new Map([["/away", true]]), child.link.term);
    }
    await until(() => children.every((child) => tree.level(child) && disk(tree, child, "/away") === true), 30_000);
  });

  check("malformed and oversized frames are dropped and counted, and the rest goes on", async (tree) => {
    const child = await tree.join();
    await until(() => tree.level(child));
    await publishRaw(tree.port, topicOf(child.id, "up"), Uint8Array.from([0xa1, 0x61, 0x76, 0xf9, 0, 0]));
    await publishRaw(tree.port, topicOf(child.id, "up"), new Uint8Array(400 * 1024));
    await publishRaw(tree.port, topicOf(child.id, "up"), encodeFrame({ type: "alive", from: child.run }));
    await publishRaw(tree.port, topicOf(child.id, "life"), new TextEncoder().encode("not CBOR"));
    await until(() => tree.transport.counts.malformed === 4);
    child.replica.write(child.id, "self", new Map([["/a", 1]]), child.link.term);
    await until(() => disk(tree, child, "/a") === 1);
    assert.deepEqual(tree.statesOf(child), ["joining", "level"]);
  });
}

function disk(tree: Tree, child: Child, url: string): Value | null | undefined {
  return tree.disk.get(child.id)?.facets.self.get(url)?.value;
}
