import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { isRecord } from "../../../src/state/mod.ts";
import { type Controller, RESET_TYPES, type ResetType } from "./controller.ts";

const ROOT = "/redfish/v1";
const SYSTEMS = `${ROOT}/Systems`;
/** The largest request body, in bytes. */
const MAX_BODY = 16 * 1024;
/** The most resets that can be told to fail. */
const MAX_FAIL = 1_000_000;

type Status = 400 | 404 | 413 | 500;

/**
 * Makes the HTTP interface of simulated controllers: the part of Redfish (DSP0266) that power needs, and
 * `{system}/Oem/Kraken.Simulate`, where tests inject faults and read how often each machine was told to do what.
 */
export function createRedfishApp(controllers: readonly Controller[]): Hono {
  const byName = new Map(controllers.map((controller) => [controller.name, controller]));
  const app = new Hono({ strict: false });

  app.use(bodyLimit({
    maxSize: MAX_BODY,
    onError: (c) => redfishError(c, 413, "GeneralError", `The request is larger than ${MAX_BODY} bytes`),
  }));
  app.use(async (c, next) => {
    await next();
    c.header("OData-Version", "4.0");
  });
  app.get(ROOT, (c) => c.json(serviceRoot()));
  app.get(SYSTEMS, (c) => c.json(collection(controllers)));

  /** Serves one route of a system that exists. */
  function withSystem(serve: (c: Context, system: Controller) => Response | Promise<Response>) {
    return (c: Context) => {
      const system = byName.get(c.req.param("name") ?? "");
      return system === undefined ? missing(c) : serve(c, system);
    };
  }
  app.get(`${SYSTEMS}/:name`, withSystem((c, system) => c.json(resource(system))));
  app.patch(`${SYSTEMS}/:name`, withSystem(setBoot));
  app.post(`${SYSTEMS}/:name/Actions/ComputerSystem.Reset`, withSystem(reset));
  app.get(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem((c, system) => c.json(system.counters)));
  app.post(`${SYSTEMS}/:name/Oem/Kraken.Simulate`, withSystem(simulate));
  app.notFound(missing);
  app.onError((error, c) => redfishError(c, 500, "InternalError", error.message));
  return app;
}

async function reset(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  if (body === undefined) return malformed(c);
  const type = body["ResetType"];
  if (type === undefined) {
    return redfishError(c, 400, "ActionParameterMissing", "The action ComputerSystem.Reset requires 'ResetType'");
  }
  if (!isResetType(type)) {
    const message = `The value ${JSON.stringify(type)} of 'ResetType' is not one of ${RESET_TYPES.join(", ")}`;
    return redfishError(c, 400, "ActionParameterValueNotInList", message);
  }
  if (!system.reset(type)) return redfishError(c, 500, "InternalError", "The controller failed, as it was told to");
  return c.body(null, 204);
}

async function setBoot(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  const boot = body?.["Boot"];
  if (!isRecord(boot)) return malformed(c);
  const uri = boot["HttpBootUri"];
  if (typeof uri !== "string" || !system.machine.bootFrom?.(uri)) {
    const message = `The value ${JSON.stringify(uri)} of 'HttpBootUri' is no URI such as mqtt://127.0.0.1:1883/UUID`;
    return redfishError(c, 400, "PropertyValueFormatError", message);
  }
  return c.json(resource(system));
}

async function simulate(c: Context, system: Controller): Promise<Response> {
  const body = await jsonBody(c);
  if (body === undefined) return malformed(c);
  const { hang, fail } = body;
  if (hang !== undefined && typeof hang !== "boolean") {
    return redfishError(c, 400, "PropertyValueTypeError", "The value of 'hang' is not true or false");
  }
  if (fail !== undefined && !isCount(fail)) {
    const message = `The value of 'fail' is not an integer from 0 to ${MAX_FAIL}`;
    return redfishError(c, 400, "PropertyValueTypeError", message);
  }
  system.simulate({ ...(hang === undefined ? {} : { hang }), ...(fail === undefined ? {} : { fail }) });
  return c.body(null, 204);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_FAIL;
}

function isResetType(value: unknown): value is ResetType {
  return RESET_TYPES.some((type) => type === value);
}

async function jsonBody(c: Context): Promise<{ readonly [key: string]: unknown } | undefined> {
  try {
    const body: unknown = await c.req.json();
    return isRecord(body) ? body : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function serviceRoot() {
  return {
    "@odata.id": ROOT,
    "@odata.type": "#ServiceRoot.v1_16_0.ServiceRoot",
    Id: "RootService",
    Name: "Simulated controllers",
    RedfishVersion: "1.20.0",
    Systems: { "@odata.id": SYSTEMS },
  };
}

function collection(controllers: readonly Controller[]) {
  return {
    "@odata.id": SYSTEMS,
    "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection",
    Name: "Simulated machines",
    "Members@odata.count": controllers.length,
    Members: controllers.map(({ name }) => ({ "@odata.id": `${SYSTEMS}/${name}` })),
  };
}

function resource(system: Controller) {
  const id = `${SYSTEMS}/${system.name}`;
  return {
    "@odata.id": id,
    "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
    Id: system.name,
    Name: system.name,
    SystemType: "Virtual",
    UUID: system.id,
    PowerState: system.power,
    Status: { State: system.power === "On" ? "Enabled" : "StandbyOffline", Health: "OK" },
    Actions: {
      "#ComputerSystem.Reset": {
        target: `${id}/Actions/ComputerSystem.Reset`,
        "ResetType@Redfish.AllowableValues": RESET_TYPES,
      },
    },
  };
}

function missing(c: Context): Response {
  return redfishError(c, 404, "ResourceMissingAtURI", `There is no resource at '${c.req.path}'`);
}

function malformed(c: Context): Response {
  return redfishError(c, 400, "MalformedJSON", "The request is not a JSON object");
}

/** An error response as DSP0266 (8.6) has it. */
function redfishError(c: Context, status: Status, id: string, message: string): Response {
  const severity = status === 500 ? "Critical" : "Warning";
  const extended = {
    "@odata.type": "#Message.v1_2_1.Message",
    MessageId: `Base.1.18.${id}`,
    Message: message,
    MessageSeverity: severity,
    Resolution: "None",
  };
  return c.json({ error: { code: extended.MessageId, message, "@Message.ExtendedInfo": [extended] } }, status);
}
