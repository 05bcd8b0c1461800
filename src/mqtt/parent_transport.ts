import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";
import { type DownFrame, encodeFrame, type LifeFrame, MAX_FRAME_BYTES, type UpFrame } from "../sync/mod.ts";
import type { MqttConnect, Waiting } from "./connection.ts";
import { createIntake, type Intake, isLifeFrame, isUpFrame, type TransportCounts } from "./intake.ts";
import { childrenFilter, formatTopic, parseTopic, qosOf } from "./topics.ts";

/** Most unacknowledged messages of a parent; each child has at most a window, an ack and a welcome. */
const MAX_OUTSTANDING = 32_768;

/** Carries the frames of all links of a parent. */
export interface ParentTransport {
  readonly counts: TransportCounts;
  /** Sends a frame to a child, by its UUID. A frame that can't be sent now is lost; the link sends it again. */
  send(child: string, frame: DownFrame): void;
  stop(): Promise<void>;
}

/** The parent's identity, and the callbacks for frames of its children. */
export interface ParentTransportOptions {
  readonly cluster: string;
  /** The parent's UUID. */
  readonly parent: string;
  readonly log: Log;
  onUp(child: string, frame: UpFrame): void;
  onLife(child: string, frame: LifeFrame): void;
}

/** A broker in the same process, which needs no socket. */
export interface LocalBroker {
  publish(topic: string, payload: Uint8Array, qos: 0 | 1): void;
  /** Registers a listener for what clients publish, wills included. @returns A function that removes it. */
  onPublish(listener: (topic: string, payload: Uint8Array) => void): () => void;
  /** Messages published here that not all subscribers have received, and bytes that connections have not sent yet. */
  readonly waiting: Waiting;
}

/** Carries frames over a broker in the same process. */
export function createLocalParentTransport(broker: LocalBroker, options: ParentTransportOptions): ParentTransport {
  const intake = createIntake(options.log);
  const end = broker.onPublish((topic, payload) => {
    try {
      takeMessage(options, intake, topic, payload);
    } catch (error) {
      options.log.error("Cannot handle a frame", {
        topic,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
  });
  return makeTransport(options, intake, (topic, bytes, qos) => {
    broker.publish(topic, bytes, qos);
    return Promise.resolve(true);
  }, () => {
    end();
    return Promise.resolve();
  }, () => broker.waiting);
}

/** Carries frames over any MQTT broker. */
export function createMqttParentTransport(
  options: ParentTransportOptions & {
    readonly url: string;
    /** The MQTT client. */
    readonly connect: MqttConnect;
    /** Names this run of the parent. */
    readonly run: string;
    readonly random: Random;
    /** Seconds. @default 10 */
    readonly keepalive?: number;
    /** Called after each connect. Births of children may have been missed before. */
    onConnect?(): void;
    /** The broker can't be reached or was lost; called each time, with the reason. */
    onProblem?(problem: string): void;
  },
): ParentTransport {
  const { cluster, parent, log } = options;
  const intake = createIntake(log);
  /** The parent's own life topic, as if it were its own child: if the broker outlives the parent, the children hear that it is gone. */
  const life = formatTopic({ cluster, parent, child: parent, channel: "life" });
  const from = options.run;
  const connection = options.connect({
    url: options.url,
    clientId: `kraken-parent-${options.run}`, // an aggregator is a child too, often on the same broker
    will: { topic: life, payload: encodeFrame({ type: "dead", from, why: "lost" }) },
    maxOutstanding: MAX_OUTSTANDING,
    topics: [childrenFilter(cluster, parent, "up"), childrenFilter(cluster, parent, "life")],
    keepalive: options.keepalive ?? 10,
    random: options.random,
    log,
    onConnect() {
      void connection.publish(life, encodeFrame({ type: "alive", from }), { retain: true });
      options.onConnect?.();
    },
    onClose: () => {},
    onProblem: (problem) => options.onProblem?.(problem),
    onMessage: (topic, payload) => takeMessage(options, intake, topic, payload),
  });
  return makeTransport(options, intake, (topic, bytes, qos) => connection.publish(topic, bytes, { qos }), async () => {
    await connection.publish(life, encodeFrame({ type: "dead", from, why: "stopped" }), { retain: true });
    await connection.end();
  }, () => connection.waiting);
}

function takeMessage(options: ParentTransportOptions, intake: Intake, topic: string, payload: Uint8Array): void {
  const parts = parseTopic(topic);
  if (parts === undefined || parts.cluster !== options.cluster || parts.parent !== options.parent) return;
  if (parts.child === options.parent) return; // its own
  if (parts.channel === "life") {
    const frame = intake.take(topic, payload, isLifeFrame);
    if (frame !== undefined) options.onLife(parts.child, frame);
  } else if (parts.channel === "up") {
    const frame = intake.take(topic, payload, isUpFrame);
    if (frame !== undefined) options.onUp(parts.child, frame);
  }
}

function makeTransport(
  options: ParentTransportOptions,
  intake: Intake,
  publish: (topic: string, bytes: Uint8Array, qos: 0 | 1) => Promise<boolean>,
  stop: () => Promise<void>,
  waiting: () => Waiting,
): ParentTransport {
  const { cluster, parent, log } = options;
  let sent = 0;
  let unsent = 0;
  return {
    get counts() {
      const { messages, bytes } = waiting();
      const { received, malformed } = intake;
      return { sent, unsent, received, malformed, waiting: messages, waitingBytes: bytes };
    },
    send(child, frame) {
      const bytes = encodeFrame(frame);
      sent++;
      if (bytes.length > MAX_FRAME_BYTES) {
        log.error("Cannot send a frame that is too large", { node: child, type: frame.type, bytes: bytes.length });
        unsent++;
        return;
      }
      void publish(formatTopic({ cluster, parent, child, channel: "down" }), bytes, qosOf(frame)).then((taken) => {
        if (!taken) unsent++;
      });
    },
    stop,
  };
}
