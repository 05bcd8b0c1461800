import type { FacetName, NodeDocument, Term } from "../../src/state/mod.ts";
import type { Session } from "../../src/sync/mod.ts";

/** The number of events that a store keeps: the newest ones, whatever their ids are. */
export const MAX_EVENTS = 100_000;

/** The fact with the secret of this aggregator's key: in the store, so that each backup has it. */
export const SECRET = "evidence/secret";

/** One entry of the event log. */
export interface LoggedEvent {
  /** Higher for each event of this aggregator, across restarts. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly node: string;
  readonly kind: string;
  readonly mutation?: string;
  readonly why: string;
}

/** Events that a log no longer keeps. */
export interface DroppedEvents {
  /** No event up to this id is kept; 0 if none was dropped. */
  readonly upTo: number;
  /** Number of events dropped since the log was opened. */
  readonly count: number;
}

/** Changes to write in one transaction: all of them are on disk, or none. */
export interface Batch {
  /**
   * Documents with the facets that changed. A facet is stored as a whole; other facets stay as they are. A document
   * without a named facet is not stored.
   */
  readonly documents?: readonly { readonly document: NodeDocument; readonly facets: readonly FacetName[] }[];
  /**
   * Ids of documents to remove, before the documents of this batch are stored: one that is in both starts again. Terms
   * and sessions stay, so that a node that comes back starts above its old term.
   */
  readonly removed?: readonly string[];
  /** Small facts of the program, such as its run, by key. A text may contain anything that JSON can represent. */
  readonly facts?: ReadonlyMap<string, string | number | boolean>;
  /** The last term that was given to a child, by the child's id. */
  readonly terms?: ReadonlyMap<string, Term>;
  /** Sessions of children, by the child's id: written together with what they have brought. */
  readonly sessions?: ReadonlyMap<string, Session>;
  /**
   * In the order of their ids, which increase with gaps and are higher than those stored. Their texts are well-formed
   * and without NUL, because databases accept no others.
   */
  readonly events?: readonly LoggedEvent[];
}

/** The content of a store. */
export interface Stored {
  /**
   * In no particular order, each with at least one facet that was stored since it was last removed. The caller may take
   * them out: together they are as large as what is made from them.
   */
  readonly documents: NodeDocument[];
  readonly facts: ReadonlyMap<string, string | number | boolean>;
  readonly terms: ReadonlyMap<string, Term>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** The id of the newest event; 0 if there is none. */
  readonly lastEvent: number;
}

/**
 * Stores the state of an aggregator. One program uses a store at a time.
 *
 * A batch is acknowledged when `commit` returns. From then on it survives the end of the program at any moment, and a
 * power failure if the disk keeps its promises. A batch during which the program ends is stored as a whole or not at
 * all; reopening the store shows which. Batches are applied in the order of their calls.
 *
 * Everything is synchronous, so that nothing can happen between a decision and its being on disk. A store behind a
 * network must block the caller too.
 */
export interface Store {
  /** Reads everything that is stored. @throws {Error} If the content is damaged, or the store is closed. */
  load(): Stored;
  /**
   * Writes a batch. @throws {Error} If it could not be written, or the store is closed; nothing of it is then stored.
   */
  commit(batch: Batch): void;
  /**
   * Reads events after an id, oldest first, at most `limit`. The store keeps the newest {@link MAX_EVENTS}.
   *
   * @param nodes Only events of nodes with these names. Those of a few nodes are found without reading the rest.
   * @throws {Error} If the content is damaged, or the store is closed.
   */
  events(after: number, limit: number, nodes?: ReadonlySet<string>): LoggedEvent[];
  /** Events that are no longer kept, because newer ones took their place. */
  readonly dropped: DroppedEvents;
  /** Closes the store, which can then neither be read nor written. Closing it twice is allowed. */
  close(): void;
}
