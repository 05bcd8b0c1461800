/** Redfish's Resource.PowerState. */
export type PowerState = "Off" | "PoweringOn" | "On" | "PoweringOff";
/** The ResetType values of ComputerSystem.Reset that are simulated. */
export type ResetType =
  | "On"
  | "ForceOff"
  | "GracefulShutdown"
  | "GracefulRestart"
  | "ForceRestart"
  | "PowerCycle"
  | "Nmi"
  | "PushPowerButton";
