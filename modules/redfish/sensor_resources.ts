import { isRecord } from "../../src/state/mod.ts";
import { link, part, type Resource } from "./resources.ts";

/**
 * The sensor resources of a Chassis (DSP0268): of the new kind, and of the deprecated one, which is the most common.
 */
export interface ChassisLinks {
  readonly environment: string | undefined;
  readonly thermalSubsystem: string | undefined;
  readonly thermal: string | undefined;
  readonly power: string | undefined;
}

/** Reads the links of `chassis`. */
export function readChassis(chassis: Resource): ChassisLinks {
  return {
    environment: link(chassis["EnvironmentMetrics"]),
    thermalSubsystem: link(chassis["ThermalSubsystem"]),
    thermal: link(chassis["Thermal"]),
    power: link(chassis["Power"]),
  };
}

/** Reads the watts of the EnvironmentMetrics `metrics`. */
export function readEnvironmentWatts(metrics: Resource): number | undefined {
  return watts(part(metrics, "PowerWatts")["Reading"]);
}

/**
 * Reads the temperature of the EnvironmentMetrics `metrics`, in degrees Celsius: that of the chassis, which is that of
 * its inlet.
 */
export function readEnvironmentTemperature(metrics: Resource): number | undefined {
  return celsius(part(metrics, "TemperatureCelsius")["Reading"]);
}

/** Reads the link to the metrics of the ThermalSubsystem `subsystem`. */
export function readThermalMetricsLink(subsystem: Resource): string | undefined {
  return link(subsystem["ThermalMetrics"]);
}

/** Reads the inlet temperature of the ThermalMetrics `metrics`, in degrees Celsius. */
export function readThermalMetrics(metrics: Resource): number | undefined {
  const summary = part(metrics, "TemperatureSummaryCelsius");
  return celsius(part(summary, "Intake")["Reading"]) ?? celsius(part(summary, "Ambient")["Reading"]);
}

/**
 * Reads the inlet temperature of the Thermal resource `thermal`, in degrees Celsius: by its context, otherwise by
 * vendors' names.
 */
export function readThermal(thermal: Resource): number | undefined {
  const all = records(thermal["Temperatures"]);
  const byContext = all.find((each) => each["PhysicalContext"] === "Intake");
  const byName = all.find((each) => typeof each["Name"] === "string" && /inlet|intake|ambient/i.test(each["Name"]));
  return celsius(byContext?.["ReadingCelsius"]) ?? celsius(byName?.["ReadingCelsius"]);
}

/** Reads the watts of the Power resource `power`: of the first control, which is the whole chassis. */
export function readPower(power: Resource): number | undefined {
  return watts(records(power["PowerControl"])[0]?.["PowerConsumedWatts"]);
}

function records(value: unknown): readonly Resource[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Returns a plausible temperature: some controllers report 0 or 255 for missing sensors. */
function celsius(value: unknown): number | undefined {
  return typeof value === "number" && value > -50 && value < 150 && value !== 0 ? value : undefined;
}

function watts(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= 1_000_000 ? value : undefined;
}
