import type { Hono } from "hono";
import { collection, missing, REDFISH_ROOT } from "./answers.ts";
import type { ControllerConfig } from "./config.ts";
import type { Controller } from "./controller.ts";
import { addReset, resetActionOf } from "./reset_action.ts";
import { type Site, toldPower } from "./site.ts";

const CHASSIS = `${REDFISH_ROOT}/Chassis`;

/**
 * Returns the chassis that contains `system` or, in forms without ComputerSystems, that it is.
 *
 * @param site The machines.
 */
export function chassisOf(system: Controller, site: Site): string {
  return `${CHASSIS}/${site.idOf(system)}`;
}

/**
 * Adds a Chassis for each system to `app`, with sensors of the new kind, of the old one, or none.
 *
 * @param site The machines.
 * @param sensors The kind of sensors.
 */
export function addChassis(app: Hono, site: Site, sensors: ControllerConfig["sensors"]): void {
  const { form, controllers, withSystem } = site;
  const isMachine = form.resource === "Chassis";
  const others = isMachine ? form.others : [];
  app.get(CHASSIS, (c) => {
    const members = [
      ...others.map(({ id }) => `${CHASSIS}/${id}`),
      ...controllers.map((each) => chassisOf(each, site)),
    ];
    return c.json(collection(CHASSIS, "ChassisCollection", "Simulated chassis", members));
  });
  for (const { id } of others) {
    const about = { "@odata.id": `${CHASSIS}/${id}`, "@odata.type": "#Chassis.v1_25_0.Chassis", Id: id, Name: id };
    app.get(`${CHASSIS}/${id}`, (c) => c.json({ ...about, ChassisType: "Enclosure", PowerState: "On" }));
  }
  app.get(
    `${CHASSIS}/:name`,
    withSystem((c, system) => {
      const id = chassisOf(system, site);
      const places = { new: ["ThermalSubsystem", "EnvironmentMetrics"], old: ["Thermal", "Power"], none: [] }[sensors];
      return c.json({
        "@odata.id": id,
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        Id: site.idOf(system),
        Name: system.name,
        ChassisType: isMachine ? "Blade" : "Sled",
        Status: { State: "Enabled", Health: "OK" },
        ...(isMachine
          ? { PowerState: toldPower(system.power, form), Actions: resetActionOf(system, site) }
          : { Links: { ComputerSystems: [{ "@odata.id": site.uriOf(system) }] } }),
        ...Object.fromEntries(places.map((place) => [place, { "@odata.id": `${id}/${place}` }])),
      });
    }),
  );
  if (isMachine) addReset(app, site);
  /** Returns a resource below a chassis, with its readings. */
  function below(
    kind: typeof sensors,
    path: string,
    type: string,
    content: (system: Controller, id: string) => object,
  ) {
    app.get(
      `${CHASSIS}/:name/${path}`,
      withSystem((c, system) => {
        if (kind !== sensors) return missing(c);
        const id = `${chassisOf(system, site)}/${path}`;
        const name = path.split("/").at(-1);
        return c.json({ "@odata.id": id, "@odata.type": type, Id: name, Name: name, ...content(system, id) });
      }),
    );
  }
  below("new", "ThermalSubsystem", "#ThermalSubsystem.v1_3_0.ThermalSubsystem", (_system, id) => ({
    ThermalMetrics: { "@odata.id": `${id}/ThermalMetrics` },
  }));
  below("new", "ThermalSubsystem/ThermalMetrics", "#ThermalMetrics.v1_3_0.ThermalMetrics", (system) => ({
    TemperatureSummaryCelsius: { Intake: { Reading: system.sensors.inlet } },
  }));
  below("new", "EnvironmentMetrics", "#EnvironmentMetrics.v1_4_0.EnvironmentMetrics", (system) => ({
    PowerWatts: { Reading: system.sensors.watts },
  }));
  below("old", "Thermal", "#Thermal.v1_7_1.Thermal", (system) => ({
    Temperatures: [
      { MemberId: "0", Name: "CPU Temp", PhysicalContext: "CPU", ReadingCelsius: 48 },
      { MemberId: "1", Name: "Inlet Temp", PhysicalContext: "Intake", ReadingCelsius: system.sensors.inlet },
    ],
  }));
  below("old", "Power", "#Power.v1_7_1.Power", (system) => ({
    PowerControl: [{ MemberId: "0", Name: "System", PowerConsumedWatts: system.sensors.watts }],
  }));
}
