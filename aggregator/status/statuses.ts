import type { Clock } from "../../src/clock.ts";
import type { EngineStatus } from "../../src/engine/mod.ts";
import { equalValues, type Value, versionText } from "../../src/state/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Event } from "../dispatch/events.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Events } from "../store/events.ts";
import type { GoalTimes } from "../telemetry/goal_times.ts";

/** How soon changed nodes are checked, in milliseconds: changes in quick succession count once. */
const EVERY = 250;
/** How often nodes that are not at their goal are checked again, in milliseconds: they become late by time alone. */
const AGAIN = 2_000;

/** The state of one node. */
export interface NodeStatus {
  readonly isConverged: boolean;
  readonly inSync: boolean;
  /** Whether it has failed: it was given up, there is no path, or its link or its machine is lost. */
  readonly hasFailed: boolean;
}

/** Follows the states of the nodes that an aggregator serves. */
export interface Statuses {
  /** Reports that something of a node has changed. */
  changed(id: string): void;
  all(): Iterable<NodeStatus>;
  stop(): void;
}

/**
 * Creates the {@link Statuses}. They check changed nodes a moment later, and post `StatusesLooked` after each check.
 *
 * @param parts `isIdle` tells whether a change does not affect the state of a node. `publish` receives a node's
 *   `/engine/status` for the aggregators above; undefined at the root.
 */
export function createStatuses(
  parts: {
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly events: Pick<Events, "listen">;
    readonly changes: Changes;
    readonly clock: Clock;
    readonly goalTimes: GoalTimes;
    isIdle(change: Event<"CfgChanged" | "Discovered">): boolean;
    statusOf(id: string): EngineStatus;
    readonly publish: ((id: string, status: Value) => void) | undefined;
  },
): Statuses {
  const { nodes, ownId, changes, clock, goalTimes } = parts;
  const known = new Map<string, NodeStatus>();
  /** When the first change was noticed that was not looked at yet, in clock milliseconds. */
  const dirty = new Map<string, number>();
  const unsettled = new Set<string>();
  let cancel: (() => void) | undefined;
  let cancelAgain: (() => void) | undefined;
  let stopped = false;

  function look(): void {
    cancel = undefined;
    const noticed = [...dirty];
    dirty.clear();
    for (const [id, since] of noticed) lookAt(id, since);
    changes.post({ kind: "StatusesLooked", ids: noticed.map(([id]) => id) });
  }
  function lookAt(id: string, since: number): void {
    const node = nodes.isChild(id) ? nodes.read(id) : undefined;
    if (node === undefined) return forget(id);
    const status = parts.statusOf(id);
    const runState = node.view.get("/runState");
    const physState = node.view.get("/physState");
    const isConverged = status.phase === "converged";
    goalTimes.looked(id, { target: node.target, isConverged, since, now: clock.now() });
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
    for (const id of unsettled) mark(id);
    schedule();
  }
  function schedule(): void {
    if (!stopped) cancel ??= clock.after(EVERY, look);
  }
  function mark(id: string): void {
    if (!dirty.has(id)) dirty.set(id, clock.now());
  }
  function changed(id: string): void {
    mark(id);
    schedule();
  }
  function forget(id: string): void {
    known.delete(id);
    unsettled.delete(id);
    goalTimes.forget(id);
  }
  function remove(id: string): void {
    forget(id);
    schedule();
  }
  changes.on("status", "statuses", ["CfgChanged", "Discovered"], (change) => {
    const { id } = change;
    if (nodes.placement.isAggregator(id)) {
      if (id !== ownId) changed(id);
    } else if (nodes.isChild(id) && !parts.isIdle(change)) changed(id);
  });
  changes.on("status", "statuses", ["Moved"], ({ id, before }) => {
    if (before === id) remove(id);
  });
  changes.on("status", "statuses", ["NodeRemoved"], ({ id }) => remove(id));
  changes.on("status", "statuses", ["BrokerTurned"], () => {
    for (const id of nodes.children()) changed(id);
  });
  changes.on("status", "statuses", ["BecameComplete"], () => changed(ownId)); // an aggregator without nodes reports that too
  const unlisten = parts.events.listen(({ node }) => {
    const id = nodes.idOf(node);
    if (id !== undefined && nodes.isChild(id)) changed(id);
  });
  return {
    changed,
    all: () => known.values(),
    stop() {
      unlisten();
      stopped = true;
      cancel?.();
      cancelAgain?.();
    },
  };
}

/** Returns the part of a status that aggregators above see, with the version of the node's cfg. */
function present({ phase, reason, late }: EngineStatus, cfg: string): Value {
  return {
    phase,
    cfg,
    ...(reason !== undefined && { reason: reason.slice(0, 500) }),
    ...(late !== undefined && { late: late.why.slice(0, 500) }),
  };
}
