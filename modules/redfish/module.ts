import { defineModule, type Module } from "../../src/module/mod.ts";
import { type BmcLogs, startPower } from "../power/mod.ts";
import { redfishConfigOf } from "./config.ts";
import { redfishDeclaration } from "./declaration.ts";
import { createRedfishDriver } from "./driver.ts";
import type { Exchange } from "./exchange.ts";

/** How long one answer may take, in milliseconds: some controllers need many seconds, especially after a reset. */
const PATIENCE = 30_000;

/**
 * Creates the module that powers machines over Redfish, for an aggregator.
 *
 * @param options `exchange` reaches controllers, over HTTP by default. `logs` receives how to read event logs.
 */
export function createRedfishModule(options: { readonly exchange?: Exchange; readonly logs?: BmcLogs } = {}): Module {
  return defineModule(redfishDeclaration, (context) => {
    const settings = () => redfishConfigOf(context.config());
    const power = startPower(context, {
      platform: "redfish",
      settings,
      logs: options.logs,
      makeDriver: (context, look) =>
        createRedfishDriver(context, look, {
          ...{ module: "redfish", settings, patience: PATIENCE },
          ...(options.exchange !== undefined && { exchange: options.exchange }),
        }),
    });
    return {
      mutations: {
        ...power.mutations,
        ...power.resets,
        ...power.leds,
        ...power.blinks,
        interrupt: power.interrupt,
        "restart-hang": power.restart,
      },
      stop: power.stop,
    };
  });
}
