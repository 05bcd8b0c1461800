import { DeclinedError, MistakeError, type ModuleContext, type MutationRun } from "../../src/module/mod.ts";
import type { PowerDriver } from "./driver.ts";
import type { Led } from "./led.ts";

/**
 * Makes the controller turn the LED, and reports the LED's state.
 *
 * @param driver The driver of the controller.
 * @param run The mutation's run.
 * @param led The state that the LED should have.
 * @throws {MistakeError} If this kind of controller has no LED.
 * @throws {DeclinedError} If the controller reports another state.
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

/**
 * Reports the LED's state that a controller told along with the power.
 *
 * @param context The module's context.
 * @param nodeId The node's UUID.
 * @param led The state; undefined if it was not told.
 */
export function showLed(context: ModuleContext, nodeId: string, led: Led | undefined): void {
  if (led !== undefined && context.node(nodeId)?.view.get("/bmc/led") !== led) {
    context.discover(nodeId, "/bmc/led", led);
  }
}
