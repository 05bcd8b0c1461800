import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import type { UnknownMachine } from "../nodes/unknown_machines.ts";
import { createAdopter } from "./adopt.ts";
import type { BootNetwork } from "../nodes/boot_network.ts";
import { type Routes, withQuery } from "../../src/http/mod.ts";

/** One machine that nobody knows. Times are ISO 8601. */
export interface StrangerJson extends Omit<UnknownMachine, "first" | "last"> {
  readonly first: string;
  readonly last: string;
}

/** `/api/v1/discovered`: machines that have asked to boot and that no node is known of. */
export function discoveredRoutes(control: Control, network: BootNetwork | undefined): Routes {
  const adopt = createAdopter(control, network);

  function list(c: Context): Response {
    const machines = (network?.unknownMachines.list() ?? []).map(presentStranger);
    return c.json({ aggregator: control.name, boots: network !== undefined, machines });
  }

  return {
    "/api/v1/discovered": { GET: withQuery([], list) },
    "/api/v1/discovered/:mac/adopt": {
      POST: withQuery(["subnet", "parent", "arch", "server", "method", "serial"], adopt),
    },
  };
}

function presentStranger({ first, last, ...stranger }: UnknownMachine): StrangerJson {
  return { ...stranger, first: new Date(first).toISOString(), last: new Date(last).toISOString() };
}
