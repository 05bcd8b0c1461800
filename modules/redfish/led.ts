import type { Ask, Outcome } from "../power/mod.ts";
import { type RedfishClient, RefusedError } from "./client.ts";
import { readLed, type Resource } from "./resources.ts";
import type { Access } from "./sessions.ts";

/** The most chassis that are looked into for an LED. */
const MAX_CHASSIS = 4;

/** Where a machine's LED is, and how its resource was. */
interface Led {
  readonly url: URL;
  readonly resource: Resource;
}

/** The properties that light it, or put it out, the best first: not all know both of `Lit` and `Blinking`. */
export function ledPatches(resource: Resource, lit: boolean): readonly Resource[] {
  if (typeof resource["LocationIndicatorActive"] === "boolean") return [{ LocationIndicatorActive: lit }];
  if (typeof resource["IndicatorLED"] !== "string") return [];
  return (lit ? ["Lit", "Blinking"] : ["Off"]).map((IndicatorLED) => ({ IndicatorLED }));
}

/** Finds the LED of a machine: its own or, where it has none, that of the chassis that it is in. */
export async function findLed(
  system: URL,
  chassis: readonly string[],
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<Led | undefined> {
  for (const uri of [system, ...chassis.slice(0, MAX_CHASSIS)]) {
    const url = client.resolve(access, uri);
    const resource = await client.get(access, url, ask);
    if (readLed(resource) !== undefined) return { url, resource };
  }
  return undefined;
}

/** Lights it, or puts it out. */
export async function setLed(
  { url, resource }: Led,
  lit: boolean,
  access: Access,
  client: RedfishClient,
  ask: Ask,
): Promise<Outcome> {
  let outcome: Outcome = { kind: "unsupported" };
  for (const body of ledPatches(resource, lit)) {
    try {
      await client.send(access, { method: "PATCH", url, body }, ask, url);
      return { kind: "taken" };
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      outcome = { kind: "refused", said: error.message };
      if (!error.unsupported) break;
    }
  }
  return outcome;
}
