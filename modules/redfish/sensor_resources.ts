import { isRecord } from "../../src/state/mod.ts";
import { link, part, type Resource } from "./resources.ts";

/** Where a Chassis (DSP0268) has its sensors: of the new kind, and of the one that is deprecated and most common. */
export interface ChassisLinks {
  readonly environment: string | undefined;
  readonly thermalSubsystem: string | undefined;
  readonly thermal: string | undefined;
  readonly power: string | undefined;
}

/** Reads a Chassis. */
export function readChassis(chassis: Resource): ChassisLinks {
  return {
    environment: link(chassis["EnvironmentMetrics"]),
    thermalSubsystem: link(chassis["ThermalSubsystem"]),
    thermal: link(chassis["Thermal"]),
    power: link(chassis["Power"]),
  };
}

/** Watts of an EnvironmentMetrics. */
export function readEnvironmentWatts(metrics: Resource): number | undefined {
  return watts(part(metrics, "PowerWatts")["Reading"]);
}

/** Degrees Celsius of an EnvironmentMetrics: of the chassis as a whole, which is what its inlet has. */
export function readEnvironmentTemperature(metrics: Resource): number | undefined {
  return celsius(part(metrics, "TemperatureCelsius")["Reading"]);
}

/** Where a ThermalSubsystem has its metrics. */
export function readThermalMetricsLink(subsystem: Resource): string | undefined {
  return link(subsystem["ThermalMetrics"]);
}

/** Degrees Celsius of the inlet by ThermalMetrics. */
export function readThermalMetrics(metrics: Resource): number | undefined {
  const summary = part(metrics, "TemperatureSummaryCelsius");
  return celsius(part(summary, "Intake")["Reading"]) ?? celsius(part(summary, "Ambient")["Reading"]);
}

/** Degrees Celsius of the inlet by a Thermal: by its context, otherwise by what vendors call it. */
export function readThermal(thermal: Resource): number | undefined {
  const all = records(thermal["Temperatures"]);
  const byContext = all.find((each) => each["PhysicalContext"] === "Intake");
  const byName = all.find((each) => typeof each["Name"] === "string" && /inlet|intake|ambient/i.test(each["Name"]));
  return celsius(byContext?.["ReadingCelsius"]) ?? celsius(byName?.["ReadingCelsius"]);
}

/** Watts of a Power: of the first control, which is the whole chassis. */
export function readPower(power: Resource): number | undefined {
  return watts(records(power["PowerControl"])[0]?.["PowerConsumedWatts"]);
}

function records(value: unknown): readonly Resource[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** A temperature that can be one: some controllers say 0 or 255 of sensors that are not there. */
function celsius(value: unknown): number | undefined {
  return typeof value === "number" && value > -50 && value < 150 && value !== 0 ? value : undefined;
}

function watts(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= 1_000_000 ? value : undefined;
}
