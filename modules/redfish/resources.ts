import { isRecord } from "../../src/state/mod.ts";
import { type LedReading, readLed } from "./led_property.ts";

/** A Redfish resource as received: nothing in it is trusted. */
export type Resource = { readonly [name: string]: unknown };

/** The largest number of members of a collection to read. */
const MAX_MEMBERS = 1_000;
/** The longest text for a machine's health and for a firmware version, in characters. */
const MAX_HEALTH = 32;
const MAX_VERSION = 128;
/** The longest URI to follow, in characters. */
const MAX_URI = 1_024;

/** The power-related values of a ComputerSystem or a Chassis (DSP0268). */
export interface SystemReading {
  /** PowerState: On, Off, PoweringOn, PoweringOff, Paused and others; undefined if the controller cannot tell. */
  readonly power: string | undefined;
  /** The name of its Reset action. */
  readonly resetAction: "ComputerSystem.Reset" | "Chassis.Reset";
  /** The URI of its Reset action, if it names one. */
  readonly resetTarget: string | undefined;
  /** The ResetTypes that it accepts; undefined if it does not list them. */
  readonly resetTypes: readonly string[] | undefined;
  /** The URI of its ActionInfo, which may list them instead. */
  readonly actionInfo: string | undefined;
  /** The chassis that contain it. */
  readonly chassis: readonly string[];
  /** Its entity tag, if its body has one. */
  readonly etag: string | undefined;
  /** Status.HealthRollup or, without that, Status.Health. */
  readonly health: string | undefined;
  /** BiosVersion. */
  readonly firmware: string | undefined;
  /** Its own identify LED, if it has one. */
  readonly led: LedReading["led"];
}

/** Parses `text` as a JSON object; undefined if it is not one. */
export function parseResource(text: string): Resource | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // not JSON, or nested too deep for the parser
  }
}

/**
 * Reads a ComputerSystem, or a Chassis that can be reset. @param resource The resource. @returns Undefined without a
 * PowerState.
 */
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

/** Tells whether `resource`, a ComputerSystem or a Chassis, has its own Reset action. */
export function canReset(resource: Resource): boolean {
  return isRecord(part(resource, "Actions")["#ComputerSystem.Reset"]) ||
    isRecord(part(resource, "Actions")["#Chassis.Reset"]);
}

/** Reads the ResetTypes of `actionInfo` (DSP0268); undefined if it lists none. */
export function readResetTypes(actionInfo: Resource): readonly string[] | undefined {
  const parameters = actionInfo["Parameters"];
  if (!Array.isArray(parameters)) return undefined;
  const found: unknown = parameters.find((each) => isRecord(each) && each["Name"] === "ResetType");
  return isRecord(found) ? texts(found["AllowableValues"]) : undefined;
}

/** Reads the URIs of the members of `collection`. */
export function readMembers(collection: Resource): readonly string[] {
  return links(collection["Members"]);
}

/** Reads the number of members of `collection`; 0 if it does not say. */
export function readMemberCount(collection: Resource): number {
  const count = collection["Members@odata.count"];
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Reads the URI of the next page of `collection`, if there is one. */
export function readNextPage(collection: Resource): string | undefined {
  return uri(collection["Members@odata.nextLink"]);
}

/** Reads the names by which a node may be found in `system`. */
export function readNames(system: Resource): readonly string[] {
  return ["Id", "Name", "HostName", "UUID", "AssetTag", "SerialNumber"].map((name) => system[name])
    .filter((name) => typeof name === "string").map((name) => name.toLowerCase());
}

/** Links of the service root. */
export interface ServiceRoot {
  readonly systems: string | undefined;
  readonly chassis: string | undefined;
  readonly sessions: string | undefined;
  readonly eventService: string | undefined;
}

/** Reads the ServiceRoot `resource`. */
export function readServiceRoot(resource: Resource): ServiceRoot {
  return {
    systems: link(resource["Systems"]),
    chassis: link(resource["Chassis"]),
    sessions: link(part(resource, "Links")["Sessions"]),
    eventService: link(resource["EventService"]),
  };
}

/**
 * Reads from the EventService `resource` where it streams events (DSP0266, server-sent events); undefined if it does
 * not.
 */
export function readEventStream(resource: Resource): string | undefined {
  return resource["ServiceEnabled"] === false ? undefined : uri(resource["ServerSentEventUri"]);
}

/** Reads the first message of a Redfish error (DSP0266, error responses); undefined if `resource` is not an error. */
export function readError(resource: Resource | undefined): string | undefined {
  const [first] = extendedInfo(resource);
  const message = typeof first?.["Message"] === "string" ? first["Message"] : part(resource, "error")["message"];
  return typeof message === "string" ? message.slice(0, 200) : undefined;
}

/** Reads the first few messages of the Redfish error `resource`. */
export function readErrors(resource: Resource | undefined): string | undefined {
  const all = messages(extendedInfo(resource));
  return all.length > 0 ? all.join(" ") : readError(resource);
}

/**
 * Reads the ids of the messages of the error `resource`, such as `Base.1.8.ActionParameterNotSupported`, including its
 * code.
 */
export function readMessageIds(resource: Resource | undefined): readonly string[] {
  const code = part(resource, "error")["code"];
  return [code, ...extendedInfo(resource).map((each) => each["MessageId"])]
    .filter((id) => typeof id === "string").map((id) => id.slice(0, 200));
}

/** Reads the state of the Task `resource` (DSP0268): `failed` with its messages. Undefined if it is not a Task. */
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

/** The largest number of messages of one answer to quote, and the longest one, in characters. */
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

/** Returns the part `name` of `resource` if it is an object, otherwise {}. */
export function part(resource: unknown, name: string): Resource {
  const value = isRecord(resource) ? resource[name] : undefined;
  return isRecord(value) ? value : {};
}

/** Returns the URI of the reference `value`, such as `{"@odata.id": "/redfish/v1/Systems"}`. */
export function link(value: unknown): string | undefined {
  return isRecord(value) ? uri(value["@odata.id"]) : undefined;
}

/** Returns the URIs of the list of references `value`. */
export function links(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_MEMBERS).map(link).filter((found) => found !== undefined);
}

function uri(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_URI ? value : undefined;
}

/** Returns a text of one printable line; undefined if it is not a text, empty or too long. */
function words(value: unknown, most: number): string | undefined {
  if (typeof value !== "string") return undefined;
  // deno-lint-ignore no-control-regex
  const line = value.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  return line === "" || line.length > most ? undefined : line;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}
