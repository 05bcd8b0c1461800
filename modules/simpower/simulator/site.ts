import type { Context } from "hono";
import { missing, REDFISH_ROOT, type Serve } from "./answers.ts";
import type { Controller } from "./controller.ts";
import type { Form } from "./form.ts";
import type { PowerState } from "./reset_types.ts";

/** The machines behind one service, by the ids of its form. */
export interface Site {
  readonly form: Form;
  readonly controllers: readonly Controller[];
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** The id of a machine's resource. */
  idOf(system: Controller): string;
  /** Returns the URI of a machine's ComputerSystem or, in forms without them, of its Chassis. */
  uriOf(system: Controller): string;
  /** Serves a route whose parameter `name` is the id of a machine. */
  withSystem(serve: Serve): (c: Context) => Response | Promise<Response>;
}

/**
 * Creates the site.
 *
 * @param controllers The controllers.
 * @param form The form.
 * @param wall Milliseconds since 1970.
 */
export function createSite(controllers: readonly Controller[], form: Form, wall: () => number): Site {
  const ids = new Map(controllers.map((controller, place) => [controller, form.ids?.[place] ?? controller.name]));
  const byId = new Map([...ids].map(([controller, id]) => [id, controller]));
  function idOf(system: Controller): string {
    return ids.get(system) ?? system.name;
  }
  return {
    form,
    controllers,
    wall,
    idOf,
    uriOf: (system) => `${REDFISH_ROOT}/${form.resource}/${idOf(system)}`,
    withSystem: (serve) => (c) => {
      const system = byId.get(c.req.param("name") ?? "");
      return system === undefined ? missing(c) : serve(c, system);
    },
  };
}

/** Returns `power` as `form` reports it. */
export function toldPower(power: PowerState, form: Form): PowerState | null {
  if (power === "On" || power === "Off" || form.onTheWay === "told") return power;
  if (form.onTheWay === "null") return null;
  return power === "PoweringOn" ? "Off" : "On";
}
