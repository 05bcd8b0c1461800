import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock, Random } from "../../../src/clock.ts";
import { missing, REDFISH_ROOT, redfishError } from "./answers.ts";
import { triangular } from "./chance.ts";
import { addChassis } from "./chassis_routes.ts";
import type { ControllerConfig } from "./config.ts";
import type { Controller } from "./controller.ts";
import { addEvents } from "./event_routes.ts";
import { type Form, STANDARD } from "./form.ts";
import { addForm } from "./form_layer.ts";
import { FORMS } from "./forms.ts";
import { addManagers } from "./manager_routes.ts";
import { addMetadata } from "./metadata_routes.ts";
import { addSessions } from "./session_routes.ts";
import { createSite } from "./site.ts";
import { addSystems } from "./system_routes.ts";

/** The largest request body, in bytes. */
const MAX_BODY = 16 * 1024;
/** The Retry-After of a busy controller, in seconds. */
const RETRY_AFTER = "1";

/**
 * Creates the HTTP interface of simulated controllers: the part of Redfish (DSP0266) that power control needs and that
 * administrators' tools read, and `{system}/Oem/Kraken.Simulate`, where tests inject faults and read the counters.
 *
 * @param controllers The controllers.
 * @param parts `signal` ends streams.
 */
export function createRedfishApp(
  controllers: readonly Controller[],
  parts: {
    readonly config: ControllerConfig;
    readonly clock: Clock;
    readonly random: Random;
    readonly signal: AbortSignal;
  },
): Hono {
  const { config, clock, random } = parts;
  const form = FORMS[config.form] ?? STANDARD;
  const site = createSite(controllers, form, () => clock.wall());
  const app = new Hono({ strict: false });

  app.use(bodyLimit({
    maxSize: MAX_BODY,
    onError: (c) => redfishError(c, 413, "GeneralError", `The request is larger than ${MAX_BODY} bytes`),
  }));
  app.use(async (c, next) => {
    const delay = triangular(config.answerDelay, random);
    if (delay > 0) await new Promise<void>((resolve) => void clock.after(delay, resolve));
    if (config.busyProbability > 0 && random() < config.busyProbability) {
      c.header("Retry-After", RETRY_AFTER);
      return redfishError(c, 503, "ServiceTemporarilyUnavailable", "The controller is busy");
    }
    await next();
    c.header("OData-Version", "4.0");
  });
  addForm(app, site);
  if (config.user !== undefined) addSessions(app, config.user, form);
  app.get("/redfish", (c) => c.json({ v1: `${REDFISH_ROOT}/` }));
  app.get(REDFISH_ROOT, (c) => c.json(serviceRoot(config, form)));
  if (form.resource === "Systems") addSystems(app, site);
  addChassis(app, site, config.sensors);
  addManagers(app, site);
  if (config.events) addEvents(app, site, parts.signal);
  addMetadata(app, serviceRoot(config, form));
  app.notFound((c) => notAllowed(app, c) ?? missing(c));
  app.onError((error, c) => redfishError(c, 500, "InternalError", error.message));
  return app;
}

/** Returns 405 with Allow, if the resource exists for other methods (RFC 9110, 15.5.6). */
function notAllowed(app: Hono, c: Context): Response | undefined {
  const path = c.req.path.replace(/\/$/, "");
  const methods = app.routes.filter((route) => route.method !== "ALL" && matches(route.path, path)).map(({ method }) =>
    method
  );
  if (methods.length === 0) return undefined;
  c.header(
    "Allow",
    [...new Set(methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]))].join(", "),
  );
  return redfishError(c, 405, "OperationNotAllowed", `The method ${c.req.method} is not allowed for '${c.req.path}'`);
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern, path].map((text) => text.split("/"));
  return wanted?.length === given?.length &&
    wanted?.every((part, place) => part.startsWith(":") || part === given?.[place]) === true;
}

function serviceRoot(config: ControllerConfig, form: Form) {
  return {
    "@odata.id": REDFISH_ROOT,
    "@odata.type": "#ServiceRoot.v1_16_0.ServiceRoot",
    Id: "RootService",
    Name: "Simulated controllers",
    RedfishVersion: "1.20.0",
    UUID: "00000000-0000-4000-8000-000000000000",
    ...(form.resource === "Systems" && { Systems: { "@odata.id": `${REDFISH_ROOT}/Systems` } }),
    Managers: { "@odata.id": `${REDFISH_ROOT}/Managers` },
    Chassis: { "@odata.id": `${REDFISH_ROOT}/Chassis` },
    ...(config.events && { EventService: { "@odata.id": `${REDFISH_ROOT}/EventService` } }),
    ...(config.user !== undefined && form.sessions > 0 && {
      SessionService: { "@odata.id": `${REDFISH_ROOT}/SessionService` },
      Links: { Sessions: { "@odata.id": `${REDFISH_ROOT}/SessionService/Sessions` } },
    }),
  };
}
