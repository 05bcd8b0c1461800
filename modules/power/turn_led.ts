import { DeclinedError, MistakeError, type MutationRun } from "../../src/module/mod.ts";
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
