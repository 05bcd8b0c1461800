import type { Power, PowerChange } from "../power/mod.ts";

/** The ResetTypes (Resource.ResetType, DSP0268) that bring a change about, the best one first. */
const WAYS: { readonly [change in PowerChange]: readonly string[] } = {
  // The button is a toggle: it is only pressed when the machine is off.
  on: ["On", "ForceOn", "PushPowerButton"],
  off: ["ForceOff"],
  shutdown: ["GracefulShutdown"],
  restart: ["ForceRestart"],
};

/**
 * Chooses how to ask for a change: each way is for where the BMC does not know the one before.
 *
 * @param allowed What the controller takes; undefined, or nothing at all, where it does not say.
 * @returns Nothing when it takes nothing that would bring the change about.
 */
export function waysOf(change: PowerChange, allowed: readonly string[] | undefined): readonly string[] {
  const ways = WAYS[change];
  if (allowed === undefined || allowed.length === 0) return ways;
  const listed = ways.filter((way) => allowed.includes(way));
  if (change !== "off" || listed.length > 0) return listed;
  // A list without a way to cut the power is wrong more often than right; the next best is to ask the machine.
  return [...ways, ...WAYS.shutdown.filter((way) => allowed.includes(way))];
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
