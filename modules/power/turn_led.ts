import { DeclinedError, MistakeError, type ModuleContext, type MutationRun } from "../../src/module/mod.ts";
import type { PowerDriver } from "./driver.ts";
import type { Led } from "./led.ts";

/**
 * Has the controller turn the LED, and states what it says of it then.
 *
 * @throws {DeclinedError} When it says that the LED is not so.
 */
export async function turnLed(driver: PowerDriver, run: MutationRun, led: Led): Promise<void> {
  if (driver.turnLed === undefined) {
    throw new MistakeError(`Cannot turn the identify LED of '${run.node.name}': its kind of controller has none`);
  }
  const said = await driver.turnLed(run.node, led, { signal: run.signal, urgent: true, queued: run.queued });
  if (said !== led) {
    throw new DeclinedError(
      `The controller was told that the identify LED is to be ${led}, and says that it is ${said ?? "unknown"}`,
    );
  }
  run.discover("/bmc/led", led);
}

/** States what a controller says of the LED beside the power. */
export function showLed(context: ModuleContext, nodeId: string, led: Led | undefined): void {
  if (led !== undefined && context.node(nodeId)?.view.get("/bmc/led") !== led) {
    context.discover(nodeId, "/bmc/led", led);
  }
}
