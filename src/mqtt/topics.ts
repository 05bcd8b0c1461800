import { isNodeName, isUuid } from "../state/mod.ts";
import { PROTOCOL_VERSION } from "../sync/mod.ts";

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

/** The text of a topic. */
export function formatTopic({ cluster, parent, child, channel }: LinkTopic): string {
  return `${ROOT}/${cluster}/${parent}/${child}/${channel}`;
}

/** The filter for one channel of all children of a parent. */
export function childrenFilter(cluster: string, parent: string, channel: Channel): string {
  return `${ROOT}/${cluster}/${parent}/+/${channel}`;
}

/** Takes a topic apart. @returns Undefined when it is none of a link: wildcards are not. */
export function parseTopic(topic: string): LinkTopic | undefined {
  const [root, version, cluster, parent, child, channel, ...rest] = topic.split("/");
  if (`${root}/${version}` !== ROOT || rest.length > 0) return undefined;
  if (cluster === undefined || parent === undefined || child === undefined) return undefined;
  if (!isNodeName(cluster) || !isUuid(parent) || !isUuid(child)) return undefined;
  if (channel !== "up" && channel !== "down" && channel !== "life") return undefined;
  return { cluster, parent, child, channel };
}
