import type { EventOf } from "../../src/dispatch/mod.ts";
import type { Assignment } from "../../src/state/mod.ts";
import type { LinkState, UpFrame } from "../../src/sync/mod.ts";

/** The phases of a round, in their order: who holds a node, links, what is done to nodes, how they are, what leaves the program. */
export const PHASES = ["ownership", "links", "engine", "status", "publish"] as const;

/** A phase of a round. */
export type Phase = typeof PHASES[number];

/** A commit to the replica, as what it means. */
export type CommitEvent =
  /** Values of a node's cfg have changed. */
  | { readonly kind: "CfgChanged"; readonly id: string; readonly urls: readonly string[] }
  /** A node has another `/assignment`. `isMoved`: it, or what is below it, is reached in another way now. */
  | { readonly kind: "AssignmentChanged"; readonly id: string; readonly isMoved: boolean }
  /** A node is reached through another child than before; undefined: it is not below this aggregator. */
  | {
    readonly kind: "Moved";
    readonly id: string;
    readonly before: string | undefined;
    readonly after: string | undefined;
  }
  /** Discovered values of a node have changed. `from`: the child that brought them, if one did. */
  | {
    readonly kind: "Discovered";
    readonly id: string;
    readonly facet: "parent" | "self";
    readonly urls: readonly string[];
    readonly from: string | undefined;
  }
  /** A node's `/engine/status` has changed and nothing else: only those above want to know. `from` as in `Discovered`. */
  | { readonly kind: "StatusPublished"; readonly id: string; readonly from: string | undefined }
  /** A node's `/physState` has changed. Comes after its `Discovered`. */
  | { readonly kind: "PowerChanged"; readonly id: string }
  /** A node is held no longer. `via`: the child through which it was reached. */
  | { readonly kind: "NodeRemoved"; readonly id: string; readonly via: string | undefined };

/** What the links to children bring that no value says. */
export type ChildEvent =
  /** The link to a child has another state. */
  | { readonly kind: "LinkChanged"; readonly child: string; readonly state: LinkState }
  /** A child has declared what it runs. */
  | { readonly kind: "ChildDeclared"; readonly child: string }
  /** A node was heard whose place is not known here: the parent may know it. */
  | { readonly kind: "PlaceAsked"; readonly node: string }
  /** Every child that had to know has been told that a node is not below it any more. */
  | { readonly kind: "DepartureTold"; readonly id: string }
  /** A node that is not this aggregator's is to be told where to go. `isRepeated`: some times more, until it has gone. */
  | {
    readonly kind: "RedirectDue";
    readonly child: string;
    readonly assignment: Assignment;
    readonly isRepeated: boolean;
  }
  /** It has gone, or belongs here again: it is told no more. */
  | { readonly kind: "RedirectOver"; readonly child: string }
  /** The machine of a child was powered off: its link is to end, as whatever still arrives is late. */
  | { readonly kind: "LinkCut"; readonly child: string }
  /** A node is no child any more: its link is to end. `isCalled`: it is asked to be born again first, and told where to go then. */
  | { readonly kind: "LinkDropped"; readonly child: string; readonly isCalled: boolean };

/** What the link to the parent brings that no value says. */
export type UplinkEvent =
  | { readonly kind: "UplinkChanged"; readonly state: LinkState }
  /** A frame is to be sent to the parent, once all that it answers has been dealt with. */
  | { readonly kind: "FrameUp"; readonly frame: UpFrame }
  /** This aggregator has to join another parent. */
  | { readonly kind: "ParentAssigned"; readonly assignment: Assignment }
  /** Something came of a node that is not below, as far as is known yet. */
  | { readonly kind: "StrayHeard"; readonly id: string }
  /** Everything has arrived that the parent is known to have. */
  | { readonly kind: "CaughtUp" }
  /** The parent has told all that it has, and does not speak of these nodes. */
  | { readonly kind: "ParentSilentOn"; readonly ids: readonly string[] }
  /** For the first time everything has arrived that the parent has. */
  | { readonly kind: "BecameComplete" };

/** Who holds which nodes. */
export type HandoverEvent =
  /** What may be done to a node may be something else now. */
  | { readonly kind: "OwnershipChanged"; readonly id: string }
  | { readonly kind: "FenceChanged"; readonly isUp: boolean }
  /** Children are to be sent to the standby. */
  | { readonly kind: "HandOverDue" }
  /** Nodes were taken over that could not be while the store took no writes: what links have said meanwhile was not written. */
  | { readonly kind: "CaughtUpWithStore" }
  /** A move that is on the disk has been merged. */
  | { readonly kind: "MoveMerged" };

/** The rest: the engine, how nodes are, and what the program stands on. */
export type ProgramEvent =
  /** Some nodes, or all, were frozen or thawed. */
  | { readonly kind: "FreezeChanged"; readonly ids: readonly string[] | undefined }
  /** It was looked at how these nodes are. */
  | { readonly kind: "StatusesLooked"; readonly ids: readonly string[] }
  /** The store has begun to fail, or takes writes again. */
  | { readonly kind: "StoreTurned"; readonly problem: string | undefined }
  | { readonly kind: "BrokerTurned"; readonly turn: "lost" | "reached" }
  /** The same of the broker over which the parent is reached. */
  | { readonly kind: "UplinkTurned"; readonly turn: "lost" | "reached" };

/** Everything that parts of an aggregator tell each other. */
export type AggregatorEvent = CommitEvent | ChildEvent | UplinkEvent | HandoverEvent | ProgramEvent;

/** The events of these kinds. */
export type Event<K extends AggregatorEvent["kind"]> = EventOf<AggregatorEvent, K>;
