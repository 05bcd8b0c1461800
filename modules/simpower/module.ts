import { defineModule, type Module } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import { type BmcLogs, type PowerSettings, startPower } from "../power/mod.ts";
import type { RedfishSettings } from "../redfish/controller_access.ts";
import { createRedfishDriver, type Exchange } from "../redfish/mod.ts";
import { simpowerDeclaration } from "./declaration.ts";

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

/** How long one answer of a simulated controller may take, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Creates the module that powers simulated machines, for an aggregator.
 *
 * @param options `exchange` reaches controllers, over HTTP by default. `bootUri` returns where a machine that is
 *   powered on finds its aggregator, as `mqtt://broker/UUID`: simulated machines have no boot server. `logs` receives
 *   how to read event logs.
 */
export function createSimpowerModule(
  options: { readonly exchange?: Exchange; readonly bootUri?: () => string | undefined; readonly logs?: BmcLogs } = {},
): Module {
  return defineModule(simpowerDeclaration, (context) => {
    const settings = () => simpowerConfigOf(context.config());
    const power = startPower(context, {
      platform: "sim",
      settings,
      logs: options.logs,
      makeDriver: (context, look) =>
        createRedfishDriver(context, look, {
          ...{ module: "simpower", settings, patience: PATIENCE },
          ...(options.exchange !== undefined && { exchange: options.exchange }),
          ...(options.bootUri !== undefined && { bootUri: options.bootUri }),
        }),
    });
    return {
      mutations: { ...power.mutations, ...power.resets, ...power.leds, ...power.blinks, interrupt: power.interrupt },
      stop: power.stop,
    };
  });
}
