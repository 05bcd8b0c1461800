import { isRecord } from "../../src/state/mod.ts";

/** A Redfish resource as it came: nothing of it is trusted. */
export type Resource = { readonly [name: string]: unknown };

/** The most members of a collection that are looked at. */
const MAX_MEMBERS = 1_000;
/** The longest URI that is followed, in characters. */
const MAX_URI = 1_024;

/** What a ComputerSystem (DSP0268) says of power. */
export interface SystemReading {
  /** PowerState: On, Off, PoweringOn, PoweringOff, Paused and others; undefined where the controller can't say. */
  readonly power: string | undefined;
  /** Where its Reset action is, where it says so. */
  readonly resetTarget: string | undefined;
  /** The values of ResetType that it takes; undefined where it does not list them. */
  readonly resetTypes: readonly string[] | undefined;
  /** Where its ActionInfo is, which lists them otherwise. */
  readonly actionInfo: string | undefined;
  /** The chassis that it is in. */
  readonly chassis: readonly string[];
}

/** The value of a JSON text, if it is an object. */
export function parseResource(text: string): Resource | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // no JSON, or nested too deep for the parser
  }
}

/** Reads a ComputerSystem. @returns Undefined when it has no PowerState. */
export function readSystem(resource: Resource): SystemReading | undefined {
  const power = resource["PowerState"];
  if (power !== null && typeof power !== "string") return undefined;
  const reset = part(part(resource, "Actions"), "#ComputerSystem.Reset");
  return {
    power: power ?? undefined,
    resetTarget: uri(reset["target"]),
    resetTypes: texts(reset["ResetType@Redfish.AllowableValues"]),
    actionInfo: uri(reset["@Redfish.ActionInfo"]),
    chassis: links(part(resource, "Links")["Chassis"]),
  };
}

/** The ResetTypes of an ActionInfo (DSP0268): undefined where it lists none. */
export function readResetTypes(actionInfo: Resource): readonly string[] | undefined {
  const parameters = actionInfo["Parameters"];
  if (!Array.isArray(parameters)) return undefined;
  const found: unknown = parameters.find((each) => isRecord(each) && each["Name"] === "ResetType");
  return isRecord(found) ? texts(found["AllowableValues"]) : undefined;
}

/** What tells the systems of a controller apart. */
export interface SystemIdentity {
  readonly uri: string;
  readonly names: readonly string[];
}

/** The URIs of a collection's members. */
export function readMembers(collection: Resource): readonly string[] {
  return links(collection["Members"]);
}

/** Where the next page of a collection is, if there is one. */
export function readNextPage(collection: Resource): string | undefined {
  return uri(collection["Members@odata.nextLink"]);
}

/** The names by which a node may be found in a ComputerSystem. */
export function readNames(system: Resource): readonly string[] {
  return ["Id", "Name", "HostName", "UUID", "AssetTag", "SerialNumber"].map((name) => system[name])
    .filter((name) => typeof name === "string").map((name) => name.toLowerCase());
}

/** What the service root leads to. */
export interface ServiceRoot {
  readonly systems: string | undefined;
  readonly sessions: string | undefined;
  readonly eventService: string | undefined;
}

/** Reads a ServiceRoot. */
export function readServiceRoot(resource: Resource): ServiceRoot {
  return {
    systems: link(resource["Systems"]),
    sessions: link(part(resource, "Links")["Sessions"]),
    eventService: link(resource["EventService"]),
  };
}

/** Where an EventService streams events (DSP0266, server-sent events); undefined where it does not. */
export function readEventStream(resource: Resource): string | undefined {
  return resource["ServiceEnabled"] === false ? undefined : uri(resource["ServerSentEventUri"]);
}

/** What a Redfish error says (DSP0266, error responses); undefined for any other answer. */
export function readError(resource: Resource | undefined): string | undefined {
  const error = part(resource, "error");
  const extended = error["@Message.ExtendedInfo"];
  const first: unknown = Array.isArray(extended) ? extended[0] : undefined;
  const message = isRecord(first) && typeof first["Message"] === "string" ? first["Message"] : error["message"];
  return typeof message === "string" ? message.slice(0, 200) : undefined;
}

/** An object's part that is an object; {} where it is none. */
export function part(resource: unknown, name: string): Resource {
  const value = isRecord(resource) ? resource[name] : undefined;
  return isRecord(value) ? value : {};
}

/** The URI that a reference such as `{"@odata.id": "/redfish/v1/Systems"}` leads to. */
export function link(value: unknown): string | undefined {
  return isRecord(value) ? uri(value["@odata.id"]) : undefined;
}

/** The URIs of a list of references. */
export function links(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_MEMBERS).map(link).filter((found) => found !== undefined);
}

function uri(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_URI ? value : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}
