import type { Clock } from "../../src/clock.ts";
import type { EngineStatus } from "../../src/engine/mod.ts";
import { equalValues, type Value, versionText } from "../../src/state/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** How soon what has changed is looked at, in milliseconds: changes that follow each other count once. */
const EVERY = 250;
/** How often nodes that are not at their goal are looked at again, in milliseconds: time alone makes them late. */
const AGAIN = 2_000;

/** How one node is. */
export interface NodeStatus {
  readonly isConverged: boolean;
  readonly inSync: boolean;
  /** It has failed: it was given up, there is no way, its link or its machine is lost. */
  readonly hasFailed: boolean;
}

/** Follows how the nodes are that an aggregator serves. */
export interface Statuses {
  /** Something of a node has changed. */
  changed(id: string): void;
  /** A node is none of this aggregator's any more. */
  remove(id: string): void;
  all(): Iterable<NodeStatus>;
  stop(): void;
}

/**
 * Looks at nodes that have changed, a moment later.
 *
 * @param parts `publish` gets a node's `/engine/status` for those above; undefined where there is nobody. `onLooked` is
 * called after each look.
 */
export function createStatuses(
  parts: {
    readonly nodes: Nodes;
    readonly clock: Clock;
    statusOf(id: string): EngineStatus;
    readonly publish: ((id: string, status: Value) => void) | undefined;
    onLooked(): void;
  },
): Statuses {
  const { nodes, clock } = parts;
  const known = new Map<string, NodeStatus>();
  const dirty = new Set<string>();
  const unsettled = new Set<string>();
  let cancel: (() => void) | undefined;
  let cancelAgain: (() => void) | undefined;
  let stopped = false;

  function look(): void {
    cancel = undefined;
    const ids = [...dirty];
    dirty.clear();
    for (const id of ids) lookAt(id);
    parts.onLooked();
  }
  function lookAt(id: string): void {
    const node = nodes.isChild(id) ? nodes.read(id) : undefined;
    if (node === undefined) {
      known.delete(id);
      unsettled.delete(id);
      return;
    }
    const status = parts.statusOf(id);
    const runState = node.view.get("/runState");
    const physState = node.view.get("/physState");
    const isConverged = status.phase === "converged";
    known.set(id, {
      isConverged,
      inSync: runState === "SYNC",
      hasFailed: status.phase === "stuck" || status.phase === "blocked" || runState === "ERROR" ||
        physState === "PHYS_HANG" || physState === "PHYS_ERROR",
    });
    if (isConverged) unsettled.delete(id);
    else unsettled.add(id);
    if (unsettled.size > 0) cancelAgain ??= clock.after(AGAIN, again);
    const told = present(status, versionText(node.version));
    if (parts.publish !== undefined && !equalValues(node.view.get("/engine/status"), told)) parts.publish(id, told);
  }
  function again(): void {
    cancelAgain = undefined;
    for (const id of unsettled) dirty.add(id);
    schedule();
  }
  function schedule(): void {
    if (!stopped) cancel ??= clock.after(EVERY, look);
  }
  return {
    changed(id) {
      dirty.add(id);
      schedule();
    },
    remove(id) {
      known.delete(id);
      unsettled.delete(id);
      schedule();
    },
    all: () => known.values(),
    stop() {
      stopped = true;
      cancel?.();
      cancelAgain?.();
    },
  };
}

/** What of a status those above see, and for which version of the node's cfg. */
function present({ phase, reason, late }: EngineStatus, cfg: string): Value {
  return {
    phase,
    cfg,
    ...(reason !== undefined && { reason: reason.slice(0, 500) }),
    ...(late !== undefined && { late: late.why.slice(0, 500) }),
  };
}
