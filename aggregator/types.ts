import type { Clock, Random } from "../src/clock.ts";
import type { EngineCounts } from "../src/engine/mod.ts";
import type { Metric } from "../src/http/mod.ts";
import type { Level, Log } from "../src/log.ts";
import type { Module } from "../src/module/mod.ts";
import type { ModuleDeclaration } from "../src/plan/mod.ts";
import type { DownFrame, LifeFrame, UpFrame } from "../src/sync/mod.ts";
import type { BrokerWatch } from "./broker/watch.ts";
import type { OwnInterface } from "./cfg/parts.ts";
import type { Control } from "./control/control.ts";
import type { ChildrenCounts } from "./links/counts.ts";
import type { Upstream, UpstreamLink } from "./links/upstream_link.ts";
import type { Children } from "./links/types.ts";
import type { FollowParts, StateFollower } from "./publish/follow.ts";
import type { SubtreeCounts } from "./status/health.ts";
import type { Store, Stored } from "./store/mod.ts";

/** What an aggregator depends on. */
export interface AggregatorParts {
  readonly cluster: string;
  /** The name of its own node. */
  readonly name: string;
  /** Names this run: new at every start. */
  readonly run: string;
  readonly store: Store;
  /** The content of the store; read from there if absent. */
  readonly stored?: Stored;
  /** The modules that it runs for its children. */
  readonly modules: readonly Module[];
  /** The modules that agents are assumed to run before they have reported. */
  readonly agentModules: readonly ModuleDeclaration[];
  /** Time for a lost link to come back, in milliseconds. */
  readonly grace: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Sends a frame to a child. */
  send(child: string, frame: DownFrame): void;
  /** The transport to its parent; absent at the root. */
  readonly upstream?: Upstream;
  /** Network interfaces of this machine, without loopback. @default none */
  readonly interfaces?: () => readonly OwnInterface[];
  /** The name of the aggregator for which it offers to be the standby. */
  readonly standbyFor?: string;
  /** Whether the broker of its children can be reached; absent if it cannot be lost. */
  readonly broker?: BrokerWatch;
  /** Whether the broker of its parent can be reached; absent if there is none, or it cannot be lost. */
  readonly uplink?: BrokerWatch;
  /** What of its state is published; absent where nothing is. */
  readonly publish?: Pick<FollowParts, "board" | "values" | "announcing">;
  /** What other parts of the program would have people look at. @default nothing */
  readonly warnings?: () => readonly string[];
  /** Called with the level of log lines that cfg asks for, at the start and with each change; undefined: none. */
  onLogLevel?(level: Level | undefined): void;
  /** Whether each node has metrics of its own. @default false */
  readonly nodeMetrics?: boolean;
  /** What people are told if an earlier run's store is gone; valid while no node is known. */
  readonly lost?: string;
}

/** Where an aggregator is reached. */
export interface Addresses {
  /** URL of its HTTP API. */
  readonly api: string;
  /** URL of the broker over which its children reach it, without name and password. */
  readonly broker: string;
}

/** Holds nodes, plans for them and drives them. Without I/O of its own: transports, store and modules are given. */
export interface Aggregator {
  readonly id: string;
  /** Counts the runs of this aggregator, this one included: on its disk. */
  readonly runNumber: number;
  /** Whether it knows all its nodes: from its disk, or since its parent has sent all of them. */
  readonly isComplete: boolean;
  readonly control: Control;
  /** Counters of what waits, for metrics. */
  readonly counts: AggregatorCounts;
  /** Measures its nodes, in slices. */
  measure(): Promise<Metric[]>;
  /** Fills the board of what is published; absent where nothing is. */
  readonly follower?: StateFollower;
  /** Starts modules, engine and links. */
  start(addresses: Addresses): Promise<void>;
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  readonly ping: Children["ping"];
  /** Adds an event of a node, by its name, to the event log. */
  note(node: string, kind: string, why: string): void;
  /** The transport to the children is up (again): some may have been missed. */
  connected(): void;
  /** The link to the parent; absent at the root. */
  readonly upstreamLink: UpstreamLink | undefined;
  /** Ends everything that it started, and writes what waits to be written. */
  stop(): Promise<void>;
}

/** What waits in an aggregator. */
export interface AggregatorCounts {
  readonly children: ChildrenCounts;
  readonly engine: EngineCounts;
  /** Nodes and aggregators below. */
  readonly subtree: SubtreeCounts;
  /** Whether everything is frozen. */
  readonly isFrozen: boolean;
  /** Documents with changes that are not on disk. */
  readonly unsavedDocuments: number;
  readonly unsavedEvents: number;
  /** Events that the log keeps no more, since the start. */
  readonly droppedEvents: number;
  /** Whether the store takes no writes now, and how many have failed since the start. */
  readonly store: { readonly isFailing: boolean; readonly failures: number };
  /** Whether the broker between it and its children is reached, and how often it was lost since the start. */
  readonly broker: { readonly isLost: boolean; readonly losses: number };
  /** The same of the broker over which it reaches its parent; undefined at the root. */
  readonly uplink: { readonly isLost: boolean; readonly losses: number } | undefined;
  /** How many troubles and warnings there are: see {@link Control}. */
  readonly troubles: number;
  readonly warnings: number;
  readonly documents: number;
  /** Whether the parent has not acknowledged a window; undefined at the root. */
  readonly upWaiting: boolean | undefined;
  /** Clients that follow the event log, those of this program included. */
  readonly listeners: number;
}
