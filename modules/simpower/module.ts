import { defineModule, type Module } from "../../src/module/mod.ts";
import { type BmcLogs, startPower } from "../power/mod.ts";
import { createRedfishDriver, type Exchange } from "../redfish/mod.ts";
import { simpowerConfigOf } from "./config.ts";
import { simpowerDeclaration } from "./declaration.ts";

/** How long one answer of a simulated controller may take, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Makes the module that powers simulated machines. It belongs into an aggregator.
 *
 * @param options `exchange` is how to reach controllers, HTTP by default. `bootUri` says where a machine that is
 * powered on finds the aggregator that serves it, as `mqtt://broker/UUID`: simulated machines have no boot server to ask. `logs` takes in how event
 * logs are read.
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
