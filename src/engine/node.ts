import type { Planner } from "../plan/mod.ts";
import type { Values } from "../state/mod.ts";

/** A node as an engine sees it at one moment. */
export interface EngineNode {
  /** For people and events. */
  readonly name: string;
  readonly planner: Planner;
  /** What `viewOf` shows. A source that gives the same object again says that nothing has changed. */
  readonly view: Values;
  /** The values of its cfg facet. */
  readonly cfg: Values;
  /** Names this cfg: its newest version. Failures are tracked per target and forgotten with it. */
  readonly target: string;
  /** Whether anything may start on this node. */
  readonly frozen: Freeze;
  /** Why it is frozen, in words. Absent where people want it so. */
  readonly frozenWhy?: string;
}

/**
 * Whether a node is frozen: not at all, by itself, with everything else, or because it was moved here and may still be in
 * other hands.
 */
export type Freeze = "no" | "node" | "everything" | "moved";

/**
 * What was done to a node: `TAKEN` out of SYNC and not back; `AWAY`: taken out, and at its goal there; `CUT`: its power was
 * cut while it was not in SYNC, and it is not at its goal yet.
 */
export type Out = "NO" | "TAKEN" | "AWAY" | "CUT";

/** The context that an engine runs steps of: `parent` for the nodes below, `self` for the program's own node. */
export type Role = "parent" | "self";
