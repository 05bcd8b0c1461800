import type { Assignment } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import type { Machine, Place } from "./ownership.ts";

/** A fact about one node. Evidence is checked before: an unproved claim is no fact. */
export type OwnershipEvent =
  /**
   * The root's decision where the node belongs has arrived. `joined` is the latest assignment under which the node is
   * known to have joined an aggregator.
   */
  | { readonly kind: "assigned"; readonly place: Place; readonly joined: number; readonly machine: Machine }
  /** A new run of this aggregator has read the same from its disk. */
  | { readonly kind: "remembered"; readonly place: Place; readonly joined: number; readonly machine: Machine }
  /** A value that the node wrote under an assignment has arrived, from the node or from above. */
  | { readonly kind: "wrote"; readonly assignment: number; readonly machine: Machine }
  /**
   * Its link changed. `assignment`: the one under which it was last welcomed here, 0 for never. `why`: the reason in
   * words.
   */
  | {
    readonly kind: "linked";
    readonly link: LinkState;
    readonly sameRun: boolean;
    readonly assignment: number;
    readonly why: string;
    readonly machine: Machine;
  }
  /** It was born and waits for its turn to be welcomed, so it is not lost. */
  | { readonly kind: "born" }
  /** The known or wanted state of its machine has changed. */
  | { readonly kind: "seen"; readonly machine: Machine }
  /** Its time to join has ended. */
  | { readonly kind: "joinOver"; readonly machine: Machine }
  /**
   * Its grace period has ended. `isDeaf`: silence proves nothing now, because the broker is lost or this aggregator is
   * fenced.
   */
  | { readonly kind: "graceOver"; readonly isDeaf: boolean; readonly machine: Machine }
  /** This aggregator has started, or has learned that it has not been replaced: every node gets time to come back. */
  | { readonly kind: "resumed"; readonly machine: Machine }
  /** It has proved a later assignment, which is on disk here. */
  | { readonly kind: "claimed"; readonly assignment: number; readonly machine: Machine }
  /** It sent something as if it belonged here. `to`: where it joins, if known. */
  | { readonly kind: "strayed"; readonly to: Assignment | undefined }
  /** Its connection has ended. */
  | { readonly kind: "left" }
  /** Nothing was heard from it for longer than a living agent is ever silent. */
  | { readonly kind: "quiet" }
  /** The root asks whether this aggregator has released it. `isQuiet`: nothing was heard from it for that long. */
  | { readonly kind: "releaseRequested"; readonly isQuiet: boolean };

/** An event of one kind. */
export type OwnershipEventOf<Kind extends OwnershipEvent["kind"]> = OwnershipEvent & { readonly kind: Kind };
