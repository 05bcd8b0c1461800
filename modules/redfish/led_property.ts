import type { Led } from "../power/mod.ts";

/** A resource as received. */
type Resource = { readonly [name: string]: unknown };

/** IndicatorLED (DSP0268, deprecated in favour of LocationIndicatorActive). */
const INDICATORS: { readonly [led in Led]: string } = { OFF: "Off", ON: "Lit", BLINKING: "Blinking" };

/** The identify LED of a resource. */
export interface LedReading {
  readonly property: "LocationIndicatorActive" | "IndicatorLED";
  /** Undefined if the state is unknown. */
  readonly led: Led | undefined;
}

/**
 * Reads the identify LED of a ComputerSystem or a Chassis. @param resource The resource. @returns Undefined if it has
 * none.
 */
export function readLed(resource: Resource): LedReading | undefined {
  const active = resource["LocationIndicatorActive"];
  if (typeof active === "boolean") return { property: "LocationIndicatorActive", led: active ? "ON" : "OFF" };
  const indicator = resource["IndicatorLED"];
  if (typeof indicator === "string") {
    const led = (["OFF", "ON", "BLINKING"] as const).find((each) => INDICATORS[each] === indicator);
    return { property: "IndicatorLED", led };
  }
  if (active === null) return { property: "LocationIndicatorActive", led: undefined };
  return indicator === null ? { property: "IndicatorLED", led: undefined } : undefined;
}

/** Returns the body that sets the LED `property` to `led`; undefined if it does not support that. */
export function ledPatch(property: LedReading["property"], led: Led): Resource | undefined {
  if (property === "IndicatorLED") return { IndicatorLED: INDICATORS[led] };
  return led === "BLINKING" ? undefined : { LocationIndicatorActive: led === "ON" };
}
