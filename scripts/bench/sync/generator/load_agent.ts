import { randomUUID } from "node:crypto";
import { hostinfoDeclaration } from "../../../../modules/hostinfo/declaration.ts";
import { serviceDeclaration } from "../../../../modules/service/declaration.ts";
import { systemClock } from "../../../../src/clock.ts";
import type { Log } from "../../../../src/log.ts";
import { connectMqtt } from "../../../../src/mqtt/client/mod.ts";
import { createChildTransport, formatTopic } from "../../../../src/mqtt/mod.ts";
import { type Facet, newestVersion, type Value, versionText } from "../../../../src/state/mod.ts";
import {
  createChildLink,
  createNodeScope,
  createReplica,
  type DownFrame,
  encodeFrame,
  type Frame,
  type LinkState,
} from "../../../../src/sync/mod.ts";
import { publishBytes } from "../wire_bytes.ts";

/** Where an agent joins, and whom it tells. */
export interface LoadAgentOptions {
  readonly id: string;
  readonly cluster: string;
  /** The parent's UUID. */
  readonly parent: string;
  /** The broker's URL. */
  readonly broker: string;
  /** What it has discovered when it starts. */
  readonly self: ReadonlyMap<string, Value>;
  /** Whether the bytes of its frames are counted, which costs encoding each of them once more. */
  readonly weighed: boolean;
  readonly log: Log;
  onState(state: LinkState): void;
}

/** An agent without an engine and without handlers: its replica, its link and its connection are a real agent's. */
export interface LoadAgent {
  readonly id: string;
  readonly weighed: boolean;
  /** Called when its cfg has changed, with what its cfg is now. */
  onCfg: ((cfg: Facet) => void) | undefined;
  /** Called when its parent has all of its changes. */
  onAcked: (() => void) | undefined;
  start(): void;
  /** Discovers values. */
  discover(values: ReadonlyMap<string, Value | null>): void;
  /** The discovered value of a variable. */
  discovered(url: string): Value | null | undefined;
  readonly counts: LoadAgentCounts;
}

/** What an agent has counted since it was made. */
export interface LoadAgentCounts {
  /** Frames. */
  readonly sent: number;
  readonly received: number;
  readonly retransmits: number;
  readonly births: number;
  /** Bytes of MQTT in both directions, acknowledgements included; 0 where the agent is not weighed. */
  readonly bytes: number;
  /** Messages that its broker has not acknowledged now, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
}

const MODULES = [hostinfoDeclaration, serviceDeclaration];

/** Makes an agent. It is silent until it is started. */
export function createLoadAgent(options: LoadAgentOptions): LoadAgent {
  const { id, cluster, parent, log, weighed } = options;
  const run = randomUUID();
  const replica = createReplica();
  const topicOf = (channel: "up" | "down") => formatTopic({ cluster, parent, child: id, channel });
  const topics = { up: topicOf("up"), down: topicOf("down") };
  const transport = createChildTransport({
    ...{ url: options.broker, cluster, parent, child: id, run, log },
    connect: connectMqtt,
    random: Math.random,
  });
  let bytes = 0;
  let births = 0;
  /** The local index of its own newest change. */
  let changedAt = 0;

  function weigh(channel: "up" | "down", frame: Frame): void {
    if (weighed) bytes += publishBytes(topics[channel], encodeFrame(frame).length);
  }
  const link = createChildLink({
    ...{ id, run, replica, log },
    modules: () => MODULES,
    scope: createNodeScope(replica, id),
    clock: systemClock,
    random: Math.random,
    send(frame) {
      weigh("up", frame);
      if (frame.type === "birth") births++;
      transport.send(frame);
    },
    onState: options.onState,
  });
  function write(values: ReadonlyMap<string, Value | null>): void {
    if (replica.write(id, "self", values, link.term).length > 0) changedAt = replica.index;
  }
  function receive(frame: DownFrame): void {
    weigh("down", frame);
    link.receive(frame);
    if (frame.type === "ack" && frame.to === run && frame.received >= changedAt) agent.onAcked?.();
  }

  write(options.self);
  replica.onChange((_id, facet) => {
    if (facet === "self") link.changed();
    if (facet !== "cfg") return;
    const cfg = replica.get(id)?.facets.cfg ?? new Map();
    agent.onCfg?.(cfg);
    write(new Map([["/seen", versionText(newestVersion(cfg))]])); // as a real agent does
  });

  const agent: LoadAgent = {
    id,
    weighed,
    onCfg: undefined,
    onAcked: undefined,
    get counts() {
      const { sent, received, waiting, waitingBytes } = transport.counts;
      return { sent, received, retransmits: link.counts.retransmits, births, bytes, waiting, waitingBytes };
    },
    start() {
      transport.start({
        connected: link.connected,
        disconnected: link.disconnected,
        parentLife: link.parentLife,
        receive,
      });
    },
    discover: write,
    discovered: (url) => replica.get(id)?.facets.self.get(url)?.value,
  };
  return agent;
}
