import type { Clock } from "../../src/clock.ts";
import type { Value } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "./discovered.ts";
import type { Nodes } from "./nodes.ts";
import { hasLostPower } from "./power.ts";

/** What is known of the link to one child. */
interface Known {
  link: LinkState;
  /** True while the run of the agent that is joining is the one that was last in SYNC. */
  sameRun: boolean;
  cancelGrace?: () => void;
}

/** Turns what links say into `/runState` and `/link`. */
export interface RunStates {
  /** A link changed. `sameRun`: the agent is the same process as before the change. */
  link(child: string, state: LinkState, sameRun: boolean, why: string): void;
  /** A child was heard that waits for its turn to be taken in: it has not been lost. */
  heard(child: string): void;
  /** A node has become a child, or is free to join: it gets the time to do so. */
  adopt(child: string): void;
  /** Gives every child that is in SYNC or INIT the time to come back, after a restart or where it was sent elsewhere. */
  resume(): void;
  stop(): void;
}

/**
 * Writes SYNC when a link is level, INIT when an agent was born that is not level yet, and ERROR when a link that is
 * down has not come back within the grace time: until then a supervised agent may return by itself, which is the
 * gentlest repair. An agent that talks is proof that its machine is on, so a PHYS_HANG that was concluded from a
 * timeout is taken back.
 *
 * @param grace How long a lost link may take to come back, in milliseconds.
 * @param resumeGrace The same after a restart of this program, when all children come back at once, and for a node that was
 * given to this aggregator.
 */
export function createRunStates(
  parts: {
    readonly nodes: Nodes;
    readonly discovered: Discovered;
    readonly changes: Changes;
    readonly clock: Clock;
    readonly grace: number;
    readonly resumeGrace: number;
    /** Whether nothing may be concluded from a node's silence: it may still be elsewhere. */
    readonly isAwaited: (child: string) => boolean;
    /** Whether nothing may be concluded from silence now: this aggregator may have been replaced, or can't hear. */
    readonly isFenced: () => boolean;
  },
): RunStates {
  const { nodes, discovered, changes, clock } = parts;
  const children = new Map<string, Known>();

  function knownOf(child: string): Known {
    let known = children.get(child);
    if (known === undefined) children.set(child, known = { link: "down", sameRun: false });
    return known;
  }
  function write(child: string, values: Record<string, Value | null>, why: string): void {
    discovered.parent(child, new Map(Object.entries(values)), why);
  }
  function endGrace(known: Known): void {
    known.cancelGrace?.();
    delete known.cancelGrace;
  }
  /** A child that is heard needs no time: what is left of it must not count when its link is lost later. */
  function startGrace(child: string, known: Known, time: number): void {
    if (known.link !== "down") return;
    known.cancelGrace ??= clock.after(time, () => {
      delete known.cancelGrace;
      const runState = nodes.read(child)?.view.get("/runState");
      if (known.link !== "down") return;
      if (parts.isFenced() || parts.isAwaited(child)) return startGrace(child, known, time);
      if (runState === "SYNC" || runState === "INIT") {
        const lost = { "/runState": "ERROR", ...staleness(child, true) };
        write(child, lost, `its link did not come back within ${Math.round(time / 1000)} s`);
      }
    });
  }
  /** Nothing is known of what is below an aggregator that is not heard, since when is shown. */
  function staleness(child: string, stale: boolean): Record<string, Value | null> {
    if (!nodes.placement.isAggregator(child)) return {};
    if (!stale) return { "/staleSince": null };
    const since = nodes.read(child)?.view.get("/staleSince");
    return { "/staleSince": since ?? new Date(clock.wall()).toISOString() };
  }
  function settle(child: string, why: string): void {
    const node = nodes.read(child);
    const known = knownOf(child);
    if (node === undefined) return;
    if (nodes.placement.isAggregator(child) && !node.view.has("/physState")) {
      // Nobody controls its power: whoever is heard is on.
      if (known.link !== "down") write(child, { "/physState": "POWER_ON" }, "it is heard");
      return;
    }
    if (known.link !== "down" && node.view.get("/physState") === "PHYS_HANG") {
      write(child, { "/physState": "POWER_ON" }, "its agent is heard");
      return; // which comes back here as a change of power
    }
    if (node.view.get("/physState") !== "POWER_ON") return;
    const runState = node.view.get("/runState");
    if (known.link === "level") {
      write(child, { "/link": "UP", "/runState": "SYNC", ...staleness(child, false) }, why);
    } else if (known.link === "joining") {
      if (runState !== "SYNC" || !known.sameRun) write(child, { "/runState": "INIT" }, why);
    } else if (runState === "SYNC" || runState === "INIT") {
      write(child, { "/link": "DOWN", ...staleness(child, true) }, why);
      startGrace(child, known, parts.grace);
    }
  }

  function adopt(child: string): void {
    const runState = nodes.read(child)?.view.get("/runState");
    if (runState !== "SYNC" && runState !== "INIT") return;
    const known = knownOf(child);
    endGrace(known);
    startGrace(child, known, parts.resumeGrace);
  }
  function remove(child: string): void {
    const known = children.get(child);
    if (known !== undefined) endGrace(known);
    children.delete(child);
  }
  function resume(): void {
    for (const child of nodes.placement.direct()) {
      const runState = nodes.read(child)?.view.get("/runState");
      if (runState !== "SYNC" && runState !== "INIT") continue;
      const known = knownOf(child);
      endGrace(known);
      if (known.link === "down") write(child, { "/link": "DOWN", ...staleness(child, true) }, "it is not heard yet");
      startGrace(child, known, parts.resumeGrace);
    }
  }

  changes.on("ownership", "run states", ["Moved"], ({ id, before }) => {
    if (before === id) remove(id);
  });
  changes.on("ownership", "run states", ["NodeRemoved"], ({ id, via }) => {
    if (via === id) remove(id);
  });
  changes.on("ownership", "run states", ["PowerChanged"], ({ id }) => {
    // What a link says may mean something else once the machine is on.
    if (hasLostPower(nodes, id) === false) settle(id, "its machine is on");
  });
  changes.on("ownership", "run states", ["JoinOverdue"], ({ id }) => adopt(id));
  changes.on("ownership", "run states", ["FenceChanged"], ({ isUp }) => {
    if (!isUp) resume(); // children were sent to the standby, and try it for a while
  });

  return {
    link(child, state, sameRun, why) {
      const known = knownOf(child);
      known.link = state;
      known.sameRun = sameRun;
      if (state !== "down") endGrace(known);
      settle(child, why);
    },
    heard(child) {
      const known = knownOf(child);
      if (known.cancelGrace === undefined) return;
      endGrace(known);
      startGrace(child, known, parts.resumeGrace);
    },
    adopt,
    resume,
    stop() {
      for (const known of children.values()) endGrace(known);
      children.clear();
    },
  };
}
