import type { Assignment } from "../../src/state/mod.ts";

/** An effect of an event, as data. The executor carries it out. */
export type Effect =
  /** Give the values that earlier parents wrote versions of this aggregator. */
  | { readonly kind: "takeOver" }
  /** Start the time to join; replaces a running one. */
  | { readonly kind: "startJoin" }
  /** Start a grace period; replaces a running one. */
  | { readonly kind: "startGrace"; readonly length: "short" | "long" }
  /** Stop the grace period. */
  | { readonly kind: "stopGrace" }
  /** Stop the time to join and the grace period. */
  | { readonly kind: "stopTimers" }
  /** Write these values of the node. */
  | { readonly kind: "show"; readonly values: ShownValues; readonly why: string }
  /** Show the node as lost, because it has not come back in time: repair may begin. */
  | { readonly kind: "declareLost"; readonly after: "short" | "long" }
  /** End its link: its machine was powered off, so whatever still arrives is late. */
  | { readonly kind: "cutLink" }
  /** End its link: it belongs to another aggregator. `isCalled`: request a rebirth first. */
  | { readonly kind: "dropLink"; readonly isCalled: boolean }
  /** Tell the node where to join. `isRepeated`: tell it several times, until it has gone. */
  | { readonly kind: "redirect"; readonly to: Assignment; readonly isRepeated: boolean }
  /** Stop repeating the redirect: the node has gone. */
  | { readonly kind: "stopRedirect" }
  /** Confirm to the root that this aggregator has released the node. */
  | { readonly kind: "confirmRelease" }
  /** Make the engine look at the node again. */
  | { readonly kind: "touch" };

/**
 * Values of a node that follow from its link; null if a value is unknown from now on. `isStale`: whether to write the time since which nothing is known of the
 * nodes below it.
 */
export interface ShownValues {
  readonly physState?: "POWER_ON" | null;
  readonly link?: "UP" | "DOWN" | null;
  readonly runState?: "SYNC" | "INIT" | "ERROR" | null;
  readonly isStale?: boolean;
}
