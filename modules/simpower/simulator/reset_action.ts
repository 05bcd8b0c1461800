import type { Context, Hono } from "hono";
import { jsonBody, malformedAnswer, missing, REDFISH_ROOT, redfishError } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Form } from "./form.ts";
import type { Site } from "./site.ts";

const TASKS = `${REDFISH_ROOT}/TaskService/Tasks`;
/** Number of reads of a task until it has ended. */
const TASK_LOOKS = 2;

/**
 * Returns the Reset action of the resource of `system` in the notation of its form.
 *
 * @param site The machines.
 */
export function resetActionOf(system: Controller, site: Site): object {
  const { form } = site;
  const id = site.uriOf(system);
  const listed = listedBy(form);
  const info = { "@Redfish.ActionInfo": `${id}/ResetActionInfo` };
  const inline = (types: readonly string[]) => ({ "ResetType@Redfish.AllowableValues": types });
  return {
    [`#${actionOf(form)}`]: {
      target: `${id}/Actions/${actionOf(form)}`,
      ...(form.lists === "inline" ? inline(listed) : form.lists === "empty-inline" ? inline([]) : {}),
      ...(form.lists === "nowhere" ? {} : info),
    },
  };
}

/** Adds to `app` the Reset action of the machines of `site` with its ActionInfo, and the tasks of some forms. */
export function addReset(app: Hono, site: Site): void {
  const { form, withSystem } = site;
  const base = `${REDFISH_ROOT}/${form.resource}/:name`;
  const looks = new Map<string, number>();

  function taskOf(id: string, running: boolean) {
    return {
      "@odata.id": `${TASKS}/${id}`,
      "@odata.type": "#Task.v1_7_3.Task",
      Id: id,
      Name: "Reset",
      TaskState: running ? "Running" : "Completed",
      TaskStatus: "OK",
    };
  }
  function taken(c: Context): Response {
    switch (form.accepted) {
      case "204":
        return c.body(null, 204);
      case "200":
        return c.body("", 200);
      case "200-message":
        return c.json({ "@Message.ExtendedInfo": [{ MessageId: "Base.1.18.Success", Message: "Done" }] });
      case "202-task": {
        const id = String(looks.size + 1);
        looks.set(id, 0);
        c.header("Location", `${TASKS}/${id}`);
        return c.json(taskOf(id, true), 202);
      }
      default:
        return form.accepted satisfies never;
    }
  }
  async function reset(c: Context, system: Controller): Promise<Response> {
    const body = await jsonBody(c);
    if (body === undefined) return malformedAnswer(c);
    const given = body["ResetType"];
    if (given === undefined) {
      return redfishError(c, 400, "ActionParameterMissing", `The action ${actionOf(form)} requires 'ResetType'`);
    }
    const type = typeof given === "string" && Object.hasOwn(form.resets, given) ? form.resets[given] : undefined;
    if (type === undefined) {
      const takes = Object.keys(form.resets).join(", ");
      const message = `The value ${JSON.stringify(given)} of 'ResetType' is not one of ${takes}`;
      return redfishError(c, 400, "ActionParameterValueNotInList", message);
    }
    const wanted = { On: "On", ForceOff: "Off", GracefulShutdown: "Off" };
    const already = type in wanted &&
      Object.entries(wanted).some(([key, power]) => key === type && power === system.power);
    if (already && form.already !== 200) {
      const message = "The operation can't be performed in the state that the system is in";
      return redfishError(c, form.already, "ResourceInStandby", message);
    }
    if (!system.reset(type)) return redfishError(c, 500, "InternalError", "The controller failed, as it was told to");
    return taken(c);
  }

  app.post(`${base}/Actions/${actionOf(form)}`, withSystem(reset));
  app.get(
    `${base}/ResetActionInfo`,
    withSystem((c, system) => {
      if (form.lists === "missing-action-info" || form.lists === "nowhere") return missing(c);
      if (form.lists === "broken-action-info") return redfishError(c, 500, "InternalError", "It can't be told");
      return c.json({
        "@odata.id": `${site.uriOf(system)}/ResetActionInfo`,
        "@odata.type": "#ActionInfo.v1_4_2.ActionInfo",
        Id: "ResetActionInfo",
        Name: "Reset",
        Parameters: [{ Name: "ResetType", Required: true, DataType: "String", AllowableValues: listedBy(form) }],
      });
    }),
  );
  app.get(`${TASKS}/:id`, (c) => {
    const id = c.req.param("id");
    const seen = looks.get(id);
    if (seen === undefined) return missing(c);
    looks.set(id, seen + 1);
    return c.json(taskOf(id, seen + 1 < TASK_LOOKS));
  });
}

function actionOf(form: Form): string {
  return form.resource === "Chassis" ? "Chassis.Reset" : "ComputerSystem.Reset";
}

function listedBy(form: Form): readonly string[] {
  return form.listed ?? Object.keys(form.resets);
}
