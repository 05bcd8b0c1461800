import type { Context } from "hono";
import { redfishError } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Site } from "./site.ts";

/** The LED of a machine as its resource has it: by the property of today, or the one before, where it has one. */
export function ledOf(system: Controller, { form, lit }: Site): object {
  const isLit = lit.has(system);
  if (form.led === "none") return {};
  return form.led === "location" ? { LocationIndicatorActive: isLit } : { IndicatorLED: isLit ? form.led : "Off" };
}

/** Takes what a PATCH says of it. @returns The answer where that can't be; undefined: it was taken, or says nothing of it. */
export function setLed(
  c: Context,
  body: { readonly [name: string]: unknown },
  system: Controller,
  { form, lit }: Site,
): Response | undefined {
  const name = form.led === "location" ? "LocationIndicatorActive" : "IndicatorLED";
  const value = body[name];
  if (value === undefined) return undefined;
  const on = form.led === "location" ? true : form.led;
  const off = form.led === "location" ? false : "Off";
  if (form.led === "none" || (value !== on && value !== off)) {
    return redfishError(
      c,
      400,
      "PropertyValueNotInList",
      `The value ${JSON.stringify(value)} of '${name}' is not known`,
    );
  }
  if (value === on) lit.add(system);
  else lit.delete(system);
  return undefined;
}
