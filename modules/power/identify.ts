import { DeclinedError, MistakeError, type MutationRun } from "../../src/module/mod.ts";
import type { Clock } from "../../src/clock.ts";
import { pause } from "../../src/pause.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";
import type { PowerDriver } from "./driver.ts";

/** The LED by which people find a machine in its rack. */
export const identifyLed = defineExtension("identify", {
  "/bmc/identify": {
    type: enumeration("UNKNOWN", "OFF", "LIT"),
    writer: "parent",
    about: "LED by which people find the machine in its rack",
    knownWhile: {},
  },
});

/** The mutations of that LED, for platforms whose controllers have one. */
export function identifyMutations(platform: string) {
  const shared = { context: "parent", requires: { "/platform": platform }, timeout: 60_000 } as const;
  const light = "Lights the LED by which people find the machine";
  const unlight = "Puts the LED out by which people find the machine";
  return {
    light: { ...shared, changes: { "/bmc/identify": ["OFF", "LIT"] }, about: light },
    unlight: { ...shared, changes: { "/bmc/identify": ["LIT", "OFF"] }, about: unlight },
    // Not every controller says how its LED is: it is told all the same.
    "light-first": { ...shared, changes: { "/bmc/identify": ["UNKNOWN", "LIT"] }, about: light },
    "unlight-first": { ...shared, changes: { "/bmc/identify": ["UNKNOWN", "OFF"] }, about: unlight },
  } as const;
}

/** The pause between two looks at an LED that was told what to be, in milliseconds. */
const LOOK_AGAIN = 1_000;

/**
 * Lights a machine's LED, or puts it out. It is done when the controller says so, where it says how its LED is, and when it took
 * the order otherwise.
 *
 * @throws {MistakeError} When it has none.
 * @throws {DeclinedError} When it says no.
 */
export async function turnLed(run: MutationRun, lit: boolean, driver: PowerDriver, clock: Clock): Promise<void> {
  const ask = { signal: run.signal, urgent: true, queued: run.queued };
  const outcome = await driver.led?.set(run.node, lit, ask) ?? { kind: "unsupported" };
  if (outcome.kind === "unsupported") {
    throw new MistakeError(`Cannot find '${run.node.name}' by an LED: its controller has none to identify it`);
  }
  if (outcome.kind !== "taken") {
    throw new DeclinedError(`The controller of '${run.node.name}' does not do it: ${outcome.said}`);
  }
  for (;;) {
    const said = await driver.led?.read(run.node, ask);
    if (said === undefined || said === lit) break;
    await pause(clock, LOOK_AGAIN, run.signal);
  }
  run.discover("/bmc/identify", lit ? "LIT" : "OFF");
}
