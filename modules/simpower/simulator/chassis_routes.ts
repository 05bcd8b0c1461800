import type { Hono } from "hono";
import { collection, missing, ROOT, type WithSystem } from "./answers.ts";
import type { ControllerConfig } from "./config.ts";
import type { Controller } from "./controller.ts";

const CHASSIS = `${ROOT}/Chassis`;

/** The chassis that a system is in. */
export function chassisOf(system: Controller): string {
  return `${CHASSIS}/${system.name}`;
}

/** Adds a Chassis to each system, with its sensors: of the new kind, of the old one, or without. */
export function addChassis(
  app: Hono,
  controllers: readonly Controller[],
  sensors: ControllerConfig["sensors"],
  withSystem: WithSystem,
): void {
  app.get(
    CHASSIS,
    (c) => c.json(collection(CHASSIS, "ChassisCollection", "Simulated chassis", controllers.map(chassisOf))),
  );
  app.get(
    `${CHASSIS}/:name`,
    withSystem((c, system) => {
      const id = chassisOf(system);
      const places = { new: ["ThermalSubsystem", "EnvironmentMetrics"], old: ["Thermal", "Power"], none: [] }[sensors];
      return c.json({
        "@odata.id": id,
        "@odata.type": "#Chassis.v1_25_0.Chassis",
        Id: system.name,
        Name: system.name,
        ChassisType: "Sled",
        Status: { State: "Enabled", Health: "OK" },
        ...Object.fromEntries(places.map((place) => [place, { "@odata.id": `${id}/${place}` }])),
      });
    }),
  );
  /** A resource below a chassis, with what it says of the sensors. */
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
        const id = `${chassisOf(system)}/${path}`;
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
