import type { Log } from "../log.ts";
import { decodeFrame, type DownFrame, type Frame, type LifeFrame, type UpFrame } from "../sync/mod.ts";

/** Counters of a transport since it was created. */
export interface TransportCounts {
  /** Frames that were sent, whether they arrived or not. */
  readonly sent: number;
  /** Frames that could not be sent: no connection, too much under way, or too large. */
  readonly unsent: number;
  readonly received: number;
  /** Messages that are not a frame, or not a frame of their topic. */
  readonly malformed: number;
  /** Messages that the broker has not acknowledged; for a broker in this process, those that it has not delivered. */
  readonly waiting: number;
  /** Their payloads, in bytes; for a broker in this process, bytes that its connections have not sent yet. */
  readonly waitingBytes: number;
}

/** Decodes messages. It drops, counts and logs those that are not a frame of their topic. */
export interface Intake {
  readonly received: number;
  readonly malformed: number;
  /** @returns The frame; undefined if the message was dropped. */
  take<F extends Frame>(topic: string, payload: Uint8Array, belongs: (frame: Frame) => frame is F): F | undefined;
}

/** Creates an intake. It logs the 1st, 2nd, 4th, 8th ... message that it drops, so that a flood of them does not flood the log. */
export function createIntake(log: Log): Intake {
  let received = 0;
  let malformed = 0;
  return {
    get received() {
      return received;
    },
    get malformed() {
      return malformed;
    },
    take(topic, payload, belongs) {
      const decoded = decodeFrame(payload);
      if (decoded.ok && belongs(decoded.frame)) {
        received++;
        return decoded.frame;
      }
      malformed++;
      const problem = decoded.ok ? `A frame of type '${decoded.frame.type}' does not belong here` : decoded.problem;
      if (Number.isInteger(Math.log2(malformed))) log.warn("Dropped a message", { topic, problem, dropped: malformed });
      return undefined;
    },
  };
}

/** Tells whether a frame may go from child to parent. */
export function isUpFrame(frame: Frame): frame is UpFrame {
  return frame.type === "birth" || frame.type === "where" || frame.type === "left" || isExchange(frame);
}

/** Tells whether a frame may go from parent to child. */
export function isDownFrame(frame: Frame): frame is DownFrame {
  return frame.type === "welcome" || frame.type === "declare" || frame.type === "moved" || frame.type === "location" ||
    frame.type === "noted" || frame.type === "rebirth" || isExchange(frame);
}

/** Tells whether a frame may be on a life topic. */
export function isLifeFrame(frame: Frame): frame is LifeFrame {
  return frame.type === "alive" || frame.type === "dead";
}

function isExchange(frame: Frame): frame is Extract<Frame, { type: "data" | "ack" | "ping" | "resync" }> {
  return frame.type === "data" || frame.type === "ack" || frame.type === "ping" || frame.type === "resync";
}
