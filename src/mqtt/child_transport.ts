import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";
import { type DownFrame, encodeFrame, type LifeFrame, MAX_FRAME_BYTES, type UpFrame } from "../sync/mod.ts";
import type { MqttConnect, MqttConnection } from "./connection.ts";
import { type Channel, formatTopic, qosOf } from "./topics.ts";
import { createIntake, isDownFrame, isLifeFrame, type TransportCounts } from "./intake.ts";

/** How long the broker may take to acknowledge that the child has stopped, in milliseconds. */
const STOP_TIMEOUT_MS = 2_000;

/** Which child joins which parent, and through which broker. */
export interface ChildTransportOptions {
  /** The broker. */
  readonly url: string;
  readonly cluster: string;
  /** The parent's UUID. */
  readonly parent: string;
  /** The child's UUID. */
  readonly child: string;
  /** Names this run of the child. */
  readonly run: string;
  /** Seconds. @default 10 */
  readonly keepalive?: number;
  /** The MQTT client. */
  readonly connect: MqttConnect;
  readonly random: Random;
  readonly log: Log;
  /** The broker is reached, at first or again. */
  onReached?(): void;
  /** The broker is not reached, or is lost: called each time, with why. */
  onProblem?(problem: string): void;
}

/** The child's end of a link, or what it is part of. */
export interface ChildEnd {
  connected(): void;
  disconnected(): void;
  receive(frame: DownFrame): void;
  /** The parent has come or gone. */
  parentLife(frame: LifeFrame): void;
}

/** Ties the child's end of a link to an MQTT broker. */
export interface ChildTransport {
  readonly counts: TransportCounts;
  /** Sends a frame; what can't be sent now is lost, and the link sends it again. */
  send(frame: UpFrame): void;
  /** Connects, and feeds the link from now on. */
  start(end: ChildEnd): void;
  /** Says that this run has stopped, unless it is to be back at once, and disconnects. */
  stop(isBack?: boolean): Promise<void>;
}

/** Makes a transport. It is silent until it is started. */
export function createChildTransport(options: ChildTransportOptions): ChildTransport {
  const { cluster, parent, child, run, log } = options;
  const topicOf = (channel: Channel): string => formatTopic({ cluster, parent, child, channel });
  const up = topicOf("up");
  const life = topicOf("life");
  const parentLife = formatTopic({ cluster, parent, child: parent, channel: "life" });
  const intake = createIntake(log);
  let connection: MqttConnection | undefined;
  let sent = 0;
  let unsent = 0;

  return {
    get counts() {
      const { messages: waiting, bytes: waitingBytes } = connection?.waiting ?? { messages: 0, bytes: 0 };
      return { sent, unsent, received: intake.received, malformed: intake.malformed, waiting, waitingBytes };
    },
    send(frame) {
      const bytes = encodeFrame(frame);
      sent++;
      if (bytes.length > MAX_FRAME_BYTES) {
        log.error("Cannot send a frame that is too large", { type: frame.type, bytes: bytes.length });
        unsent++;
        return;
      }
      void connection?.publish(up, bytes, { qos: qosOf(frame) }).then((taken) => {
        if (!taken) unsent++;
      });
    },
    start(end) {
      connection = options.connect({
        url: options.url,
        clientId: `kraken-${run}`,
        will: { topic: life, payload: encodeFrame({ type: "dead", from: run, why: "lost" }) },
        topics: [topicOf("down"), parentLife],
        keepalive: options.keepalive ?? 10,
        random: options.random,
        log,
        ...(options.onProblem !== undefined && { onProblem: options.onProblem }),
        onConnect() {
          options.onReached?.();
          void connection?.publish(life, encodeFrame({ type: "alive", from: run }), { retain: true });
          end.connected();
        },
        onClose: () => end.disconnected(),
        onMessage(topic, payload) {
          if (topic === parentLife) {
            const frame = intake.take(topic, payload, isLifeFrame);
            if (frame !== undefined) end.parentLife(frame);
            return;
          }
          const frame = intake.take(topic, payload, isDownFrame);
          if (frame !== undefined) end.receive(frame);
        },
      });
    },
    async stop(isBack = false) {
      const last = connection;
      if (last === undefined) return;
      if (isBack) return await last.end(); // cleanly: no will is published, and the parent has nothing to see
      const bytes = encodeFrame({ type: "dead", from: run, why: "stopped" });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_TIMEOUT_MS);
      });
      await Promise.race([last.publish(life, bytes, { retain: true }), limit]);
      clearTimeout(timer);
      await last.end();
    },
  };
}
