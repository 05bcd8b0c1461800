import type { Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import { connectMqtt } from "../../src/mqtt/client/mod.ts";
import {
  createLocalParentTransport,
  createMqttParentTransport,
  type MqttConnect,
  type ParentTransport,
  type ParentTransportOptions,
} from "../../src/mqtt/mod.ts";
import { connectMqttJs } from "../../src/mqtt/mqttjs/mod.ts";
import { redactUrl } from "../../src/redact.ts";
import { type GuardedListener, startEmbeddedBroker } from "./embedded.ts";
import type { Observed } from "./observers.ts";

/**
 * Connects an aggregator to a broker: with Kraken's own client, which takes half of mqtt.js' time for a message, and
 * with mqtt.js if the URL is a WebSocket (`ws:`, `wss:`).
 *
 * @throws {Error} If neither can connect to the URL.
 */
export const connectBroker: MqttConnect = (options) =>
  /^wss?:/i.test(options.url) ? connectMqttJs(options) : connectMqtt(options);

/** Carries frames between an aggregator and its children. */
export interface Transport extends Pick<ParentTransport, "send" | "counts"> {
  /** The port of the embedded broker; undefined with another broker. */
  readonly port: number | undefined;
  /** URL of the embedded broker for clients with an identity, if it has such a listener. */
  readonly guardedUrl?: string;
  /** Ends the connections of a node that were made with an identity. */
  drop(node: string): void;
  close(): Promise<void>;
}

/**
 * Starts the embedded broker, or connects to another one.
 *
 * @throws {Error} If the embedded broker cannot listen on its port, or the URL of the other one is invalid.
 */
export async function startTransport(
  options: ParentTransportOptions & {
    readonly run: string;
    readonly random: Random;
    readonly log: Log;
    /** Port of the embedded broker, on loopback. */
    readonly mqttPort: number;
    /** URL of another broker to use instead. */
    readonly broker: string | undefined;
    /** Another address on which the embedded broker listens. */
    readonly guarded?: GuardedListener;
    /** What others may subscribe to on the embedded broker. */
    readonly observed?: Observed;
    /** Called when another broker was reached (again). */
    onConnect(): void;
    /** Called each time that another broker cannot be reached or is lost, with the reason. */
    onProblem(problem: string): void;
  },
): Promise<Transport> {
  if (options.broker !== undefined) {
    if (!URL.canParse(options.broker)) {
      throw new Error(`Option '--broker' is '${redactUrl(options.broker)}': expected a URL such as mqtt://10.0.0.1`);
    }
    const transport = createMqttParentTransport({ ...options, url: options.broker, connect: connectBroker });
    return {
      send: transport.send,
      get counts() {
        return transport.counts;
      },
      port: undefined,
      drop() {}, // its connections belong to another program
      close: transport.stop,
    };
  }
  const { cluster, mqttPort, guarded, observed, log } = options;
  const broker = await startEmbeddedBroker({
    ...{ cluster, port: mqttPort, log },
    ...(guarded !== undefined && { guarded }),
    ...(observed !== undefined && { observed }),
  });
  const transport = createLocalParentTransport(broker, options);
  return {
    send: transport.send,
    get counts() {
      return transport.counts;
    },
    port: broker.port,
    ...(broker.guardedUrl !== undefined && { guardedUrl: broker.guardedUrl }),
    drop: broker.drop,
    async close() {
      await transport.stop();
      await broker.close();
    },
  };
}
