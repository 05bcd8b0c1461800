import type { Frame } from "../sync/mod.ts";

/**
 * The quality of service of a frame (MQTT 3.1.1, section 4.3). Windows, their acks and pings are sent again by the link where they are
 * lost, so the broker's acknowledgements, two packets for each, would buy nothing. A welcome comes again with the next birth,
 * and must not be overtaken by the window that follows it, as it might with another quality. The rest is rare.
 */
export function qosOf({ type }: Frame): 0 | 1 {
  return type === "data" || type === "ack" || type === "ping" || type === "welcome" ? 0 : 1;
}
