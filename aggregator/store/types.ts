import type { FacetName, NodeDocument, Term } from "../../src/state/mod.ts";
import type { Session } from "../../src/sync/mod.ts";

/** How many events a store keeps: the newest ones, whatever their ids are. */
export const MAX_EVENTS = 100_000;

/** The fact that has the secret of this aggregator's key: in the store, so that each backup has it. */
export const SECRET = "evidence/secret";

/** One entry of the event log. */
export interface LoggedEvent {
  /** Grows by one with each event of this aggregator, restarts included. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly node: string;
  readonly kind: string;
  readonly mutation?: string;
  readonly why: string;
}

/** Events that a log keeps no more. */
export interface DroppedEvents {
  /** No event up to this id is kept; 0 while none was dropped. */
  readonly upTo: number;
  /** How many were dropped since the log was opened. */
  readonly count: number;
}

/** Changes that are written in one transaction: all of them are on disk, or none. */
export interface Batch {
  /**
   * Documents with the facets that changed. A facet is stored whole, with any JSON in it; the others stay as they are. A
   * document without any facet named is not stored.
   */
  readonly documents?: readonly { readonly document: NodeDocument; readonly facets: readonly FacetName[] }[];
  /**
   * Ids of documents to forget, before the documents of this batch are stored: one that is among both begins anew. Terms
   * and sessions stay, so that a node that comes back starts above its old term.
   */
  readonly removed?: readonly string[];
  /** Small facts of the program, such as its run, by key. A text may be anything that JSON can hold. */
  readonly facts?: ReadonlyMap<string, string | number | boolean>;
  /** The last term that was handed to a child, by the child's id. */
  readonly terms?: ReadonlyMap<string, Term>;
  /** How far children have got, by the child's id: written together with what they have brought. */
  readonly sessions?: ReadonlyMap<string, Session>;
  /**
   * In the order of their ids, which grow but may have gaps, all of them above those that are stored. Their texts are
   * well-formed and without NUL, as databases keep no others.
   */
  readonly events?: readonly LoggedEvent[];
}

/** What a store holds. */
export interface Stored {
  /**
   * In no particular order, each with at least one facet that was stored since it was last forgotten. Whoever takes them may
   * take them out: together they are as large as what is made from them.
   */
  readonly documents: NodeDocument[];
  readonly facts: ReadonlyMap<string, string | number | boolean>;
  readonly terms: ReadonlyMap<string, Term>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** The id of the newest event; 0 for none. */
  readonly lastEvent: number;
}

/**
 * Keeps an aggregator's state. One program has a store at a time.
 *
 * A batch is acknowledged when `commit` returns. From then on it outlives the end of the program at any moment, and a
 * loss of power as far as the disk keeps its promises. A batch during which the program ends is there as a whole or not
 * at all, and opening the store again is all that it takes to find out. Batches are applied in the order of their calls.
 *
 * Everything is synchronous, so that nothing can happen between a decision and its being on disk. A store behind a
 * network has to make the caller wait as well.
 */
export interface Store {
  /** Everything that is stored by now. @throws {Error} When what is there is damaged, or the store is closed. */
  load(): Stored;
  /** @throws {Error} When it could not be written, or the store is closed; then nothing of it was. */
  commit(batch: Batch): void;
  /**
   * Events after an id, oldest first, at most `limit`. The store keeps the newest {@link MAX_EVENTS}.
   *
   * @param nodes Only those of nodes of these names. What few nodes have is found without a look at the rest.
   * @throws {Error} When what is there is damaged, or the store is closed.
   */
  events(after: number, limit: number, nodes?: ReadonlySet<string>): LoggedEvent[];
  /** Events that are kept no more, as newer ones took their place. */
  readonly dropped: DroppedEvents;
  /** Nothing can be read or written afterwards. Closing twice is fine. */
  close(): void;
}
