import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock, Random } from "../../../src/clock.ts";
import { missing, redfishError, ROOT, type WithSystem } from "./answers.ts";
import { triangular } from "./chance.ts";
import { addChassis } from "./chassis_routes.ts";
import type { ControllerConfig } from "./config.ts";
import type { Controller } from "./controller.ts";
import { addEvents } from "./event_routes.ts";
import { addSessions } from "./session_routes.ts";
import { addSystems } from "./system_routes.ts";

/** The largest request body, in bytes. */
const MAX_BODY = 16 * 1024;
/** Seconds after which a controller that is too busy is to be asked again. */
const RETRY_AFTER = "1";

/**
 * Makes the HTTP interface of simulated controllers: the part of Redfish (DSP0266) that power needs, and
 * `{system}/Oem/Kraken.Simulate`, where tests inject faults and read how often each machine was told to do what.
 *
 * @param parts `signal` ends what is streamed.
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
  const byName = new Map(controllers.map((controller) => [controller.name, controller]));
  const app = new Hono({ strict: false });
  const withSystem: WithSystem = (serve) => (c) => {
    const system = byName.get(c.req.param("name") ?? "");
    return system === undefined ? missing(c) : serve(c, system);
  };

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
  if (config.user !== undefined) addSessions(app, config.user);
  app.get("/redfish", (c) => c.json({ v1: `${ROOT}/` }));
  app.get(ROOT, (c) => c.json(serviceRoot(config)));
  addSystems(app, controllers, withSystem);
  addChassis(app, controllers, config.sensors, withSystem);
  if (config.events) addEvents(app, controllers, parts.signal);
  app.notFound(missing);
  app.onError((error, c) => redfishError(c, 500, "InternalError", error.message));
  return app;
}

function serviceRoot(config: ControllerConfig) {
  return {
    "@odata.id": ROOT,
    "@odata.type": "#ServiceRoot.v1_16_0.ServiceRoot",
    Id: "RootService",
    Name: "Simulated controllers",
    RedfishVersion: "1.20.0",
    Systems: { "@odata.id": `${ROOT}/Systems` },
    Chassis: { "@odata.id": `${ROOT}/Chassis` },
    ...(config.events && { EventService: { "@odata.id": `${ROOT}/EventService` } }),
    ...(config.user !== undefined && {
      SessionService: { "@odata.id": `${ROOT}/SessionService` },
      Links: { Sessions: { "@odata.id": `${ROOT}/SessionService/Sessions` } },
    }),
  };
}
