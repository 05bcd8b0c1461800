import type { Context, Hono } from "hono";
import { collection, jsonBody, malformedAnswer, REDFISH_ROOT, redfishError } from "./answers.ts";
import { addBootOverride } from "./boot_override.ts";
import { chassisOf } from "./chassis_routes.ts";
import type { Controller } from "./controller.ts";
import { addInterfaces, managerOf } from "./manager_routes.ts";
import { addReset, resetActionOf } from "./reset_action.ts";
import { type Site, toldPower } from "./site.ts";

const SYSTEMS = `${REDFISH_ROOT}/Systems`;
/** The largest number of resets that can be told to fail. */
const MAX_FAIL = 1_000_000;

/** Adds to `app` ComputerSystems for the machines of `site`, with their Reset action and `Oem/Kraken.Simulate`. */
export function addSystems(app: Hono, site: Site): void {
  const { form, controllers, withSystem } = site;
  const boots = addBootOverride(app, site, (c, system) => c.json(resource(system)));

  function resource(system: Controller): object {
    const id = site.uriOf(system);
    const on = system.power === "On";
    return {
      "@odata.id": id,
      "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
      Id: site.idOf(system),
      Name: system.name,
      SystemType: "Physical",
      Manufacturer: "Kraken",
      BiosVersion: "1.0",
      Model: "Simulated machine",
      SerialNumber: system.id.slice(0, 8).toUpperCase(),
      UUID: system.id,
      PowerState: toldPower(system.power, form),
      Status: { State: on ? "Enabled" : "StandbyOffline", Health: "OK" },
      LocationIndicatorActive: boots.isLit(system),
      Boot: boots.of(system),
      EthernetInterfaces: { "@odata.id": `${id}/EthernetInterfaces` },
      LogServices: { "@odata.id": `${id}/LogServices` },
      Links: {
        Chassis: [{ "@odata.id": chassisOf(system, site) }],
        ManagedBy: [{ "@odata.id": managerOf(system, site) }],
      },
      Actions: resetActionOf(system, site),
    };
  }
  const others = form.resource === "Systems" ? form.others : [];
  app.get(SYSTEMS, (c) => {
    // Other systems are listed first, so that a client that takes the first member takes a wrong one.
    const members = [...others.map(({ id }) => `${SYSTEMS}/${id}`), ...controllers.map(site.uriOf)];
    return c.json(collection(SYSTEMS, "ComputerSystemCollection", "Simulated machines", members));
  });
  for (const { id, answers } of others) {
    app.get(`${SYSTEMS}/${id}`, (c) => {
      if (answers === "503") return redfishError(c, 503, "ServiceTemporarilyUnavailable", "It is not ready");
      const about = { "@odata.id": `${SYSTEMS}/${id}`, "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem" };
      return c.json({ ...about, Id: id, Name: id, SystemType: "Physical", PowerState: "On" });
    });
  }
  app.get(`${SYSTEMS}/:name`, withSystem((c, system) => c.json(resource(system))));
  addInterfaces(app, site);
  addReset(app, site);
  app.get(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem((c, system) => c.json(system.counters)));
  app.post(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem(simulate));
}

async function simulate(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  if (body === undefined) return malformedAnswer(c);
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

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_FAIL;
}
