import type { Random } from "../clock.ts";
import type { Log } from "../log.ts";
import { type DownFrame, encodeFrame, type LifeFrame, MAX_FRAME_BYTES, type UpFrame } from "../sync/mod.ts";
import type { MqttConnect, MqttConnection } from "./connection.ts";
import { type Channel, formatTopic, qosOf } from "./topics.ts";
import { createIntake, isDownFrame, isLifeFrame, type TransportCounts } from "./intake.ts";

/** Time limit for the broker to acknowledge the message that the child has stopped, in milliseconds. */
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
  /** The broker is connected, for the first time or again. */
  onReached?(): void;
  /** The broker can't be reached or was lost; called each time, with the reason. */
  onProblem?(problem: string): void;
}

/** The child's end of a link, or an object that contains it. */
export interface ChildEnd {
  connected(): void;
  disconnected(): void;
  receive(frame: DownFrame): void;
  /** The parent has connected or disconnected. */
  parentLife(frame: LifeFrame): void;
}

/** Connects the child's end of a link to an MQTT broker. */
export interface ChildTransport {
  readonly counts: TransportCounts;
  /** Sends a frame. A frame that can't be sent now is lost; the link sends it again. */
  send(frame: UpFrame): void;
  /** Connects, and passes received frames to the link. */
  start(end: ChildEnd): void;
  /** Reports that this run has stopped, unless `isBack` says that it reconnects at once, and disconnects. */
  stop(isBack?: boolean): Promise<void>;
}

/** Creates a transport. It sends nothing before `start`. */
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
      if (isBack) return await last.end(); // cleanly, so that the broker publishes no will and the parent notices nothing
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
