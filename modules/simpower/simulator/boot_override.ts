import type { Context, Hono } from "hono";
import { isRecord } from "../../../src/state/mod.ts";
import { jsonBody, malformedAnswer, REDFISH_ROOT, redfishError } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Site } from "./site.ts";

const TARGETS = ["None", "Pxe", "Hdd", "Cd", "Usb", "BiosSetup", "UefiHttp"] as const;
const ENABLED = ["Disabled", "Once", "Continuous"] as const;
const MODES = ["UEFI", "Legacy"] as const;

/** What a machine was told to boot from. Simulated machines have no disk, and always boot from the network. */
interface Boot {
  readonly BootSourceOverrideEnabled: string;
  readonly BootSourceOverrideTarget: string;
  readonly BootSourceOverrideMode: string;
  readonly HttpBootUri?: string;
}

/** What machines were told about booting and about their identify LEDs. */
export interface BootOverrides {
  /** Returns the `Boot` of a machine's ComputerSystem. */
  of(system: Controller): object;
  /** Tells whether its identify LED is lit. */
  isLit(system: Controller): boolean;
}

/**
 * Adds PATCH of a ComputerSystem's `Boot` and `LocationIndicatorActive` to `app`.
 *
 * @param site The machines.
 * @param answer Returns the resource for the answer.
 */
export function addBootOverride(
  app: Hono,
  site: Site,
  answer: (c: Context, system: Controller) => Response,
): BootOverrides {
  const boots = new Map<Controller, Boot>();
  const lit = new Map<Controller, boolean>();
  function before(system: Controller): Boot {
    return boots.get(system) ??
      { BootSourceOverrideEnabled: "Disabled", BootSourceOverrideTarget: "None", BootSourceOverrideMode: "UEFI" };
  }
  async function setBoot(c: Context, system: Controller): Promise<Response> {
    const body = await jsonBody(c);
    const light = body?.["LocationIndicatorActive"];
    const boot = body?.["Boot"];
    if (light !== undefined && typeof light !== "boolean") {
      const message = "The value of 'LocationIndicatorActive' is not true or false";
      return redfishError(c, 400, "PropertyValueTypeError", message);
    }
    if (light !== undefined) lit.set(system, light);
    if (boot === undefined && light !== undefined) return answer(c, system);
    if (!isRecord(boot)) return malformedAnswer(c);
    const known = before(system);
    const target = boot["BootSourceOverrideTarget"] ?? known.BootSourceOverrideTarget;
    const enabled = boot["BootSourceOverrideEnabled"] ??
      (known.BootSourceOverrideEnabled === "Disabled" ? "Once" : known.BootSourceOverrideEnabled);
    const mode = boot["BootSourceOverrideMode"] ?? known.BootSourceOverrideMode;
    const uri = boot["HttpBootUri"];
    if (uri !== undefined && (typeof uri !== "string" || system.machine.bootFrom?.(uri) !== true)) {
      const message = `The value ${JSON.stringify(uri)} of 'HttpBootUri' is no URI such as mqtt://127.0.0.1:1883/UUID`;
      return redfishError(c, 400, "PropertyValueFormatError", message);
    }
    if (!isOne(ENABLED, enabled)) return notInList(c, "BootSourceOverrideEnabled", enabled, ENABLED);
    if (!isOne(TARGETS, target)) return notInList(c, "BootSourceOverrideTarget", target, TARGETS);
    if (!isOne(MODES, mode)) return notInList(c, "BootSourceOverrideMode", mode, MODES);
    boots.set(system, {
      BootSourceOverrideEnabled: enabled,
      BootSourceOverrideTarget: target,
      BootSourceOverrideMode: mode,
      ...(typeof uri === "string" && { HttpBootUri: uri }),
    });
    return answer(c, system);
  }
  if (site.form.resource === "Systems") app.patch(`${REDFISH_ROOT}/Systems/:name`, site.withSystem(setBoot));
  return {
    isLit: (system) => lit.get(system) ?? false,
    of: (system) => ({
      ...before(system),
      "BootSourceOverrideEnabled@Redfish.AllowableValues": ENABLED,
      "BootSourceOverrideTarget@Redfish.AllowableValues": TARGETS,
      "BootSourceOverrideMode@Redfish.AllowableValues": MODES,
    }),
  };
}

function notInList(c: Context, name: string, value: unknown, list: readonly string[]): Response {
  const message = `The value ${JSON.stringify(value)} of '${name}' is not one of ${list.join(", ")}`;
  return redfishError(c, 400, "PropertyValueNotInList", message);
}

function isOne<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.some((one) => one === value);
}
