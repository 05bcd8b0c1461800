import type { ChangesInfo } from "../../src/api/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { Control } from "../control/control.ts";
import { groupChanges } from "./groups.ts";
import { presentChange } from "./present.ts";
import { withPlans } from "./searched.ts";
import type { ToTime } from "./time.ts";

/** Tells what a change of some nodes does, or would do. */
export async function presentChanges(
  control: Control,
  made: readonly NodeChange[],
  { dryRun, detail, toTime }: {
    readonly dryRun: boolean;
    /** How much is told: each node too, or only groups of nodes. */
    readonly detail: "nodes" | "groups";
    readonly toTime: ToTime;
  },
): Promise<ChangesInfo> {
  const changes = await withPlans(control, made);
  const groups = groupChanges(control, changes, toTime);
  return { dryRun, ...(detail === "nodes" && { changes: changes.map(presentChange) }), groups };
}
