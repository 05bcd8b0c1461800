import type { Clock } from "../../src/clock.ts";
import { MistakeError } from "../../src/module/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import type { Ask, Led } from "../power/mod.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { ledPatch, readLed } from "./led_property.ts";
import type { Access } from "./sessions.ts";

/** How often the LED is read until it is as ordered, and the pause between, in milliseconds. */
const LOOKS = 5;
const LOOK_REST = 1_000;
/** The largest number of chassis to search for an LED. */
const MAX_CHASSIS = 4;

/**
 * Turns the identify LED of a machine, which is that of the first resource that has one, and reads it again.
 *
 * @param led The wanted state.
 * @param client Sends the requests.
 * @throws {MistakeError} If no resource has one, or it cannot blink.
 */
export async function turnLed(
  led: Led,
  { places, access, ask, clock }: {
    readonly places: readonly (string | URL)[];
    readonly access: Access;
    readonly ask: Ask;
    readonly clock: Clock;
  },
  client: RedfishClient,
): Promise<Led | undefined> {
  for (const place of places.slice(0, MAX_CHASSIS + 1)) {
    const url = client.resolve(access, place);
    const found = readLed(await client.get(access, url, ask));
    if (found === undefined) continue;
    if (found.led === led) return led;
    const body = ledPatch(found.property, led);
    if (body === undefined) throw new MistakeError(`The identify LED of ${url.href} can't blink: expected ON or OFF`);
    try {
      await client.send(access, { method: "PATCH", url, body }, ask, url);
    } catch (error) {
      if (!(error instanceof RefusedError) || !error.unsupported || led === "OFF") throw error;
      const other = led === "ON" ? "BLINKING" : "ON";
      throw new MistakeError(`${error.message} (its identify LED may only know ${other} and OFF: set one of these)`);
    }
    for (let looks = 1;; looks++) {
      const said = readLed(await client.get(access, url, ask))?.led;
      if (said === led || looks === LOOKS) return said;
      await pause(clock, LOOK_REST, ask.signal);
    }
  }
  throw new MistakeError("The controller has no identify LED, neither in the system nor in its chassis");
}
