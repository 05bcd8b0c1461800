import { isRecord } from "../../src/state/mod.ts";
import { type LedReading, readLed } from "./led_property.ts";

/** A Redfish resource as it came: nothing of it is trusted. */
export type Resource = { readonly [name: string]: unknown };

/** The most members of a collection that are looked at. */
const MAX_MEMBERS = 1_000;
/** The longest word for a machine's health and the longest version of its firmware, in characters. */
const MAX_HEALTH = 32;
const MAX_VERSION = 128;
/** The longest URI that is followed, in characters. */
const MAX_URI = 1_024;

/** What a ComputerSystem or a Chassis (DSP0268) says of power. */
export interface SystemReading {
  /** PowerState: On, Off, PoweringOn, PoweringOff, Paused and others; undefined where the controller can't say. */
  readonly power: string | undefined;
  /** The name of its Reset action. */
  readonly resetAction: "ComputerSystem.Reset" | "Chassis.Reset";
  /** Where its Reset action is, where it says so. */
  readonly resetTarget: string | undefined;
  /** The values of ResetType that it takes; undefined where it does not list them. */
  readonly resetTypes: readonly string[] | undefined;
  /** Where its ActionInfo is, which lists them otherwise. */
  readonly actionInfo: string | undefined;
  /** The chassis that it is in. */
  readonly chassis: readonly string[];
  /** Its entity tag, where it says it in its body. */
  readonly etag: string | undefined;
  /** Status.HealthRollup or, without that, Status.Health. */
  readonly health: string | undefined;
  /** BiosVersion. */
  readonly firmware: string | undefined;
  /** Its identify LED, where it has one of its own. */
  readonly led: LedReading["led"];
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

/** Reads a ComputerSystem, or a Chassis that can be reset. @returns Undefined when it has no PowerState. */
export function readSystem(resource: Resource): SystemReading | undefined {
  const power = resource["PowerState"];
  if (power !== null && typeof power !== "string") return undefined;
  const actions = part(resource, "Actions");
  const ofChassis = actions["#ComputerSystem.Reset"] === undefined && actions["#Chassis.Reset"] !== undefined;
  const resetAction = ofChassis ? "Chassis.Reset" : "ComputerSystem.Reset";
  const reset = part(actions, `#${resetAction}`);
  return {
    power: power ?? undefined,
    resetAction,
    resetTarget: uri(reset["target"]),
    resetTypes: texts(reset["ResetType@Redfish.AllowableValues"]),
    actionInfo: uri(reset["@Redfish.ActionInfo"]),
    chassis: ofChassis ? [] : links(part(resource, "Links")["Chassis"]),
    etag: uri(resource["@odata.etag"]),
    health: words(part(resource, "Status")["HealthRollup"], MAX_HEALTH) ??
      words(part(resource, "Status")["Health"], MAX_HEALTH),
    firmware: words(resource["BiosVersion"], MAX_VERSION),
    led: readLed(resource)?.led,
  };
}

/** Whether a ComputerSystem or a Chassis has a Reset action of its own. */
export function canReset(resource: Resource): boolean {
  return isRecord(part(resource, "Actions")["#ComputerSystem.Reset"]) ||
    isRecord(part(resource, "Actions")["#Chassis.Reset"]);
}

/** The ResetTypes of an ActionInfo (DSP0268): undefined where it lists none. */
export function readResetTypes(actionInfo: Resource): readonly string[] | undefined {
  const parameters = actionInfo["Parameters"];
  if (!Array.isArray(parameters)) return undefined;
  const found: unknown = parameters.find((each) => isRecord(each) && each["Name"] === "ResetType");
  return isRecord(found) ? texts(found["AllowableValues"]) : undefined;
}

/** The URIs of a collection's members. */
export function readMembers(collection: Resource): readonly string[] {
  return links(collection["Members"]);
}

/** How many members a collection says that it has; 0 where it does not say. */
export function readMemberCount(collection: Resource): number {
  const count = collection["Members@odata.count"];
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0;
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
  readonly chassis: string | undefined;
  readonly sessions: string | undefined;
  readonly eventService: string | undefined;
}

/** Reads a ServiceRoot. */
export function readServiceRoot(resource: Resource): ServiceRoot {
  return {
    systems: link(resource["Systems"]),
    chassis: link(resource["Chassis"]),
    sessions: link(part(resource, "Links")["Sessions"]),
    eventService: link(resource["EventService"]),
  };
}

/** Where an EventService streams events (DSP0266, server-sent events); undefined where it does not. */
export function readEventStream(resource: Resource): string | undefined {
  return resource["ServiceEnabled"] === false ? undefined : uri(resource["ServerSentEventUri"]);
}

/** What a Redfish error says (DSP0266, error responses): its first message; undefined for any other answer. */
export function readError(resource: Resource | undefined): string | undefined {
  const [first] = extendedInfo(resource);
  const message = typeof first?.["Message"] === "string" ? first["Message"] : part(resource, "error")["message"];
  return typeof message === "string" ? message.slice(0, 200) : undefined;
}

/** All that a Redfish error says, the first messages of several. */
export function readErrors(resource: Resource | undefined): string | undefined {
  const all = messages(extendedInfo(resource));
  return all.length > 0 ? all.join(" ") : readError(resource);
}

/** The ids of an error's messages, such as `Base.1.8.ActionParameterNotSupported`, its code included. */
export function readMessageIds(resource: Resource | undefined): readonly string[] {
  const code = part(resource, "error")["code"];
  return [code, ...extendedInfo(resource).map((each) => each["MessageId"])]
    .filter((id) => typeof id === "string").map((id) => id.slice(0, 200));
}

/** How far a Task (DSP0268) is: `failed` with its messages. Undefined: it is no Task. */
export function readTask(
  resource: Resource,
): { readonly state: "running" | "done" } | { readonly state: "failed"; readonly why: string } | undefined {
  const state = resource["TaskState"];
  if (typeof state !== "string") return undefined;
  const failed = ["Exception", "Killed", "Cancelled"].includes(state) ||
    (state === "Completed" && resource["TaskStatus"] === "Critical");
  if (!failed) return { state: state === "Completed" ? "done" : "running" };
  const said = messages(records(resource["Messages"]));
  return { state: "failed", why: [`TaskState ${state.slice(0, 40)}`, ...said].join(": ") };
}

/** The most messages of one answer that are quoted, and how long each may be. */
const MAX_MESSAGES = 3;

function messages(infos: readonly Resource[]): readonly string[] {
  return infos.map((each) => each["Message"]).filter((text) => typeof text === "string").slice(0, MAX_MESSAGES)
    .map((text) => text.slice(0, 200));
}

function extendedInfo(resource: Resource | undefined): readonly Resource[] {
  return records(part(resource, "error")["@Message.ExtendedInfo"]);
}

function records(value: unknown): readonly Resource[] {
  return Array.isArray(value) ? value.slice(0, 100).filter(isRecord) : [];
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

/** A text of one line that people can read; undefined where it is none, empty or too long. */
function words(value: unknown, most: number): string | undefined {
  if (typeof value !== "string") return undefined;
  // deno-lint-ignore no-control-regex
  const line = value.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  return line === "" || line.length > most ? undefined : line;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}
