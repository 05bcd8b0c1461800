import type { Power, PowerChange } from "../power/mod.ts";

/** HPE Cray EX has no GracefulShutdown: its `Off`, beside `ForceOff`, asks what runs there to end. Only asked for where it is listed. */
const CRAY_OFF = "Off";

/** The ResetTypes (Resource.ResetType, DSP0268) that bring a change about, the best one first. */
const WAYS: { readonly [change in PowerChange]: readonly string[] } = {
  // The button is a toggle: it is only pressed when the machine is off.
  on: ["On", "ForceOn", "PushPowerButton"],
  off: ["ForceOff"],
  shutdown: ["GracefulShutdown", CRAY_OFF],
  restart: ["ForceRestart"],
  interrupt: ["Nmi"],
};

/** Every value of ResetType (Resource.ResetType, DSP0268) that may be listed, and `Off`, which is none, the longest first. */
const RESET_TYPES = [
  ...["GracefulShutdown", "GracefulRestart", "FullPowerCycle", "PushPowerButton", "ForceRestart", "PowerCycle"],
  ...["ForceOff", "ForceOn", "Suspend", "Resume", "Pause", "Nmi", "Off", "On"],
];

/** A list of values as it should be: some firmware has two of them in one string, such as `GracefulShutdownGracefulRestart`. */
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
 * Chooses how to ask for a change: each way is for where the BMC does not know the one before.
 *
 * @param allowed What the controller takes; undefined, or nothing at all, where it does not say.
 * @returns Nothing when it takes nothing that would bring the change about.
 */
export function waysOf(change: PowerChange, allowed: readonly string[] | undefined): readonly string[] {
  const ways = WAYS[change];
  if (allowed === undefined || allowed.length === 0) return ways.filter((way) => way !== CRAY_OFF);
  const values = separateResetTypes(allowed);
  const listed = ways.filter((way) => values.includes(way));
  if (change !== "off" || listed.length > 0) return listed;
  // A list without a way to cut the power is wrong more often than right; the next best is to ask the machine.
  return [...ways, ...WAYS.shutdown.filter((way) => values.includes(way))];
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
