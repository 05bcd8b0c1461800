import { randomUUID } from "node:crypto";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import {
  type ChildTransport,
  createChildTransport,
  type MqttConnect,
  type ParentTransport,
  type ParentTransportOptions,
} from "../../src/mqtt/mod.ts";
import { nodeIdOf, type Value, valuesOf } from "../../src/state/mod.ts";
import {
  type ChildLink,
  createChildLink,
  createNodeChildScope,
  createNodeScope,
  createParentLink,
  createReplica,
  type LinkState,
  type ParentLink,
  type Replica,
} from "../../src/sync/mod.ts";
import { NO_MODULES } from "../sync/world.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";
import { ofRun } from "../support/versions.ts";

/** A broker that the contract is run against. */
export interface BrokerUnderTest {
  /** Where children join. */
  readonly port: number;
  /** Where a plain client reads what the parent may read. */
  readonly parentUrl: string;
  /** Where each node has a password. */
  readonly passwords?: ReadonlyMap<string, string>;
  /** The parent's end of the transport on this broker. */
  parentTransport(options: ParentTransportOptions & { readonly run: string }): ParentTransport;
  stop(): Promise<void>;
}

/** Starts a broker on a port of this machine; 0 for any free one. */
export type StartBroker = (port: number) => Promise<BrokerUnderTest>;

/** The cluster of every test, by the name that the examples of brokers have, as their rules name its nodes. */
export const CLUSTER = "demo";
/** The parent of every test. */
export const PARENT = nodeIdOf(CLUSTER, "root");
/** The children. */
export const CHILDREN: readonly string[] = ["n1", "n2", "n3"].map((name) => nodeIdOf(CLUSTER, name));
const quiet = createLog(() => {});

/** A child that joins through a proxy of its own. */
export interface Child {
  readonly id: string;
  readonly run: string;
  readonly link: ChildLink;
  readonly replica: Replica;
  readonly transport: ChildTransport;
  readonly proxy: TcpProxy;
}

/** A tree on a broker. */
export type Tree = Awaited<ReturnType<typeof createTree>>;

/** Makes one parent and its children on a real broker; the children use a client. */
export async function createTree(start: StartBroker, connect: MqttConnect) {
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

  let epochs = 0;

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
      nextTerm({ term: childTerm }) {
        const next = Math.max(terms.get(child) ?? 0, childTerm.run) + 1;
        terms.set(child, next);
        return ofRun(next);
      },
      nextEpoch: () => ++epochs,
      clock: systemClock,
      random: Math.random,
      log: quiet,
      send: (frame) => transport.send(child, frame),
      onState: (state) => states.get(child)?.push(state),
      onModules: () => {},
    });
  }

  function unusedChild(): string {
    const id = CHILDREN.find((child) => !links.has(child));
    if (id === undefined) throw new Error(`The tests have no more than ${CHILDREN.length} children`);
    return id;
  }

  /** Where a child joins, with its name and password where it needs them. */
  function urlOf(id: string, at = port): string {
    const password = broker.passwords?.get(id);
    return `mqtt://${password === undefined ? "" : `${id}:${password}@`}127.0.0.1:${at}`;
  }

  return {
    get parentUrl() {
      return broker.parentUrl;
    },
    urlOf,
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
    async join(id: string = unusedChild(), values: Record<string, Value> = {}): Promise<Child> {
      const proxy = await startTcpProxy(port);
      const childRun = randomUUID();
      const replica = createReplica();
      replica.write(id, "self", new Map(Object.entries(values)), ofRun(0));
      const childTransport = createChildTransport({
        ...{ cluster: CLUSTER, parent: PARENT, child: id, run: childRun, connect },
        url: urlOf(id, proxy.port),
        keepalive: 2,
        random: Math.random,
        log: quiet,
      });
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
    /** What the parent has of a child's own values: null where it was unset. */
    selfValue: (child: Child, url: string): Value | null | undefined => disk.get(child.id)?.facets.self.get(url)?.value,
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
