import type { Facet, FacetName } from "../state/mod.ts";
import type { DataFrame } from "./types.ts";

/** What an inbox needs. */
export interface InboxOptions {
  /** Takes values of one facet in. @returns How many of them were refused. */
  take(id: string, facet: FacetName, entries: Facet): number;
  sendAck(received: number): void;
  sendResync(received: number): void;
}

/** The receiving end of one direction of a link. */
export interface Inbox {
  /** Everything up to this index of the other side's has arrived. */
  readonly received: number;
  /** True once everything has arrived that the other side had when it first sent something after {@link begin}. */
  readonly complete: boolean;
  /** Begins with a sender of which everything up to an index has arrived. */
  begin(received: number): void;
  /** Takes a frame in, whatever its order and however often it comes. @returns How many of its values were refused. */
  data(frame: DataFrame): number;
}

/** Makes the receiving end of one direction. */
export function createInbox(options: InboxOptions): Inbox {
  let received = 0;
  let first: number | undefined;
  return {
    get received() {
      return received;
    },
    get complete() {
      return first !== undefined && received >= first;
    },
    begin(from) {
      received = from;
      first = undefined;
    },
    data(frame) {
      if (frame.since > received) {
        options.sendResync(received);
        return 0;
      }
      let refused = 0;
      for (const { id, facets } of frame.documents) {
        if (facets.cfg !== undefined) refused += options.take(id, "cfg", facets.cfg);
        if (facets.parent !== undefined) refused += options.take(id, "parent", facets.parent);
        if (facets.self !== undefined) refused += options.take(id, "self", facets.self);
      }
      received = Math.max(received, frame.upTo);
      first ??= frame.newest;
      options.sendAck(received);
      return refused;
    },
  };
}
