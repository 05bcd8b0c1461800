import type { Context } from "hono";
import { isRecord } from "../../../src/state/mod.ts";
import type { Controller } from "./controller.ts";

/** The path of the service. */
export const REDFISH_ROOT = "/redfish/v1";

/** The statuses of error responses. */
type Status = 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 428 | 500 | 502 | 503;

/** Serves one route of an existing system. */
export type Serve = (c: Context, system: Controller) => Response | Promise<Response>;

/** Reads the body of the request `c`, if it is a JSON object. */
export async function jsonBody(c: Context): Promise<{ readonly [key: string]: unknown } | undefined> {
  try {
    const body: unknown = await c.req.json();
    return isRecord(body) ? body : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/**
 * Returns a collection with the URIs `members`.
 *
 * @param id Its URI.
 * @param type Its type, such as `ComputerSystemCollection`.
 * @param name Its name.
 */
export function collection(id: string, type: string, name: string, members: readonly string[]) {
  return {
    "@odata.id": id,
    "@odata.type": `#${type}.${type}`,
    Name: name,
    "Members@odata.count": members.length,
    Members: members.map((member) => ({ "@odata.id": member })),
  };
}

export function missing(c: Context): Response {
  return redfishError(c, 404, "ResourceMissingAtURI", `There is no resource at '${c.req.path}'`);
}

export function malformedAnswer(c: Context): Response {
  return redfishError(c, 400, "MalformedJSON", "The request is not a JSON object");
}

/**
 * Returns an error response (DSP0266, 8.6).
 *
 * @param c The request.
 * @param status The HTTP status.
 * @param id Id of the message in the Base registry.
 * @param message The message.
 */
export function redfishError(c: Context, status: Status, id: string, message: string): Response {
  const severity = status >= 500 ? "Critical" : "Warning";
  const extended = {
    "@odata.type": "#Message.v1_2_1.Message",
    MessageId: `Base.1.18.${id}`,
    Message: message,
    MessageSeverity: severity,
    Resolution: "None",
  };
  return c.json({ error: { code: extended.MessageId, message, "@Message.ExtendedInfo": [extended] } }, status);
}
