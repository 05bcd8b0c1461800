import type { Clock } from "../../src/clock.ts";
import type { Assignment, Value } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { WriterTerm } from "../store/writer_term.ts";
import type { Claims } from "./claims.ts";
import type { Effect, ShownValues } from "./effects.ts";
import type { OwnershipEvent } from "./events.ts";
import type { Facts } from "./facts.ts";
import { type Departing, FOREIGN, type Here, isHere, type Ownership } from "./ownership.ts";
import { step } from "./step.ts";
import { every } from "../../src/toolkit/mod.ts";

/**
 * How long a departed node must be silent before it counts as quiet, in milliseconds: longer than any pause between an
 * agent's births.
 */
const QUIET_MS = 60_000;
/** How often departed nodes are checked, in milliseconds. */
const LOOK_MS = 10_000;
/** The largest number of departed nodes to remember. */
const MAX_DEPARTING = 10_000;
/** Name of this subscriber. */
const OWNERS = "owners";

/**
 * Stores the ownership of each node that this aggregator knows, passes events to the state machines, and carries out
 * the effects.
 */
export interface Owners {
  of(id: string): Ownership;
  /** Continues from what an earlier run has stored, and gives every child time to come back. */
  begin(): void;
  /**
   * Reports that the link to a child changed. `sameRun`: its agent is the same process as before. `assignment`: see the
   * event `linked`.
   */
  linked(child: string, link: LinkState, about: { sameRun: boolean; assignment: number; why: string }): void;
  /** Reports that a child was born and waits for its turn. */
  born(child: string): void;
  /** Reports that a child has proved an assignment that has not arrived here. @returns Whether this is on disk. */
  claimed(child: string, assignment: number): boolean;
  /** Reports a frame from a node that is not a child. `to`: where it joins, if known. */
  strayed(id: string, to: Assignment | undefined): void;
  /** Reports that the connection of a node that is not a child has ended. */
  left(id: string): void;
  /** Reports that values of a child written by an earlier aggregator have arrived. */
  inherited(id: string): void;
  /** Tells whether this aggregator has released a node: it is not a child and has been silent for {@link QUIET_MS}. */
  hasReleased(id: string): boolean;
  stop(): void;
}

/** What the owners depend on. */
export interface OwnersParts {
  readonly nodes: Nodes;
  readonly facts: Facts;
  readonly claims: Claims;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly discovered: Pick<Discovered, "parent">;
  readonly term: Pick<WriterTerm, "hasWritten">;
  /** Durations in milliseconds. */
  readonly times: {
    /** From a lost link until the node counts as lost. */
    readonly short: number;
    /** The same after a restart of this aggregator, or for a node that was moved to it. */
    readonly long: number;
    /** Time to join for a node that no other aggregator has. */
    readonly join: number;
  };
  /** Takes over what earlier parents wrote of the node. @returns Whether that could be done. */
  takeOver(id: string): boolean;
  /** Tells whether silence proves nothing now, because the broker is lost or this aggregator may have been replaced. */
  isDeaf(): boolean;
  /** Tells whether nothing can be heard now, because the broker is lost. */
  isBrokerDeaf(): boolean;
}

/** Creates the {@link Owners}. They post `OwnershipChanged` for nodes that the engine must look at. */
export function createOwners(parts: OwnersParts): Owners {
  const { nodes, facts, claims, changes, clock, times } = parts;
  const { placement } = nodes;
  const children = new Map<string, Here>();
  /** In the order in which they were last heard, the latest last. */
  const departing = new Map<string, { readonly state: Departing; readonly heardAt: number }>();
  const joins = new Map<string, () => void>();
  const graces = new Map<string, () => void>();
  const startedAt = clock.now();

  function of(id: string): Ownership {
    const known = children.get(id) ?? departing.get(id)?.state;
    if (known !== undefined) return known;
    const via = placement.via(id);
    return via === undefined || via === id ? FOREIGN : { kind: "below", via };
  }
  function feed(id: string, event: OwnershipEvent): readonly Effect[] {
    const { state, effects } = step(of(id), event);
    keep(id, state);
    for (const effect of effects) carryOut(id, effect);
    return effects;
  }
  function keep(id: string, state: Ownership): void {
    if (isHere(state)) children.set(id, state);
    else children.delete(id);
    if (state.kind !== "departing") return void departing.delete(id);
    const heardAt = departing.get(id)?.heardAt ?? clock.now();
    departing.delete(id);
    departing.set(id, { state, heardAt });
    for (const oldest of departing.keys()) {
      if (departing.size <= MAX_DEPARTING) break;
      departing.delete(oldest);
    }
  }

  function carryOut(id: string, effect: Effect): void {
    switch (effect.kind) {
      case "takeOver":
        parts.takeOver(id);
        break;
      case "startJoin":
        start(joins, id, times.join, () => feed(id, { kind: "joinOver", machine: facts.machine(id) }));
        break;
      case "startGrace":
        start(graces, id, times[effect.length], () => {
          feed(id, { kind: "graceOver", isDeaf: parts.isDeaf(), machine: facts.machine(id) });
        });
        break;
      case "stopGrace":
        end(graces, id);
        break;
      case "stopTimers":
        end(graces, id);
        end(joins, id);
        break;
      case "show":
        show(id, effect.values, effect.why);
        break;
      case "declareLost": {
        const seconds = Math.round(times[effect.after] / 1000);
        const isStale = placement.isAggregator(id);
        show(id, { runState: "ERROR", ...(isStale && { isStale }) }, `its link did not come back within ${seconds} s`);
        break;
      }
      case "cutLink":
        changes.post({ kind: "LinkCut", child: id });
        break;
      case "dropLink":
        changes.post({ kind: "LinkDropped", child: id, isCalled: effect.isCalled });
        break;
      case "redirect":
        changes.post({ kind: "RedirectDue", child: id, assignment: effect.to, isRepeated: effect.isRepeated });
        break;
      case "stopRedirect":
        changes.post({ kind: "RedirectOver", child: id });
        break;
      case "confirmRelease": // the caller is told
        break;
      case "touch":
        changes.post({ kind: "OwnershipChanged", id });
        break;
      default:
        effect satisfies never;
    }
  }
  function start(timers: Map<string, () => void>, id: string, ms: number, over: () => void): void {
    end(timers, id);
    timers.set(
      id,
      clock.after(ms, () => {
        timers.delete(id);
        over();
      }),
    );
  }
  function end(timers: Map<string, () => void>, id: string): void {
    timers.get(id)?.();
    timers.delete(id);
  }
  function show(id: string, { physState, link, runState, isStale }: ShownValues, why: string): void {
    const values = new Map<string, Value | null>();
    if (physState !== undefined) values.set("/physState", physState);
    if (link !== undefined) values.set("/link", link);
    if (runState !== undefined) values.set("/runState", runState);
    if (isStale !== undefined) values.set("/staleSince", isStale ? staleSince(id) : null);
    parts.discovered.parent(id, values, why);
  }
  function staleSince(id: string): Value {
    return nodes.read(id)?.view.get("/staleSince") ?? new Date(clock.wall()).toISOString();
  }

  /** Handles the root's decision that has arrived. */
  function assigned(id: string): void {
    const place = facts.place(id);
    const about = { place, joined: facts.joined(id), machine: facts.machine(id) };
    feed(id, { kind: "assigned", ...about });
    claim(id);
  }
  function claim(id: string): void {
    const assignment = claims.of(id);
    if (assignment > 0) feed(id, { kind: "claimed", assignment, machine: facts.machine(id) });
  }
  function resumed(id: string): void {
    feed(id, { kind: "resumed", machine: facts.machine(id) });
  }
  function inherited(id: string): void {
    if (placement.via(id) === id && parts.takeOver(id)) resumed(id);
  }
  function isQuiet(id: string): boolean {
    if (parts.isBrokerDeaf()) return false;
    return clock.now() - (departing.get(id)?.heardAt ?? startedAt) >= QUIET_MS;
  }

  const cancelLook = every(clock, LOOK_MS, () => {
    for (const id of [...departing.keys()]) if (isQuiet(id)) feed(id, { kind: "quiet" });
  });

  changes.on("ownership", OWNERS, ["Moved"], ({ id, before, after }) => {
    if (before === id || after === id || departing.has(id)) assigned(id);
  });
  changes.on("ownership", OWNERS, ["AssignmentChanged"], ({ id }) => {
    if (placement.via(id) === id || departing.has(id)) assigned(id);
  });
  changes.on("ownership", OWNERS, ["NodeRemoved"], ({ id }) => {
    if (children.has(id)) assigned(id);
  });
  changes.on("ownership", OWNERS, ["CfgChanged"], ({ id, urls }) => {
    if (!children.has(id)) return;
    if (urls.includes("/physState")) feed(id, { kind: "seen", machine: facts.machine(id) });
    // Values written under an earlier assignment have arrived late.
    if (!parts.term.hasWritten(id)) inherited(id);
  });
  changes.on("ownership", OWNERS, ["PowerChanged"], ({ id }) => {
    if (children.has(id)) feed(id, { kind: "seen", machine: facts.machine(id) });
  });
  changes.on("ownership", OWNERS, ["Discovered"], ({ id, facet }) => {
    if (facet !== "self" || children.get(id)?.kind !== "expected") return;
    feed(id, { kind: "wrote", assignment: facts.joined(id), machine: facts.machine(id) });
  });
  changes.on("ownership", OWNERS, ["FenceChanged"], ({ isUp }) => {
    // Children were sent to the standby and try it for a while.
    if (!isUp) { for (const id of [...children.keys()]) resumed(id); }
  });

  return {
    of,
    begin() {
      for (const id of [...placement.direct()]) {
        const about = { place: facts.place(id), joined: facts.joined(id), machine: facts.machine(id) };
        feed(id, { kind: "remembered", ...about });
        claim(id);
        if (!parts.term.hasWritten(id)) parts.takeOver(id); // the assignment arrived just before the last run ended
        resumed(id);
      }
    },
    linked(child, link, { sameRun, assignment, why }) {
      feed(child, { kind: "linked", link, sameRun, assignment, why, machine: facts.machine(child) });
    },
    born: (child) => void feed(child, { kind: "born" }),
    claimed(child, assignment) {
      if (!claims.heard(child, assignment)) return false;
      claim(child);
      return true;
    },
    strayed(id, to) {
      feed(id, { kind: "strayed", to });
      const known = departing.get(id);
      departing.delete(id);
      if (known !== undefined) departing.set(id, { ...known, heardAt: clock.now() });
    },
    left: (id) => void feed(id, { kind: "left" }),
    inherited,
    hasReleased(id) {
      return feed(id, { kind: "releaseRequested", isQuiet: isQuiet(id) }).some(({ kind }) => kind === "confirmRelease");
    },
    stop() {
      cancelLook();
      for (const timers of [joins, graces]) {
        for (const cancel of timers.values()) cancel();
        timers.clear();
      }
    },
  };
}
