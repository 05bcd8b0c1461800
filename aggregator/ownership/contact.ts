import type { Effect, Shown } from "./effects.ts";
import type { EventOf } from "./events.ts";
import type { Here, Machine } from "./ownership.ts";

/** A node that belongs here, and what follows. */
export interface HereStep {
  readonly state: Here;
  readonly effects: readonly Effect[];
}

/** Tells whether a node has an agent to lose. */
function wasHeard({ agent }: Machine): boolean {
  return agent !== "other";
}

/** Shows what a node's link says of it: SYNC where it is level, INIT where an agent was born that is not level yet. */
export function conclude(state: Here, why: string): HereStep {
  const { link, machine, sameRun } = state;
  if (machine.isAggregator && machine.power === "unknown") {
    // Nobody controls its power: whoever is heard is on.
    return link === "down" ? { state, effects: [] } : show(state, { physState: "POWER_ON" }, "it is heard");
  }
  // An agent that talks proves that its machine does not hang. What follows comes back as another sight of the machine.
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

/** Gives a node that was heard before the longer time to come back. */
export function giveTime(state: Here): HereStep {
  return state.link === "down" && wasHeard(state.machine) ? startGrace(state, "long") : { state, effects: [] };
}

/** Gives a node that is on its way back the longer time, from now. */
export function timeAgain(state: Here): HereStep {
  return state.grace === "none" || state.link !== "down" ? { state, effects: [] } : startGrace(state, "long");
}

/** Takes a node for lost that has not come back in time, so that repair may begin. */
export function lose(state: Here, { isDeaf }: EventOf<"graceOver">): HereStep {
  const { grace } = state;
  if (grace === "none" || state.link !== "down") return { state: { ...state, grace: "none" }, effects: [] };
  if (isDeaf) return startGrace(state, grace);
  const over: Here = { ...state, grace: "none" };
  if (!wasHeard(state.machine)) return { state: over, effects: [] };
  return { state: over, effects: [{ kind: "declareLost", after: grace }] };
}

/** Shows that a node is not heard, after a start. */
export function showSilence(state: Here): HereStep {
  const { link, machine } = state;
  if (link !== "down" || !wasHeard(machine)) return { state, effects: [] };
  return show(state, { link: "DOWN", ...staleness(machine, true) }, "it is not heard yet");
}

/** Only one whose silence proves something gets a time to come back: it is taken for lost after that. */
function startGrace(state: Here, length: "short" | "long"): HereStep {
  if (state.kind !== "owned") return { state, effects: [] };
  return { state: { ...state, grace: length }, effects: [{ kind: "startGrace", length }] };
}

function show(state: Here, values: Shown, why: string): HereStep {
  return { state, effects: [{ kind: "show", values, why }] };
}

function staleness({ isAggregator }: Machine, isStale: boolean): Shown {
  return isAggregator ? { isStale } : {};
}
