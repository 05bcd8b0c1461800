import type { Planner } from "../plan/mod.ts";
import type { Values } from "../state/mod.ts";

/** A node as an engine sees it at one moment. */
export interface EngineNode {
  /** For people and events. */
  readonly name: string;
  readonly planner: Planner;
  /** The values of `viewOf`. If a source returns the same object again, nothing has changed. */
  readonly view: Values;
  /** The values of its cfg facet. */
  readonly cfg: Values;
  /** Hash of what cfg asks for: see `targetOf`. Failures belong to a target. */
  readonly target: string;
  /** Whether anything may start on this node. */
  readonly frozen: Freeze;
  /** Why it is frozen, in words. Absent if people froze it. */
  readonly frozenWhy?: string;
}

/**
 * Whether a node is frozen: not at all, by itself, with everything, or because it was moved here and another aggregator
 * may still act on it.
 */
export type Freeze = "no" | "node" | "everything" | "moved";

/**
 * What was done to a node: `TAKEN`: out of SYNC and not back; `AWAY`: taken out, and at its goal there; `CUT`: its
 * power was cut while it was not in SYNC, and it is not at its goal yet.
 */
export type Out = "NO" | "TAKEN" | "AWAY" | "CUT";

/** The context of an engine: `parent` for the nodes below, `self` for the program's own node. */
export type Role = "parent" | "self";
