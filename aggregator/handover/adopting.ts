import type { Clock } from "../../src/clock.ts";
import { assignmentNumber, heldBy, newestVersion, type Term } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { hasLostPower } from "../nodes/power.ts";

/** Values of `/physState` of a machine that may have an agent: one that is off has none, and may be powered on. */
const MAY_RUN: ReadonlySet<unknown> = new Set(["POWER_ON", "POWER_CYCLE", "PHYS_HANG", "PHYS_ERROR"]);

/**
 * Nodes that were given to this aggregator and that it has not heard yet. Their agents may be well, at an aggregator that has
 * not heard of the move or can't tell them: silence says nothing of them, until that one has said that it let go
 * (see `createReleases`) and some time after that.
 */
export interface Adopting {
  /** A node has come, or its cfg has changed: from now on it gets the time to join, where it is not here yet. */
  begin(id: string): void;
  /** Whether nothing may be concluded from a node's silence. */
  isAwaited(id: string): boolean;
  /** Whether nothing may be done to a node: it is awaited, and its machine may run. */
  isUntouchable(id: string): boolean;
  stop(): void;
}

/**
 * See {@link Adopting}. Posts `JoinOverdue` for a node that is awaited no longer.
 *
 * @param grace How long a node that nobody else has any more may take to join, in milliseconds.
 * @param termOf The last term that was handed to a child.
 */
export function createAdopting(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly changes: Changes;
    readonly clock: Clock;
    readonly grace: number;
    readonly termOf: (id: string) => Term;
    /** Whether a node has said that it is at another aggregator. */
    readonly isElsewhere: (id: string) => boolean;
  },
): Adopting {
  const { replica, nodes, changes } = parts;
  const timers = new Map<string, () => void>();
  /** Nodes whose machines were off, by the assignment under which that was seen. */
  const wereOff = new Map<string, number>();

  function numberOf(id: string): number {
    return assignmentNumber(replica.get(id)?.facets.cfg);
  }
  /** One that was never given away was never anywhere else. */
  function isUnheard(id: string): boolean {
    const number = numberOf(id);
    if (number <= 1 || wereOff.get(id) === number) return false;
    const told = newestVersion(replica.get(id)?.facets.self ?? new Map());
    return Math.max(told.assignment, parts.termOf(id).assignment) < number;
  }
  function end(id: string): void {
    timers.get(id)?.();
    timers.delete(id);
  }
  function remove(id: string): void {
    end(id);
    wereOff.delete(id);
  }
  changes.on("ownership", "pending joins", ["Moved"], ({ id, before }) => {
    if (before === id) remove(id);
  });
  changes.on("ownership", "pending joins", ["NodeRemoved"], ({ id, via }) => {
    if (via === id) remove(id);
  });
  changes.on("ownership", "pending joins", ["PowerChanged"], ({ id }) => {
    if (hasLostPower(nodes, id) === true) wereOff.set(id, numberOf(id)); // whatever ran there is gone
  });

  const self: Adopting = {
    begin(id) {
      end(id);
      if (!isUnheard(id)) return;
      timers.set(
        id,
        parts.clock.after(parts.grace, () => {
          timers.delete(id);
          changes.post({ kind: "JoinOverdue", id });
        }),
      );
    },
    isAwaited(id) {
      if (parts.isElsewhere(id)) return true;
      return isUnheard(id) && (timers.has(id) || heldBy(replica.get(id)?.facets.cfg).length > 0);
    },
    isUntouchable(id) {
      if (!self.isAwaited(id)) return false;
      const node = nodes.read(id);
      // Who asks for a machine to be off does not ask for a repair.
      return node !== undefined && MAY_RUN.has(node.view.get("/physState")) &&
        node.cfg.get("/physState") !== "POWER_OFF";
    },
    stop() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
  return self;
}
