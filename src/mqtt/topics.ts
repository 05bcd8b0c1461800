import { isNodeName, isUuid } from "../state/mod.ts";
import { type Frame, PROTOCOL_VERSION } from "../sync/mod.ts";

/** What a topic of a link carries: `up` to the parent, `down` to the child, `life` the child's birth and death. */
export type Channel = "up" | "down" | "life";

/** The parts of a topic: `kraken/1/{cluster}/{parent}/{child}/{channel}`. Topics name the client, for ACLs. */
export interface LinkTopic {
  /** The cluster's name. */
  readonly cluster: string;
  /** The parent's UUID. */
  readonly parent: string;
  /** The child's UUID. */
  readonly child: string;
  readonly channel: Channel;
}

const ROOT = `kraken/${PROTOCOL_VERSION}`;

/** Formats a topic. */
export function formatTopic({ cluster, parent, child, channel }: LinkTopic): string {
  return `${ROOT}/${cluster}/${parent}/${child}/${channel}`;
}

/** Returns the filter for one channel of all children of a parent. */
export function childrenFilter(cluster: string, parent: string, channel: Channel): string {
  return `${ROOT}/${cluster}/${parent}/+/${channel}`;
}

/** Parses a topic. @returns Undefined if it is not the topic of a link; filters with wildcards are not. */
export function parseTopic(topic: string): LinkTopic | undefined {
  const [root, version, cluster, parent, child, channel, ...rest] = topic.split("/");
  if (`${root}/${version}` !== ROOT || rest.length > 0) return undefined;
  if (cluster === undefined || parent === undefined || child === undefined) return undefined;
  if (!isNodeName(cluster) || !isUuid(parent) || !isUuid(child)) return undefined;
  if (channel !== "up" && channel !== "down" && channel !== "life") return undefined;
  return { cluster, parent, child, channel };
}

/**
 * Returns the quality of service of a frame (MQTT 3.1.1, section 4.3). The link itself resends lost windows, acks and pings, so the
 * broker's acknowledgements, two packets for each, would gain nothing. A welcome is sent again after the next birth. It has the QoS of
 * the window that follows it, because a window with another QoS might overtake it. The other frames are rare.
 */
export function qosOf({ type }: Frame): 0 | 1 {
  return type === "data" || type === "ack" || type === "ping" || type === "welcome" ? 0 : 1;
}
