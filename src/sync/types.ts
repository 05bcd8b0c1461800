import type { ModuleDeclaration } from "../plan/mod.ts";
import type { Assigned, Certified, Given, OwnRun } from "../evidence/mod.ts";
import type { Holding } from "./holding.ts";
import type { Assignment, Entry, Facet, FacetName, NodeDocument, Term, Value } from "../state/mod.ts";

/** The version of the link protocol: in every frame and in every topic. */
export const PROTOCOL_VERSION = 1;

/** Changed values of one node: only what changed, facet by facet. */
export interface DocumentChanges {
  readonly id: string;
  readonly facets: { readonly [name in FacetName]?: Facet };
}

/** A child (re)joins. Its values follow as data. */
export interface BirthFrame {
  readonly type: "birth";
  /** Names this run of the sender: a new one with every start. */
  readonly from: string;
  /** The term it writes its `self` facet with; `NO_TERM` before it was ever welcomed. */
  readonly term: Term;
  /** The parent's run that it last was welcomed by, and how far it has got that run's data; "" and 0 if none. */
  readonly parent: string;
  readonly received: number;
  /** Which epoch that counts from: see {@link WelcomeFrame}. */
  readonly epoch: number;
  /** An aggregator that has lost its memory, and has not been told of everything below it since. */
  readonly blank?: true;
  /** The highest term among what it has of its parent's facet: a parent that has lost its memory writes above it. */
  readonly parentTerm: Term;
  /** What it was given with the last welcome. What it claims beyond that counts only as far as this shows it. */
  readonly shown?: Given;
  /** Its assignment, as far as it has heard of it and can show it. */
  readonly assigned?: Assigned;
  /** Of a child that is an aggregator: its run and its key, which is certified with the welcome. */
  readonly own?: OwnRun;
  /** What it has of what parents tell it, where that is anything. */
  readonly holdings?: Holding;
  /** Names what the child's modules declare: see `digestOf`. */
  readonly digest: string;
  /** The digest of the parent's declarations that it has already; "" if none. */
  readonly knownDigest: string;
  /** What its modules declare, once its parent has asked: most parents know the digest. */
  readonly modules?: readonly ModuleDeclaration[];
}
/** The parent takes the child in: hands it its term and says how far it has got its data. */
export interface WelcomeFrame {
  readonly type: "welcome";
  readonly from: string;
  readonly to: string;
  readonly term: Term;
  readonly received: number;
  /** The parent's newest index: the child is level once it has everything up to it. */
  readonly newest: number;
  /**
   * Names an epoch: a child that has begun under another one, or with another run of the parent, begins from nothing, as
   * the parent can't say otherwise what is none of the child's any more. Within a run of the parent the higher one is newer.
   */
  readonly epoch: number;
  /** What the parent has just as the child: it does not say that again. A child that has it no longer is born again. */
  readonly unchanged?: Holding;
  /** What the child keeps as it is, to show it in its births. */
  readonly given?: Given;
  /** Of a child that is an aggregator: the certificates of its key. */
  readonly certified?: Certified;
  /** How often the child should show that it is there, in seconds: longer, the more children there are. */
  readonly keepalive: number;
  /** Names what the parent's modules declare. */
  readonly digest: string;
  /** The same as a whole, where the child does not have it. */
  readonly modules?: readonly ModuleDeclaration[];
}
/** The parent does not know the digest of a birth: be born again, with the declarations. */
export interface DeclareFrame {
  readonly type: "declare";
  readonly from: string;
  readonly to: string;
}
/** The child belongs to another parent now: join there. Heeded only by who knows of no later assignment. */
export interface MovedFrame extends Assignment {
  readonly type: "moved";
  readonly from: string;
}
/** A child that is an aggregator hears a node that is none of its own: where does it join? */
export interface WhereFrame {
  readonly type: "where";
  readonly from: string;
  readonly to: string;
  /** The node. */
  readonly child: string;
}
/** The answer to `where`. */
export interface LocationFrame extends Assignment {
  readonly type: "location";
  readonly from: string;
  readonly to: string;
  /** The node. */
  readonly child: string;
}
/** To an aggregator that may still take the node for its own: it has joined another one, under this assignment. */
export interface LeftFrame {
  readonly type: "left";
  readonly from: string;
  readonly number: number;
  /** The assignment, as the root has signed it. Nobody believes it otherwise. */
  readonly assigned?: Assigned;
}
/** The answer to `left`: it is known that the node has left. */
export interface NotedFrame {
  readonly type: "noted";
  readonly from: string;
  readonly number: number;
}
/** Changes with local index above `since` and up to `upTo`, of the sender's own count. */
export interface DataFrame {
  readonly type: "data";
  readonly from: string;
  readonly to: string;
  readonly since: number;
  readonly upTo: number;
  /** The sender's newest index: above `upTo` while there is more to come. */
  readonly newest: number;
  /** Of a parent: the epoch that its count belongs to. */
  readonly epoch?: number;
  /** Each document once. */
  readonly documents: readonly DocumentChanges[];
}
/** Everything up to this index has arrived. */
export interface AckFrame {
  readonly type: "ack";
  readonly from: string;
  readonly to: string;
  readonly received: number;
  /** Of a child: the epoch that it counts from. An ack of another one says nothing of what was sent since. */
  readonly epoch?: number;
}
/** Asks for an ack, as a sign of life. Says how far its sender has got, as an ack does. */
export interface PingFrame {
  readonly type: "ping";
  readonly from: string;
  readonly to: string;
  readonly received: number;
  /** As in {@link AckFrame}. */
  readonly epoch?: number;
}
/** Every child is to be born again: the parent has started and knows nobody, or has lost this one. */
export interface RebirthFrame {
  readonly type: "rebirth";
  readonly from: string;
}
/** Asks to send again everything after `received`. */
export interface ResyncFrame {
  readonly type: "resync";
  readonly from: string;
  readonly to: string;
  readonly received: number;
}
/** On the life topic, retained: this run of the child is connected. */
export interface AliveFrame {
  readonly type: "alive";
  readonly from: string;
}
/** On the life topic, retained, also as Last Will: this run of the child is gone. Ignored for any other run. */
export interface DeadFrame {
  readonly type: "dead";
  readonly from: string;
  readonly why: "lost" | "stopped";
}
/** What a child sends. */
export type UpFrame = BirthFrame | WhereFrame | LeftFrame | DataFrame | AckFrame | PingFrame | ResyncFrame;
/** What a parent sends. */
export type DownFrame =
  | WelcomeFrame
  | DeclareFrame
  | MovedFrame
  | LocationFrame
  | NotedFrame
  | RebirthFrame
  | DataFrame
  | AckFrame
  | PingFrame
  | ResyncFrame;
/** What is on a life topic. */
export type LifeFrame = AliveFrame | DeadFrame;
/** Any frame of the protocol. */
export type Frame = UpFrame | DownFrame | LifeFrame;

/** One changed value of a document, with the local index of the change. */
export interface Change {
  readonly id: string;
  readonly facet: FacetName;
  readonly url: string;
  readonly entry: Entry;
  readonly index: number;
}

/** All node documents that a program holds, with the local index of each value's last change. */
export interface Replica {
  /** The index of the newest change; starts at 0 and grows by one with each changed value. */
  readonly index: number;
  get(id: string): NodeDocument | undefined;
  ids(): Iterable<string>;
  /**
   * Writes values as the facet's writer, with the next versions of the given term. null unsets. Values that are there
   * already are left as they are.
   *
   * @returns The URLs that changed.
   * @throws {Error} When the facet has values of a higher term: this writer has a successor.
   */
  write(id: string, facet: FacetName, values: ReadonlyMap<string, Value | null>, term: Term): string[];
  /**
   * Takes a facet over as its new writer: what is there from lower terms gets versions of this term, its value unchanged.
   *
   * @returns The URLs that changed their version.
   * @throws {Error} As {@link write}.
   */
  restamp(id: string, facet: FacetName, term: Term): string[];
  /** Merges values with their versions in. @returns The URLs that changed. */
  merge(id: string, facet: FacetName, entries: Facet): string[];
  /** The values of one document that changed after a local index, the longest unchanged first. */
  since(id: string, index: number): Change[];
  /** The documents that changed after a local index, the last changed first. */
  changedSince(index: number): Iterable<string>;
  /** The local index of a document's last change; 0 for none. */
  indexOf(id: string): number;
  /** Counts every value of a document as changed now, so that whoever follows the index gets all of it. */
  renew(id: string): void;
  /** Forgets entries of a facet that somebody else wrote and that mean nothing any more. Tells listeners. */
  drop(id: string, facet: FacetName, isGone: (url: string) => boolean): void;
  /** Forgets a document. */
  remove(id: string): void;
  /** Calls back after each change. @returns Ends it. */
  onChange(changed: (id: string, facet: FacetName, urls: readonly string[]) => void): () => void;
}

/** How far a link is: `down`: not connected; `joining`: born, not yet level; `level`: both sides have all of the other's. */
export type LinkState = "down" | "joining" | "level";
