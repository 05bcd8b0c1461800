import type { FacetName, NodeDocument } from "../../src/state/mod.ts";
import type { Session } from "../../src/sync/mod.ts";
import type { LoggedEvent } from "../control.ts";

/** How many events a store keeps: the newest ones. */
export const MAX_EVENTS = 100_000;

/** Changes that are written in one transaction: all of them are on disk, or none. */
export interface Batch {
  /** Documents with the facets that changed. A facet is stored whole. */
  readonly documents?: readonly { readonly document: NodeDocument; readonly facets: readonly FacetName[] }[];
  /** Ids of documents to forget. Their terms stay, so that a node that comes back starts above its old one. */
  readonly removed?: readonly string[];
  /** Small facts of the program, such as its term: JSON-able values by key. */
  readonly facts?: ReadonlyMap<string, string | number | boolean>;
  /** The last term that was handed to a child, by the child's id. */
  readonly terms?: ReadonlyMap<string, number>;
  /** How far children have got, by the child's id: written together with what they have brought. */
  readonly sessions?: ReadonlyMap<string, Session>;
  /** In the order of their ids, all of them above those that are stored. */
  readonly events?: readonly LoggedEvent[];
}

/** What a store held when it was opened. */
export interface Stored {
  readonly documents: readonly NodeDocument[];
  readonly facts: ReadonlyMap<string, string | number | boolean>;
  readonly terms: ReadonlyMap<string, number>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** The id of the newest event; 0 for none. */
  readonly lastEvent: number;
}

/** Keeps an aggregator's state. Everything is synchronous: when `commit` returns, the batch is on disk. */
export interface Store {
  /** @throws {Error} When what is there is damaged. */
  load(): Stored;
  /** @throws {Error} When it could not be written; then nothing of it was. */
  commit(batch: Batch): void;
  /** Events after an id, oldest first, at most `limit`. The store keeps the newest {@link MAX_EVENTS}. */
  events(after: number, limit: number): LoggedEvent[];
  /** Nothing can be written afterwards. Closing twice is fine. */
  close(): void;
}
