import type { Effect, ShownValues } from "./effects.ts";
import type { OwnershipEventOf } from "./events.ts";
import type { Here, Machine } from "./ownership.ts";

/** The next state of a node that belongs here, and the effects. */
export interface HereStep {
  readonly state: Here;
  readonly effects: readonly Effect[];
}

/** Tells whether the node has an agent that can be lost. */
function wasHeard({ agent }: Machine): boolean {
  return agent !== "other";
}

/**
 * Derives what a node's link shows: SYNC if it is level, INIT if an agent was born and the link is not level yet.
 *
 * @param state The state of the node, with its present link.
 * @param why Why the link changed, for the event log.
 */
export function inferState(state: Here, why: string): HereStep {
  const { link, machine, sameRun } = state;
  const isPersons = machine.control === "person" && machine.power === "off" && link !== "down";
  if (isPersons || (machine.power === "unknown" && (machine.isAggregator || machine.control !== "controller"))) {
    // No controller reports its power: it is on if it is heard.
    return link === "down" ? { state, effects: [] } : show(state, { physState: "POWER_ON" }, "it is heard");
  }
  // An agent that answers proves that its machine does not hang. The corrected power state comes back as another `seen`
  // event.
  if (link !== "down" && machine.power === "hung") return show(state, { physState: "POWER_ON" }, "its agent is heard");
  if (machine.power !== "on") return { state, effects: [] };
  switch (link) {
    case "level":
      return show(state, { link: "UP", runState: "SYNC", ...staleness(machine, false) }, why);
    case "joining":
      return machine.agent !== "SYNC" || !sameRun ? show(state, { runState: "INIT" }, why) : { state, effects: [] };
    case "down": {
      if (!wasHeard(machine)) return { state, effects: [] };
      const shown = show(state, { link: "DOWN", ...staleness(machine, true) }, why);
      const timed = state.grace === "none" ? startGrace(state, "short") : { state, effects: [] };
      return { state: timed.state, effects: [...shown.effects, ...timed.effects] };
    }
    default:
      return link satisfies never;
  }
}

/** Gives a node that was heard before the long grace period. */
export function grantLongGrace(state: Here): HereStep {
  return state.link === "down" && wasHeard(state.machine) ? startGrace(state, "long") : { state, effects: [] };
}

/** Restarts the long grace period of a node that is on its way back. */
export function restartLongGrace(state: Here): HereStep {
  return state.grace === "none" || state.link !== "down" ? { state, effects: [] } : startGrace(state, "long");
}

/**
 * Declares a node lost when its grace period ends, so that repair may begin. Starts the period again while silence
 * proves nothing.
 */
export function declareLost(state: Here, { isDeaf }: OwnershipEventOf<"graceOver">): HereStep {
  const { grace } = state;
  if (grace === "none" || state.link !== "down") return { state: { ...state, grace: "none" }, effects: [] };
  if (isDeaf) return startGrace(state, grace);
  const over: Here = { ...state, grace: "none" };
  if (!wasHeard(state.machine)) return { state: over, effects: [] };
  if (state.machine.control === "none" && !state.machine.isAggregator) {
    // Nothing here can repair it, and its silence proves nothing.
    return show(
      over,
      { physState: null, runState: null, link: null },
      "it is not heard, and nothing controls its power",
    );
  }
  return { state: over, effects: [{ kind: "declareLost", after: grace }] };
}

/** Shows, after a start of this aggregator, that a node is not heard. */
export function showSilence(state: Here): HereStep {
  const { link, machine } = state;
  if (link !== "down" || !wasHeard(machine)) return { state, effects: [] };
  return show(state, { link: "DOWN", ...staleness(machine, true) }, "it is not heard yet");
}

/** Starts a grace period, after which the node counts as lost. Only the silence of an owned node proves anything. */
function startGrace(state: Here, length: "short" | "long"): HereStep {
  if (state.kind !== "owned") return { state, effects: [] };
  return { state: { ...state, grace: length }, effects: [{ kind: "startGrace", length }] };
}

function show(state: Here, values: ShownValues, why: string): HereStep {
  return { state, effects: [{ kind: "show", values, why }] };
}

function staleness({ isAggregator }: Machine, isStale: boolean): ShownValues {
  return isAggregator ? { isStale } : {};
}
