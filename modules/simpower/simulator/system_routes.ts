import type { Context, Hono } from "hono";
import { isRecord } from "../../../src/state/mod.ts";
import { collection, jsonBody, malformed, redfishError, ROOT, type WithSystem } from "./answers.ts";
import { chassisOf } from "./chassis_routes.ts";
import { type Controller, RESET_TYPES, type ResetType } from "./controller.ts";

const SYSTEMS = `${ROOT}/Systems`;
/** The most resets that can be told to fail. */
const MAX_FAIL = 1_000_000;
const BOOT_TARGETS = ["None", "Pxe", "Hdd", "UefiHttp"] as const;
const BOOT_ENABLED = ["Disabled", "Once", "Continuous"] as const;

/** What a system was told to boot from. Its machine has no disk, and boots from the network in any case. */
interface Boot {
  readonly BootSourceOverrideEnabled: string;
  readonly BootSourceOverrideTarget: string;
  readonly HttpBootUri?: string;
}

/** Adds ComputerSystems with their Reset action, and `Oem/Kraken.Simulate`. */
export function addSystems(app: Hono, controllers: readonly Controller[], withSystem: WithSystem): void {
  const boots = new Map<string, Boot>();

  function resource(system: Controller) {
    const id = `${SYSTEMS}/${system.name}`;
    return {
      "@odata.id": id,
      "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
      Id: system.name,
      Name: system.name,
      SystemType: "Virtual",
      UUID: system.id,
      PowerState: system.power,
      Status: { State: system.power === "On" ? "Enabled" : "StandbyOffline", Health: "OK" },
      Boot: {
        ...boots.get(system.name) ?? { BootSourceOverrideEnabled: "Disabled", BootSourceOverrideTarget: "None" },
        "BootSourceOverrideTarget@Redfish.AllowableValues": BOOT_TARGETS,
      },
      Links: { Chassis: [{ "@odata.id": chassisOf(system) }] },
      Actions: {
        "#ComputerSystem.Reset": {
          target: `${id}/Actions/ComputerSystem.Reset`,
          "ResetType@Redfish.AllowableValues": RESET_TYPES,
        },
      },
    };
  }
  async function setBoot(c: Context, system: Controller): Promise<Response> {
    const body = await jsonBody(c);
    const boot = body?.["Boot"];
    if (!isRecord(boot)) return malformed(c);
    const before = boots.get(system.name);
    const enabled = boot["BootSourceOverrideEnabled"] ?? before?.BootSourceOverrideEnabled ?? "Once";
    const target = boot["BootSourceOverrideTarget"] ?? before?.BootSourceOverrideTarget ?? "None";
    const uri = boot["HttpBootUri"];
    if (uri !== undefined && (typeof uri !== "string" || system.machine.bootFrom?.(uri) !== true)) {
      const message = `The value ${JSON.stringify(uri)} of 'HttpBootUri' is no URI such as mqtt://127.0.0.1:1883/UUID`;
      return redfishError(c, 400, "PropertyValueFormatError", message);
    }
    if (!isOne(BOOT_ENABLED, enabled)) return notInList(c, "BootSourceOverrideEnabled", enabled, BOOT_ENABLED);
    if (!isOne(BOOT_TARGETS, target)) return notInList(c, "BootSourceOverrideTarget", target, BOOT_TARGETS);
    boots.set(system.name, {
      BootSourceOverrideEnabled: enabled,
      BootSourceOverrideTarget: target,
      ...(typeof uri === "string" && { HttpBootUri: uri }),
    });
    return c.json(resource(system));
  }

  app.get(
    SYSTEMS,
    (c) =>
      c.json(
        collection(
          SYSTEMS,
          "ComputerSystemCollection",
          "Simulated machines",
          controllers.map(({ name }) => `${SYSTEMS}/${name}`),
        ),
      ),
  );
  app.get(`${SYSTEMS}/:name`, withSystem((c, system) => c.json(resource(system))));
  app.patch(`${SYSTEMS}/:name`, withSystem(setBoot));
  app.post(`${SYSTEMS}/:name/Actions/ComputerSystem.Reset`, withSystem(reset));
  app.get(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem((c, system) => c.json(system.counters)));
  app.post(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem(simulate));
}

async function reset(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  if (body === undefined) return malformed(c);
  const type = body["ResetType"];
  if (type === undefined) {
    return redfishError(c, 400, "ActionParameterMissing", "The action ComputerSystem.Reset requires 'ResetType'");
  }
  if (!isOne<ResetType>(RESET_TYPES, type)) {
    const message = `The value ${JSON.stringify(type)} of 'ResetType' is not one of ${RESET_TYPES.join(", ")}`;
    return redfishError(c, 400, "ActionParameterValueNotInList", message);
  }
  if (!system.reset(type)) return redfishError(c, 500, "InternalError", "The controller failed, as it was told to");
  return c.body(null, 204);
}

async function simulate(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  if (body === undefined) return malformed(c);
  const { hang, fail } = body;
  if (hang !== undefined && typeof hang !== "boolean") {
    return redfishError(c, 400, "PropertyValueTypeError", "The value of 'hang' is not true or false");
  }
  if (fail !== undefined && !isCount(fail)) {
    const message = `The value of 'fail' is not an integer from 0 to ${MAX_FAIL}`;
    return redfishError(c, 400, "PropertyValueTypeError", message);
  }
  system.simulate({ ...(hang === undefined ? {} : { hang }), ...(fail === undefined ? {} : { fail }) });
  return c.body(null, 204);
}

function notInList(c: Context, name: string, value: unknown, list: readonly string[]): Response {
  const message = `The value ${JSON.stringify(value)} of '${name}' is not one of ${list.join(", ")}`;
  return redfishError(c, 400, "PropertyValueNotInList", message);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_FAIL;
}

function isOne<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.some((one) => one === value);
}
