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

/** A class, as each link has one: its getters and methods are there once. */
class Receiver implements Inbox {
  received = 0;
  private goal: number | undefined;
  private known = Infinity;
  /** Where to go on from for what came too early. */
  private early: number | undefined;
  private readonly options: InboxOptions;

  constructor(options: InboxOptions) {
    this.options = options;
  }
  get taken(): number {
    return Math.min(this.received, this.early ?? this.received);
  }
  get complete(): boolean {
    return this.goal !== undefined && this.received >= this.goal;
  }
  get isBehind(): boolean {
    return this.received < this.known;
  }
  begin(from: number, newest?: number): void {
    this.received = from;
    this.known = newest ?? Infinity;
    this.goal = newest;
    this.early = undefined;
  }
  rewind(): void {
    this.received = this.taken;
    this.early = undefined;
  }
  data(frame: DataFrame): number {
    const { options } = this;
    if (frame.since > this.received) {
      options.sendResync(this.received);
      return 0;
    }
    if (frame.upTo <= this.received && this.goal !== undefined) {
      // A late copy: everything in it was here. What was forgotten since then must not come back by it.
      options.sendAck(this.received);
      return 0;
    }
    let refused = 0;
    for (const { id, facets } of frame.documents) {
      if (facets.cfg !== undefined) refused += options.take(id, "cfg", facets.cfg);
      if (facets.parent !== undefined) refused += options.take(id, "parent", facets.parent);
      if (facets.self !== undefined) refused += options.take(id, "self", facets.self);
    }
    if (options.isEarly?.() === true) this.early = Math.min(this.early ?? this.received, frame.since);
    this.received = Math.max(this.received, frame.upTo);
    this.known = this.known === Infinity ? frame.newest : Math.max(this.known, frame.newest);
    this.goal ??= frame.newest;
    options.sendAck(this.received);
    return refused;
  }
}

/** Makes the receiving end of one direction. */
export function createInbox(options: InboxOptions): Inbox {
  return new Receiver(options);
}
