import type { Assignment } from "../../src/state/mod.ts";

/** What follows from an event, as data. An executor carries it out. */
export type Effect =
  /** Make what earlier parents wrote of the node this aggregator's own to say. */
  | { readonly kind: "takeOver" }
  /** Start the time to join, in place of one that runs. */
  | { readonly kind: "startJoin" }
  /** Start the time to come back, in place of one that runs. */
  | { readonly kind: "startGrace"; readonly length: "short" | "long" }
  /** Stop the time to come back. */
  | { readonly kind: "stopGrace" }
  /** Stop both times. */
  | { readonly kind: "stopTimers" }
  /** Write how the node is. */
  | { readonly kind: "show"; readonly values: Shown; readonly why: string }
  /** Show that it is lost, as it has not come back in time: repair may begin. */
  | { readonly kind: "declareLost"; readonly after: "short" | "long" }
  /** End its link: its machine was powered off, so that what still arrives is late. */
  | { readonly kind: "cutLink" }
  /** End its link: it belongs elsewhere. `isCalled`: ask it to be born again first. */
  | { readonly kind: "dropLink"; readonly isCalled: boolean }
  /** Tell it where to go. `isRepeated`: some times more, until it has gone. */
  | { readonly kind: "redirect"; readonly to: Assignment; readonly isRepeated: boolean }
  /** Repeat nothing more: it has gone. */
  | { readonly kind: "stopRedirect" }
  /** Tell the root that this aggregator has let it go, and does nothing to it. */
  | { readonly kind: "confirmRelease" }
  /** The engine is to look at it again. */
  | { readonly kind: "touch" };

/** Values of a node that follow from its link. `isStale`: whether to show since when nothing is known of what is below it. */
export interface Shown {
  readonly physState?: "POWER_ON";
  readonly link?: "UP" | "DOWN";
  readonly runState?: "SYNC" | "INIT" | "ERROR";
  readonly isStale?: boolean;
}
