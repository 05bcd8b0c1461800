import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import type { Log } from "../../src/log.ts";
import { type LocalBroker, parseTopic } from "../../src/mqtt/mod.ts";
import { gateSocket } from "./packet_gate.ts";
import { keepRetainedByTopic } from "./retained.ts";

/** A subscriber that takes nothing for this long is disconnected: until then it holds every other one up. */
const DRAIN_TIMEOUT_MS = 2_000;
/** How long a client may take to say who it is, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** The largest packet that a client may send, in bytes: a frame, its topic, and some room. */
const MAX_PACKET_BYTES = 512 * 1024;
const DEFAULT_MAX_CONNECTIONS = 16_384;

/** Where the broker listens and whom it serves. */
export interface EmbeddedBrokerOptions {
  /** Only topics of this cluster are carried. */
  readonly cluster: string;
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Clients at a time; more are turned away. @default 16384 */
  readonly maxConnections?: number;
  readonly log: Log;
}

/** An MQTT broker in this process. */
export interface EmbeddedBroker extends LocalBroker {
  /** Where clients reach it. */
  readonly url: string;
  readonly port: number;
  /** Clients that are connected now. */
  readonly clients: number;
  close(): Promise<void>;
}

/**
 * Starts an MQTT 3.1.1 broker. Clients may publish to `up` and `life` topics of the cluster and subscribe to single
 * `down` and `life` topics; the program itself takes messages and publishes without a socket.
 *
 * @throws {Error} When it can't listen there.
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { cluster, log, host = "127.0.0.1", maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const listeners = new Set<(topic: string, payload: Uint8Array) => void>();
  const sockets = new Set<Socket>();
  const aedes = await createAedes(cluster);
  keepRetainedByTopic(aedes);
  aedes.on("publish", (packet, client) => {
    if (client === null) return;
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    for (const listener of [...listeners]) listener(packet.topic, payload);
  });
  aedes.on(
    "clientError",
    (client, error) => log.info("Broker dropped a client", { client: client.id, why: error.message }),
  );
  aedes.on("connectionError", (_client, error) => log.info("Broker dropped a connection", { why: error.message }));

  const server = createServer((socket) => {
    if (sockets.size >= maxConnections) {
      log.warn("Broker turned a connection away as it has its limit", { connections: sockets.size });
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    aedes.handle(gateSocket(socket, MAX_PACKET_BYTES));
  });
  try {
    await listen(server, host, options.port);
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    throw error;
  }
  // A server that listens on a TCP port has an address of this kind.
  const { port } = server.address() as AddressInfo;

  return {
    url: `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    get clients() {
      return aedes.connectedClients;
    },
    publish(topic, payload, qos) {
      aedes.publish(
        { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain: false, dup: false },
        (error) => {
          if (error) log.warn("Broker cannot publish", { topic, why: error.message });
        },
      );
    },
    onPublish(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createAedes(cluster: string): Promise<Aedes> {
  return Aedes.createBroker({
    // Messages are handed on as they come: with a bound, those beyond it wait in a queue that is emptied by recursion, which
    // thousands of clients at once take to the end of the stack.
    concurrency: 0,
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    preConnect(_client, packet, done) {
      // What is kept for a session that never returns would grow without end.
      if (packet.clean !== true) done(new Error("Only clean sessions are served"), false);
      else done(null, true);
    },
    authorizePublish(_client, packet, done) {
      const topic = parseTopic(packet.topic);
      if (topic?.cluster !== cluster || topic.channel === "down") {
        return done(new Error(`Must not publish to '${packet.topic}'`));
      }
      if (packet.qos > 1) return done(new Error("QoS 2 is not served"));
      if (topic.channel !== "life") packet.retain = false;
      done(null);
    },
    authorizeSubscribe(_client, subscription, done) {
      const topic = parseTopic(subscription.topic);
      const allowed = topic?.cluster === cluster && topic.channel !== "up";
      done(null, allowed ? subscription : null);
    },
  });
}

/** @throws {Error} In words for people, when the port is in use. */
function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      const inUse = error.code === "EADDRINUSE";
      const why = inUse
        ? "the port is in use: stop the other program, choose another with --mqtt-port, or use its broker with --broker"
        : error.message;
      reject(new Error(`Cannot listen on ${host}:${port} as ${why}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}
