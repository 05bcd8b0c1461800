import type { Frame } from "../sync/mod.ts";

/**
 * The quality of service of a frame (MQTT 3.1.1, section 4.3). An ack that is lost costs a window that is sent again; to have
 * every ack acknowledged by the broker costs a packet for each change of each node.
 */
export function qosOf(frame: Frame): 0 | 1 {
  return frame.type === "ack" ? 0 : 1;
}
