import type { BirthFrame } from "../../src/sync/mod.ts";
import type { Born } from "./admission.ts";
import type { KnownModules } from "./known_modules.ts";

/**
 * Births whose digest stands for declarations that are not known yet. One child is asked for them; the others wait here for its
 * answer: of a fleet that runs something new all would have to be born again.
 */
export interface Undeclared {
  /** Births that wait: at most one for each child. */
  readonly waiting: number;
  /** A child is born. @returns Whether its birth waits; an earlier one of it waits no longer. */
  born(child: string, frame: BirthFrame): boolean;
  /** Takes those out whose declarations are known by now, in the order in which they came. */
  declared(): Born[];
  /** The child is none any more, or can't live. */
  remove(child: string): void;
  clear(): void;
}

/** Makes a place for them. */
export function createUndeclared(known: Pick<KnownModules, "of">): Undeclared {
  const waiting = new Map<string, BirthFrame>();
  const isKnown = ({ digest, modules }: BirthFrame) => modules !== undefined || known.of(digest) !== undefined;
  return {
    get waiting() {
      return waiting.size;
    },
    born(child, frame) {
      if (isKnown(frame)) waiting.delete(child);
      else waiting.set(child, frame);
      return waiting.has(child);
    },
    declared() {
      const ready = [...waiting].filter(([, frame]) => isKnown(frame));
      for (const [child] of ready) waiting.delete(child);
      return ready;
    },
    remove: (child) => void waiting.delete(child),
    clear: () => waiting.clear(),
  };
}
