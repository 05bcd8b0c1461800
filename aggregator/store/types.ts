import type { FacetName, NodeDocument } from "../../src/state/mod.ts";
import type { LoggedEvent } from "../control.ts";

/** Changes that are written in one transaction: all of them are on disk, or none. */
export interface Batch {
  /** Documents with the facets that changed. A facet is stored whole. */
  readonly documents?: readonly { readonly document: NodeDocument; readonly facets: readonly FacetName[] }[];
  readonly removed?: readonly string[];
  /** Small facts of the program, such as its term: JSON-able values by key. */
  readonly facts?: ReadonlyMap<string, string | number | boolean>;
  /** The last term that was handed to a child, by the child's id. */
  readonly terms?: ReadonlyMap<string, number>;
  readonly events?: readonly LoggedEvent[];
}

/** What a store held when it was opened. */
export interface Stored {
  readonly documents: readonly NodeDocument[];
  readonly facts: ReadonlyMap<string, string | number | boolean>;
  readonly terms: ReadonlyMap<string, number>;
  /** The id of the newest event; 0 for none. */
  readonly lastEvent: number;
}

/** Keeps an aggregator's state. Everything is synchronous: when `commit` returns, the batch is on disk. */
export interface Store {
  load(): Stored;
  /** @throws {Error} When it could not be written; then nothing of it was. */
  commit(batch: Batch): void;
  /** Events after an id, oldest first, at most `limit`. The store keeps the newest 100,000. */
  events(after: number, limit: number): LoggedEvent[];
  close(): void;
}
