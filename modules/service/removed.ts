import type { Clock } from "../../src/clock.ts";
import type { Values } from "../../src/state/mod.ts";

/**
 * How long a cfg must have been without a program that it never named in this run of the agent, in milliseconds: after a start the cfg
 * comes in parts.
 */
const GRACE = 60_000;

/** Finds programs that a cfg does not name any more. */
export interface Removals {
  /** Looks at the cfg of the node as it is now. */
  look(cfg: Values): void;
  stop(): void;
}

/**
 * Makes what finds them. One that the cfg named and then does not is removed at once; one that an earlier run of the agent has
 * started, after a minute. A cfg that is empty, as before the parent was heard, says nothing.
 *
 * @param parts `names`: of all programs that were started here; `onRemoved` is told of each that is not wanted any more.
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

/** Whether a cfg says anything of a program: one that is to run without a config is a mistake, and no wish to stop it. */
export function isNamed(cfg: Values, name: string): boolean {
  return cfg.has(`/services/${name}/config`) || cfg.has(`/services/${name}/state`);
}
