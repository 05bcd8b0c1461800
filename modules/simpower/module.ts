import { defineModule, type Module } from "../../src/module/mod.ts";
import { type BmcLogs, startPower } from "../power/mod.ts";
import { createRedfishDriver, type Exchange } from "../redfish/mod.ts";
import { simpowerConfigOf } from "./config.ts";
import { simpowerDeclaration } from "./declaration.ts";

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
