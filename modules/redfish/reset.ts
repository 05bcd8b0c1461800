import type { Power, PowerChange } from "../power/mod.ts";

/** The ResetTypes (Resource.ResetType, DSP0268) that bring a change about, the best one first. */
const WAYS: { readonly [change in PowerChange]: readonly [string, ...string[]] } = {
  // The button is a toggle: it is only pressed when the machine is off.
  on: ["On", "ForceOn", "PushPowerButton"],
  off: ["ForceOff"],
  shutdown: ["GracefulShutdown"],
  restart: ["ForceRestart"],
};

/**
 * Chooses how to ask for a change.
 *
 * @param allowed What the controller takes; undefined, or nothing at all, where it does not say.
 * @returns Undefined when it takes nothing that would bring the change about.
 */
export function chooseReset(change: PowerChange, allowed: readonly string[] | undefined): string | undefined {
  const ways = WAYS[change];
  if (allowed === undefined || allowed.length === 0) return ways[0];
  return ways.find((way) => allowed.includes(way));
}

/** A PowerState (Resource.PowerState, DSP0268) in our words. */
export function powerOf(powerState: string | undefined): Power {
  switch (powerState) {
    case "On":
      return "on";
    case "Off":
      return "off";
    case "PoweringOn":
    case "PoweringOff":
      return "changing";
    default:
      return "unknown";
  }
}
