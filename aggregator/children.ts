import type { Clock, Random } from "../src/clock.ts";
import type { Log } from "../src/log.ts";
import type { ModuleDeclaration } from "../src/plan/mod.ts";
import {
  createParentLink,
  type DownFrame,
  type LifeFrame,
  type LinkState,
  type ParentLink,
  type Replica,
  type UpFrame,
} from "../src/sync/mod.ts";
import type { Nodes } from "./nodes.ts";
import type { Store } from "./store/mod.ts";

/** What the links to all children need. */
export interface ChildrenParts {
  readonly run: string;
  readonly modules: readonly ModuleDeclaration[];
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly store: Store;
  /** The last term that was handed to each child. */
  readonly terms: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(child: string, frame: DownFrame): void;
  /** `sameRun`: the agent that joins is the one that was given the last term before. */
  onState(child: string, state: LinkState, sameRun: boolean, why: string): void;
  onModules(child: string, modules: readonly ModuleDeclaration[]): void;
}

/** The links to all children. */
export interface Children {
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** A document has changed. */
  changed(id: string): void;
  /** Asks every child to be born again: this program has started, and knows of no link. */
  callAll(): void;
  /** The machine was powered off: whatever still arrives of its agent is late, and its next agent is a new one. */
  poweredOff(child: string): void;
  /** A node is no child any more: whatever still arrives of it is dropped. */
  remove(child: string): void;
  stop(): void;
}

/** Keeps one link for each child. Frames of nodes that are not this aggregator's children are dropped. */
export function createChildren(parts: ChildrenParts): Children {
  const links = new Map<string, ParentLink>();
  const terms = new Map(parts.terms);
  const sameRun = new Map<string, boolean>();

  function nextTerm(child: string, childTerm: number): number {
    const before = terms.get(child) ?? 0;
    const term = Math.max(before, childTerm) + 1;
    parts.store.commit({ terms: new Map([[child, term]]) });
    terms.set(child, term);
    sameRun.set(child, childTerm > 0 && childTerm === before);
    return term;
  }
  function make(child: string): ParentLink {
    return createParentLink({
      child,
      run: parts.run,
      modules: parts.modules,
      replica: parts.replica,
      nextTerm: (childTerm) => nextTerm(child, childTerm),
      clock: parts.clock,
      random: parts.random,
      log: parts.log,
      send: (frame) => parts.send(child, frame),
      onState: (state, why) => parts.onState(child, state, sameRun.get(child) ?? false, why),
      onModules: (modules) => parts.onModules(child, modules),
    });
  }
  function linkOf(child: string): ParentLink | undefined {
    const known = links.get(child);
    if (known !== undefined || !parts.nodes.isChild(child)) return known;
    const made = make(child);
    links.set(child, made);
    return made;
  }

  return {
    receive: (child, frame) => linkOf(child)?.receive(frame),
    life: (child, frame) => linkOf(child)?.life(frame),
    changed: (id) => links.get(id)?.changed(),
    callAll() {
      for (const child of parts.nodes.children()) linkOf(child)?.call();
    },
    poweredOff(child) {
      const link = links.get(child);
      if (link === undefined || link.state === "down") return;
      link.stop();
      links.delete(child);
      parts.onState(child, "down", false, "its machine was powered off");
    },
    remove(child) {
      links.get(child)?.stop();
      links.delete(child);
    },
    stop() {
      for (const link of links.values()) link.stop();
      links.clear();
    },
  };
}
