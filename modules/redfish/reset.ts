import type { Power, PowerChange } from "../power/mod.ts";

/**
 * HPE Cray EX has no GracefulShutdown: its `Off`, beside `ForceOff`, shuts the system down. Used only if it is listed.
 */
const CRAY_OFF = "Off";

/** The ResetTypes (Resource.ResetType, DSP0268) for a change, the best one first. */
const WAYS: { readonly [change in PowerChange]: readonly string[] } = {
  // The button is a toggle: it is pressed only while the machine is off.
  on: ["On", "ForceOn", "PushPowerButton"],
  off: ["ForceOff"],
  shutdown: ["GracefulShutdown", CRAY_OFF],
  restart: ["ForceRestart"],
  interrupt: ["Nmi"],
};

/** Every ResetType (Resource.ResetType, DSP0268) that may be listed, and the non-standard `Off`, longest first. */
const RESET_TYPES = [
  ...["GracefulShutdown", "GracefulRestart", "FullPowerCycle", "PushPowerButton", "ForceRestart", "PowerCycle"],
  ...["ForceOff", "ForceOn", "Suspend", "Resume", "Pause", "Nmi", "Off", "On"],
];

/**
 * Repairs the list `listed`: some firmware joins two values in one string, such as `GracefulShutdownGracefulRestart`.
 */
export function separateResetTypes(listed: readonly string[]): readonly string[] {
  return listed.flatMap((text) => {
    const found: string[] = [];
    for (let rest = text; rest !== "";) {
      const type = RESET_TYPES.find((type) => rest.startsWith(type));
      if (type === undefined) return [text];
      found.push(type);
      rest = rest.slice(type.length);
    }
    return found;
  });
}

/**
 * Lists the ways to order `change`: each is used if the BMC does not know the one before.
 *
 * @param allowed What the controller accepts; undefined or empty if it does not say.
 * @returns Empty if it accepts nothing for this change.
 */
export function waysOf(change: PowerChange, allowed: readonly string[] | undefined): readonly string[] {
  const ways = WAYS[change];
  if (allowed === undefined || allowed.length === 0) return ways.filter((way) => way !== CRAY_OFF);
  const values = separateResetTypes(allowed);
  const listed = ways.filter((way) => values.includes(way));
  if (change !== "off" || listed.length > 0) return listed;
  // A list without a way to cut the power is wrong more often than right; a graceful shutdown is the next best.
  return [...ways, ...WAYS.shutdown.filter((way) => values.includes(way))];
}

/** Converts `powerState` (Resource.PowerState, DSP0268). */
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
