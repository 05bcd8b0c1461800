import type { Assignment } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import type { Machine, Place } from "./ownership.ts";

/** A fact about one node. A claim that is not proved is no fact: evidence is checked before it gets here. */
export type OwnershipEvent =
  /**
   * The root's word has come down: where the node belongs. `joined` is the latest assignment under which the node has joined
   * an aggregator, as far as is known here.
   */
  | { readonly kind: "assigned"; readonly place: Place; readonly joined: number; readonly machine: Machine }
  /** A new run of this aggregator has read the same from its disk. */
  | { readonly kind: "remembered"; readonly place: Place; readonly joined: number; readonly machine: Machine }
  /** Something that the node wrote under an assignment has come, from itself or from above. */
  | { readonly kind: "wrote"; readonly assignment: number; readonly machine: Machine }
  /** Its link changed. `assignment`: under which it was welcomed here last, 0 for never. `why`: in words. */
  | {
    readonly kind: "linked";
    readonly link: LinkState;
    readonly sameRun: boolean;
    readonly assignment: number;
    readonly why: string;
    readonly machine: Machine;
  }
  /** It was born, and waits for its turn to be welcomed: it has not been lost. */
  | { readonly kind: "born" }
  /** What is known of its machine, or wanted of it, has changed. */
  | { readonly kind: "seen"; readonly machine: Machine }
  /** Its time to join is over. */
  | { readonly kind: "joinOver"; readonly machine: Machine }
  /** Its time to come back is over. `isDeaf`: silence proves nothing now, as the broker is lost or this aggregator is fenced. */
  | { readonly kind: "graceOver"; readonly isDeaf: boolean; readonly machine: Machine }
  /** This aggregator has started, or knows again that it has not been replaced: everyone gets the time to come back. */
  | { readonly kind: "resumed"; readonly machine: Machine }
  /** It has shown evidence of a later assignment, which is on the disk here. */
  | { readonly kind: "claimed"; readonly assignment: number; readonly machine: Machine }
  /** Something came of it as if it belonged here. `to`: where it joins, if that is known. */
  | { readonly kind: "strayed"; readonly to: Assignment | undefined }
  /** Its connection has ended. */
  | { readonly kind: "left" }
  /** Nothing was heard of it for longer than a living agent is silent. */
  | { readonly kind: "quiet" }
  /** The root asks whether this aggregator has released it. `isQuiet`: nothing was heard of it for that long. */
  | { readonly kind: "releaseRequested"; readonly isQuiet: boolean };

/** An event of a kind. */
export type EventOf<Kind extends OwnershipEvent["kind"]> = OwnershipEvent & { readonly kind: Kind };
