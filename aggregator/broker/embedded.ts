import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes, type Client } from "aedes";
import { systemClock } from "../../src/clock.ts";
import { createRefusalLog, type Log, type RefusalLog } from "../../src/log.ts";
import { type LinkTopic, type LocalBroker, parseTopic } from "../../src/mqtt/mod.ts";
import { type ConnectionLimits, createConnectionLimit } from "./connection_limit.ts";
import { createIdentities, type Identities, type IdentityCheck } from "./identities.ts";
import { createObservers, type Observed, type Observers } from "./observers.ts";
import { gateSocket } from "./packet_gate.ts";
import { createOwnMessages, keepRetainedByTopic } from "./messages.ts";
import { createShortcut } from "./shortcut.ts";
import { watchSilence } from "./silence.ts";

/** How long a subscriber may take nothing before it is disconnected: until then it delays all others. */
const DRAIN_TIMEOUT_MS = 2_000;
/** How long a client may take to send CONNECT, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** The largest packet that a client may send, in bytes: a frame, its topic, and some room. */
const MAX_PACKET_BYTES = 512 * 1024;
/**
 * The largest CONNECT, in bytes: until it is complete its sender is unknown, and there may be 16,384 connections.
 * Kraken's clients send about 600 bytes: names, a password, and a will of one small frame.
 */
const MAX_CONNECT_BYTES = 4 * 1024;
const DEFAULT_MAX_CONNECTIONS = 16_384;
/** For the guarded listener: connections from one address, and those reserved for addresses of nodes. */
const MAX_PER_ADDRESS = 32;
const KEPT = 4_096;

/** Where the broker listens, and whom it serves. */
export interface EmbeddedBrokerOptions {
  /** The cluster whose topics are carried. */
  readonly cluster: string;
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The largest number of clients; more are refused. @default 16384 */
  readonly maxConnections?: number;
  /** Another address to listen on, where every client needs the identity of a node and gets only that node's topics. */
  readonly guarded?: GuardedListener;
  /** What others may subscribe to where no identities are asked for; absent for nothing. */
  readonly observed?: Observed;
  readonly log: Log;
}

/** A listener that requires identities. */
export interface GuardedListener extends IdentityCheck {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Tells whether a node has this address: unknown machines cannot take its connections. */
  isKnown(address: string): boolean;
}

/** An MQTT broker in this process. */
export interface EmbeddedBroker extends LocalBroker {
  /** URL for clients. */
  readonly url: string;
  readonly port: number;
  /** URL for clients with an identity; absent if there is no such listener. */
  readonly guardedUrl?: string;
  /** Number of connected clients. */
  readonly clients: number;
  /** Number of retained messages. */
  readonly retained: number;
  /** Ends the connections of a node, by its UUID, that were made with an identity. */
  drop(node: string): void;
  close(): Promise<void>;
}

/**
 * Starts an MQTT 3.1.1 broker. Clients may publish to `up` and `life` topics of the cluster and subscribe to single
 * `down` and `life` topics, or, where there is something to observe, to that alone and publish nothing; the program itself takes
 * messages and publishes without a socket.
 *
 * @throws {Error} When it can't listen there.
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { cluster, log, host = "127.0.0.1", maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const listeners = new Set<(topic: string, payload: Uint8Array) => void>();
  const sockets = new Set<Socket>();
  const drops = createRefusalLog(log, systemClock);
  const identities = createIdentities(options.guarded);
  const silence = watchSilence();
  const observers = options.observed && createObservers(options.observed, drops);
  /** `null`: the program itself. */
  const mayPublish = (connection: object | null, topic: LinkTopic): boolean =>
    topic.cluster === cluster && topic.channel !== "down" && identities.mayPublish(connection, topic) &&
    observers?.has(connection) !== true;
  const aedes = await createAedes({
    ...{ cluster, identities, mayPublish, observers },
    onGreeted: silence.greeted,
  });
  const retained = keepRetainedByTopic(aedes);
  const tell = (topic: string, payload: Uint8Array): void => {
    for (const listener of [...listeners]) listener(topic, payload);
  };
  const shortcut = createShortcut(aedes, { mayPublish, onPublish: tell });
  const own = createOwnMessages(aedes, shortcut, log);
  aedes.on("client", identities.joined);
  aedes.on("clientDisconnect", identities.left);
  if (observers !== undefined) tellObservers(aedes, observers);
  aedes.on("publish", (packet, client) => {
    if (client === null) return;
    tell(packet.topic, typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload);
  });
  logDrops(aedes, drops);

  function accept(
    limits: Omit<ConnectionLimits, "all">,
    onAccepted: (socket: Socket) => void,
  ): (socket: Socket) => void {
    const limit = createConnectionLimit({ all: maxConnections, ...limits });
    return (socket) => {
      if (!limit.admit(socket)) {
        drops.warn("Broker refused a connection, because it has reached its limit", { connections: limit.open });
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        identities.closed(socket);
      });
      socket.setNoDelay(true);
      onAccepted(socket);
      const client: Client = aedes.handle(
        gateSocket(socket, { first: MAX_CONNECT_BYTES, max: MAX_PACKET_BYTES }, (bytes) => {
          silence.heard(client);
          return shortcut.sieve(socket, client, bytes);
        }),
      );
    };
  }
  const servers = [createServer(accept({ perAddress: Infinity }, () => {}))];
  const urls: string[] = [];
  try {
    const [server] = servers;
    if (server !== undefined) urls.push(await listen(server, host, options.port));
    if (options.guarded !== undefined) {
      const kept = { places: KEPT, isFor: options.guarded.isKnown };
      const guarded = createServer(accept({ perAddress: MAX_PER_ADDRESS, kept }, identities.guard));
      urls.push(await listen(guarded, options.guarded.host, options.guarded.port));
      servers.push(guarded);
    }
  } catch (error) {
    for (const server of servers) server.close();
    silence.stop();
    observers?.stop();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    throw error;
  }
  const [url = "", guardedUrl] = urls;

  return {
    url,
    port: Number(new URL(url).port),
    ...(guardedUrl !== undefined && { guardedUrl }),
    get clients() {
      return aedes.connectedClients;
    },
    get retained() {
      return retained();
    },
    get waiting() {
      return { messages: own.waiting(), bytes: [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0) };
    },
    publish: own.publish,
    onPublish(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    drop: (node) => identities.drop(node),
    async close() {
      silence.stop();
      observers?.stop();
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function logDrops(aedes: Aedes, drops: RefusalLog): void {
  aedes.on(
    "clientError",
    (client, error) => drops.info("Broker dropped a client", { client: client.id, why: error.message }),
  );
  aedes.on("connectionError", (_client, error) => drops.info("Broker dropped a connection", { why: error.message }));
}

function tellObservers(aedes: Aedes, observers: Observers): void {
  aedes.on("subscribe", (subscriptions, client) => observers.subscribed(client, subscriptions));
  aedes.on("unsubscribe", (filters, client) => observers.unsubscribed(client, filters));
  aedes.on("ack", (_packet, client) => observers.acknowledged(client));
  aedes.on("clientDisconnect", (client) => observers.left(client));
}

function createAedes(parts: {
  readonly cluster: string;
  readonly identities: Identities;
  readonly observers: Observers | undefined;
  mayPublish(connection: object | null, topic: LinkTopic): boolean;
  onGreeted(client: Client, keepalive: number): void;
}): Promise<Aedes> {
  const { cluster, identities, observers } = parts;
  return Aedes.createBroker({
    // Messages are passed on as they arrive: with a bound, further ones would wait in a queue that is emptied by
    // recursion, which overflows the stack with thousands of clients.
    concurrency: 0,
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    preConnect(client, packet, done) {
      // Data for a session that never returns would grow without limit.
      if (packet.clean !== true) return done(new Error("Only clean sessions are served"), false);
      parts.onGreeted(client, packet.keepalive ?? 0);
      packet.keepalive = 0; // aedes itself does not see all packets
      done(null, true);
    },
    authenticate(client, username, password, done) {
      done(null, identities.admit(client.conn, { clientId: client.id, username, password }));
    },
    authorizePublish(client, packet, done) {
      const topic = parseTopic(packet.topic);
      if (topic === undefined || !parts.mayPublish(client?.conn ?? null, topic)) {
        return done(new Error(`Must not publish to '${packet.topic}'`));
      }
      if (packet.qos > 1) return done(new Error("QoS 2 is not served"));
      if (topic.channel !== "life") packet.retain = false;
      done(null);
    },
    authorizeSubscribe(client, subscription, done) {
      const connection = client?.conn ?? null;
      if (client !== null && observers?.isFor(subscription.topic) === true) {
        const mayObserve = !identities.isConfined(connection) && observers.admit(client, subscription.topic);
        return done(null, mayObserve ? subscription : null);
      }
      const topic = parseTopic(subscription.topic);
      const allowed = topic?.cluster === cluster && topic.channel !== "up" &&
        identities.maySubscribe(connection, topic) && observers?.has(connection) !== true;
      done(null, allowed ? subscription : null);
    },
  });
}

/**
 * @returns The URL of the broker.
 * @throws {Error} In words for people, if the port is in use.
 */
function listen(server: Server, host: string, wanted: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      const inUse = error.code === "EADDRINUSE";
      const why = inUse
        ? "the port is in use: stop the other program, choose another with --mqtt-port, or use its broker with --broker"
        : error.message;
      reject(new Error(`Cannot listen on ${host}:${wanted} as ${why}`, { cause: error }));
    });
    server.listen(wanted, host, () => {
      // A server on a TCP port has an address of this type.
      const { port } = server.address() as AddressInfo;
      resolve(`mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`);
    });
  });
}
