import { isRecord, type Value } from "../../src/state/mod.ts";
import type { PowerSettings } from "../power/mod.ts";
import type { RedfishSettings } from "../redfish/controller_access.ts";

/** Default interval between two readings of a controller, and of its sensors, in milliseconds. */
const POLL = 2_000;
const SENSE = 60_000;

/** Reads the module's `config`, which the host has checked. */
export function simpowerConfigOf(config: Value | undefined): RedfishSettings & PowerSettings {
  const given = isRecord(config) ? config : {};
  return {
    endpoint: typeof given["endpoint"] === "string" ? given["endpoint"] : undefined,
    // Simulated controllers listen on loopback and require no credentials.
    ...{ credentials: false, ca: undefined, auth: "basic", tls: "verified" },
    poll: typeof given["poll"] === "number" ? given["poll"] : POLL,
    sense: SENSE,
    // Their machines are drained before, and report their state truthfully.
    graceful: 0,
    settle: 0,
  };
}
