import { defineExtension, enumeration } from "../../src/state/mod.ts";

/** The state of a machine's identify LED. */
export type Led = "OFF" | "ON" | "BLINKING";

/** The identify LED of machines. */
export const leds = defineExtension("led", {
  "/bmc/led": {
    type: enumeration("UNKNOWN", "OFF", "ON", "BLINKING"),
    writer: "parent",
    about: "State of the machine's identify LED, as its controller reports it or, if it does not, as last ordered",
    knownWhile: {},
  },
});

/** Makes the mutations of the identify LED, for a `platform` whose controllers have one. They do not disturb users. */
export function ledMutations(platform: string) {
  return {
    "led-first-on": turn(platform, "UNKNOWN", "ON"),
    "led-first-off": turn(platform, "UNKNOWN", "OFF"),
    "led-on": turn(platform, "OFF", "ON"),
    "led-off": turn(platform, "ON", "OFF"),
  } as const;
}

/** Makes the same mutations for a `platform` on which the LED can also blink. */
export function blinkMutations(platform: string) {
  return {
    "led-first-blink": turn(platform, "UNKNOWN", "BLINKING"),
    "led-blink": turn(platform, "OFF", "BLINKING"),
    "led-on-blink": turn(platform, "ON", "BLINKING"),
    "led-blink-on": turn(platform, "BLINKING", "ON"),
    "led-blink-off": turn(platform, "BLINKING", "OFF"),
  } as const;
}

function turn<const From extends Led | "UNKNOWN", const To extends Led>(platform: string, from: From, to: To) {
  const words: { readonly [led in Led]: string } = { OFF: "off", ON: "on", BLINKING: "to blinking" };
  return {
    context: "parent",
    changes: { "/bmc/led": [from, to] },
    requires: { "/platform": platform },
    timeout: 60_000,
    about: `Turns the identify LED ${words[to]}`,
  } as const;
}
