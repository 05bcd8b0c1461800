import { defineModule, type Module } from "../../src/module/mod.ts";
import { type BmcLogs, startPower } from "../power/mod.ts";
import { ipmiConfigOf } from "./config.ts";
import { ipmiDeclaration } from "./declaration.ts";
import { createIpmiDriver } from "./driver.ts";
import { type RunIpmitool, runIpmitool } from "./commands.ts";

/**
 * Creates the module that powers machines over IPMI, for an aggregator on a machine that has ipmitool. Without ipmitool
 * each node reports that in its `/bmc/error`.
 *
 * @param options `run` runs ipmitool, Debian's by default. `logs` receives how to read event logs.
 */
export function createIpmiModule(options: { readonly run?: RunIpmitool; readonly logs?: BmcLogs } = {}): Module {
  return defineModule(ipmiDeclaration, (context) => {
    const settings = () => ipmiConfigOf(context.config());
    const power = startPower(context, {
      platform: "ipmi",
      settings,
      logs: options.logs,
      makeDriver: (context) => createIpmiDriver(context, { settings, run: options.run ?? runIpmitool }),
    });
    return {
      mutations: {
        ...power.mutations,
        ...power.resets,
        ...power.leds,
        interrupt: power.interrupt,
        "restart-hang": power.restart,
      },
      stop: power.stop,
    };
  });
}
