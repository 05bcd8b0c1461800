import type { Clock } from "../../src/clock.ts";
import type { Values } from "../../src/state/mod.ts";

/**
 * How long cfg must have been without a program that it has not named in this run of the agent, in milliseconds: after
 * a start cfg arrives in parts.
 */
const GRACE = 60_000;

/** Finds programs that cfg no longer names. */
export interface Removals {
  /** Checks the present cfg of the node. */
  look(cfg: Values): void;
  stop(): void;
}

/**
 * Creates the search. A program that cfg named and then no longer names is removed at once; one that an earlier run of
 * the agent started, after a minute. An empty cfg, as before the first contact with the parent, proves nothing.
 *
 * @param parts `names` lists all programs that were started here; `onRemoved` is called for each that is no longer
 *   wanted.
 */
export function createRemovals(
  parts: { readonly clock: Clock; names(): Iterable<string>; onRemoved(name: string): void },
): Removals {
  const named = new Set<string>();
  const waits = new Map<string, () => void>();

  function endWait(name: string): void {
    waits.get(name)?.();
    waits.delete(name);
  }
  function removeLater(name: string): void {
    if (waits.has(name)) return;
    const remove = () => {
      waits.delete(name);
      parts.onRemoved(name);
    };
    waits.set(name, parts.clock.after(GRACE, remove));
  }
  return {
    look(cfg) {
      if (!cfg.has("/name")) return;
      for (const name of parts.names()) {
        if (isNamed(cfg, name)) {
          named.add(name);
          endWait(name);
        } else if (named.delete(name)) parts.onRemoved(name);
        else removeLater(name);
      }
    },
    stop() {
      for (const name of [...waits.keys()]) endWait(name);
    },
  };
}

/**
 * Tells whether `cfg` mentions the program `name`: one that should run without a config is a mistake, not a wish to
 * stop it.
 */
export function isNamed(cfg: Values, name: string): boolean {
  return cfg.has(`/services/${name}/config`) || cfg.has(`/services/${name}/state`);
}
