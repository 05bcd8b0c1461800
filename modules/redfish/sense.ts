import type { Ask, Sensors } from "../power/mod.ts";
import type { RedfishClient } from "./client.ts";
import type { Resource } from "./resources.ts";
import {
  type ChassisLinks,
  readChassis,
  readEnvironmentTemperature,
  readEnvironmentWatts,
  readPower,
  readThermal,
  readThermalMetrics,
  readThermalMetricsLink,
} from "./sensor_resources.ts";
import type { Access } from "./sessions.ts";

/** Where a machine's sensors are: found once and remembered. */
export interface SensorPlaces extends ChassisLinks {
  /** The new kind of ThermalMetrics. */
  readonly metrics: string | undefined;
}

/** The largest number of chassis to search for sensors. */
const MAX_CHASSIS = 4;

/**
 * Finds the sensors: in the first of the `chassis` that has any.
 *
 * @param access How to authenticate.
 * @param client Sends the requests.
 * @param ask Limits of the requests.
 */
export async function findSensors(
  chassis: readonly string[],
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<SensorPlaces | undefined> {
  for (const uri of chassis.slice(0, MAX_CHASSIS)) {
    const places = readChassis(await client.get(access, uri, ask));
    if (Object.values(places).every((place) => place === undefined)) continue;
    const subsystem = places.thermalSubsystem;
    const metrics = subsystem === undefined
      ? undefined
      : readThermalMetricsLink(await client.get(access, subsystem, ask));
    return { ...places, metrics };
  }
  return undefined;
}

/**
 * Reads the sensors at `places`: the new kind if it exists and has values, otherwise the old one.
 *
 * @param access How to authenticate.
 * @param client Sends the requests.
 * @param ask Limits of the requests.
 */
export async function readSensors(
  places: SensorPlaces,
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<Sensors> {
  const { environment, metrics, thermal, power } = places;
  async function reading(uri: string | undefined, read: (resource: Resource) => number | undefined) {
    return uri === undefined ? undefined : read(await client.get(access, uri, ask));
  }
  const about = environment === undefined ? {} : await client.get(access, environment, ask);
  const inlet = await reading(metrics, readThermalMetrics) ?? await reading(thermal, readThermal) ??
    readEnvironmentTemperature(about);
  const watts = readEnvironmentWatts(about) ?? await reading(power, readPower);
  return { ...(inlet !== undefined && { inlet }), ...(watts !== undefined && { watts }) };
}
