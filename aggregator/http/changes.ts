import type { Context } from "hono";
import type { NodeChange } from "../cfg/change.ts";
import type { Control } from "../control/control.ts";
import { groupChanges } from "./groups.ts";
import { presentChange } from "./present.ts";
import type { Outcome } from "../../src/http/mod.ts";
import { withPlans } from "./searched.ts";
import type { ToTime } from "./time.ts";

/** How much is told of a change of many nodes: each of them too, or only groups of nodes. */
export type Detail = "nodes" | "groups";

/** Reads the parameter `detail`; absent it means everything. */
export function readDetail(text: string | undefined): Outcome<Detail> {
  if (text === undefined || text === "nodes") return { ok: true, value: "nodes" };
  if (text === "groups") return { ok: true, value: "groups" };
  return {
    ok: false,
    problem: { status: 400, detail: `Parameter 'detail' is '${text.slice(0, 100)}': expected nodes or groups` },
  };
}

/** Tells what a change of some nodes does, or would do. */
export async function answerChanges(
  c: Context,
  control: Control,
  made: readonly NodeChange[],
  { dryRun, detail, toTime }: { readonly dryRun: boolean; readonly detail: Detail; readonly toTime: ToTime },
): Promise<Response> {
  const changes = await withPlans(control, made);
  const groups = groupChanges(control, changes, toTime);
  return c.json({ dryRun, ...(detail === "nodes" && { changes: changes.map(presentChange) }), groups });
}
