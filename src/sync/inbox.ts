import type { Facet, FacetName } from "../state/mod.ts";
import type { DataFrame } from "./types.ts";

/** What an inbox needs. */
export interface InboxOptions {
  /** Takes values of one facet in. @returns How many of them were refused. */
  take(id: string, facet: FacetName, entries: Facet): number;
  /** Tells whether what was just taken in has values that may be right later: they are to be asked for again then. */
  isEarly?(): boolean;
  sendAck(received: number): void;
  sendResync(received: number): void;
}

/** The receiving end of one direction of a link. */
export interface Inbox {
  /** Everything up to this index of the other side's has arrived. */
  readonly received: number;
  /** Everything up to this index has arrived, and was not too early. */
  readonly taken: number;
  /** True once everything has arrived that the other side had when the link began. */
  readonly complete: boolean;
  /** True while the sender is known to have more than what has arrived. */
  readonly isBehind: boolean;
  /**
   * Begins with a sender of which everything up to `received` has arrived.
   *
   * @param newest What the sender had then. Where it is not known yet, its first frame tells.
   */
  begin(received: number, newest?: number): void;
  /** Goes back to what was taken: the rest is to be sent again. */
  rewind(): void;
  /** Takes a frame in, whatever its order and however often it comes. @returns How many of its values were refused. */
  data(frame: DataFrame): number;
}

/** Makes the receiving end of one direction. */
export function createInbox(options: InboxOptions): Inbox {
  let received = 0;
  let goal: number | undefined;
  let known = Infinity;
  /** Where to go on from for what came too early. */
  let early: number | undefined;
  return {
    get received() {
      return received;
    },
    get taken() {
      return Math.min(received, early ?? received);
    },
    get complete() {
      return goal !== undefined && received >= goal;
    },
    get isBehind() {
      return received < known;
    },
    begin(from, newest) {
      received = from;
      known = newest ?? Infinity;
      goal = newest;
      early = undefined;
    },
    rewind() {
      received = Math.min(received, early ?? received);
      early = undefined;
    },
    data(frame) {
      if (frame.since > received) {
        options.sendResync(received);
        return 0;
      }
      if (frame.upTo <= received && goal !== undefined) {
        // A late copy: everything in it was here. What was forgotten since then must not come back by it.
        options.sendAck(received);
        return 0;
      }
      let refused = 0;
      for (const { id, facets } of frame.documents) {
        if (facets.cfg !== undefined) refused += options.take(id, "cfg", facets.cfg);
        if (facets.parent !== undefined) refused += options.take(id, "parent", facets.parent);
        if (facets.self !== undefined) refused += options.take(id, "self", facets.self);
      }
      if (options.isEarly?.() === true) early = Math.min(early ?? received, frame.since);
      received = Math.max(received, frame.upTo);
      known = known === Infinity ? frame.newest : Math.max(known, frame.newest);
      goal ??= frame.newest;
      options.sendAck(received);
      return refused;
    },
  };
}
