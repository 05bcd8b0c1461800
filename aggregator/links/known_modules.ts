import type { Clock } from "../../src/clock.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import { digestOf } from "../../src/sync/mod.ts";
import { dropOldest } from "../../src/toolkit/mod.ts";

/** The most different sets of declarations that are known by their digest. */
const MAX_DIGESTS = 256;
/** One child is asked for a digest's declarations, others no sooner than this, in milliseconds. */
const ASK_MS = 1_000;

/** What children declare, by digest: most run the same. */
export interface KnownModules {
  /** What a digest stands for, as far as that is known. */
  of(digest: string): readonly ModuleDeclaration[] | undefined;
  learn(modules: readonly ModuleDeclaration[]): void;
  /** Tells whether a child may be asked now what a digest stands for: one answer is enough. */
  mayAsk(digest: string): boolean;
}

/** See {@link KnownModules}. `initial` is known from the beginning. */
export function createKnownModules(
  clock: Clock,
  initial: readonly (readonly ModuleDeclaration[])[],
): KnownModules {
  const known = new Map(initial.map((modules) => [digestOf(modules), modules]));
  const askedAt = new Map<string, number>();
  return {
    of: (digest) => known.get(digest),
    learn(modules) {
      const digest = digestOf(modules);
      if (known.has(digest)) return;
      known.set(digest, modules);
      dropOldest(known, MAX_DIGESTS);
    },
    mayAsk(digest) {
      const last = askedAt.get(digest) ?? -Infinity;
      if (clock.now() - last < ASK_MS) return false;
      if (askedAt.size >= MAX_DIGESTS) askedAt.clear();
      askedAt.set(digest, clock.now());
      return true;
    },
  };
}
