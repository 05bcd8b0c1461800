import { defineModule, type Module } from "../../src/module/mod.ts";
import { startPower } from "../power/mod.ts";
import { powermanConfigOf } from "./config.ts";
import { connectPowerman } from "./connection.ts";
import { powermanDeclaration } from "./declaration.ts";
import { type Connect, createPowermanDriver } from "./driver.ts";

/**
 * Creates the module that powers machines through powermand, for an aggregator.
 *
 * @param options `connect` makes connections, over TCP by default.
 */
export function createPowermanModule(options: { readonly connect?: Connect } = {}): Module {
  return defineModule(powermanDeclaration, (context) => {
    const settings = () => powermanConfigOf(context.config());
    const power = startPower(context, {
      platform: "powerman",
      settings,
      makeDriver: (context) => createPowermanDriver(context, { settings, connect: options.connect ?? connectPowerman }),
    });
    return { mutations: power.mutations, stop: power.stop };
  });
}
