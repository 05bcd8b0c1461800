import process from "node:process";
import { type Bench, tableOf } from "../bench.ts";
import { type FleetRow, measureFleets } from "./fleet.ts";
import { longCases } from "./cases.ts";
import { measurePauses, type PauseRow } from "./pause.ts";
import { measurePlans, type PlanRow } from "./plans.ts";
import { measureReconciles, type ReconcileRow } from "./reconcile.ts";

/** Measures the planner, and the engine where there is nothing to do. */
export async function runPlanBench(): Promise<Bench> {
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  progress("Plans ...");
  const rows = measurePlans();
  progress("Pauses ...");
  const pauses = await measurePauses(longCases("pause"));
  progress("Fleets ...");
  const fleet = measureFleets([1, 1000, 100_000]);
  progress("Reconciling ...");
  const reconcile = measureReconciles([1000, 10_000, 100_000]);
  const data = { bench: "plan", rows, pauses, fleet, reconcile };
  const tables = [plansTable(rows), pausesTable(pauses), fleetTable(fleet), reconcileTable(reconcile)];
  return { data, table: tables.join("\n") };
}

function plansTable(rows: readonly PlanRow[]): string {
  const head = ["case", "vars", "values", "mutations", "compile ms", "cold ms", "cached us", "cost", "original ms *"];
  const cells = rows.map((row) => [
    row.case,
    row.vars,
    row.values,
    row.mutations,
    row.compileMs,
    row.coldMs,
    row.cachedUs,
    row.cost ?? "",
    originalOf(row),
  ]);
  return tableOf(head, cells) +
    "* graph and path, the original's 2021 code in Go, measured elsewhere on a machine of the same kind (2 cores)\n" +
    "  cold: a new planner's first plan, after a warm-up with other names; compile: once for each set of modules\n";
}

function originalOf({ original }: PlanRow): string {
  if (original === undefined) return "";
  const path = original.pathMs === undefined ? "" : ` + ${original.pathMs}`;
  return `${original.over === true ? "over " : ""}${original.graphMs}${path}`;
}

function pausesTable(rows: readonly PauseRow[]): string {
  const head = ["search in slices", "ms", "worst pause ms", "by a timer ms", "cost"];
  return tableOf(head, rows.map((row) => [row.case, row.ms, row.worstMs, row.worstTimerMs, row.cost ?? ""]));
}

function fleetTable(rows: readonly FleetRow[]): string {
  const head = ["fleet of nodes", "situations", "searches", "ms"];
  return tableOf(head, rows.map(({ nodes, situations, searches, ms }) => [nodes, situations, searches, ms]));
}

function reconcileTable(rows: readonly ReconcileRow[]): string {
  const head = ["reconcile nodes", "first ms", "changed ms", "again ms", "nodes/s", "bytes a node"];
  return tableOf(
    head,
    rows.map((row) => [row.nodes, row.firstMs, row.dirtyMs, row.ms, row.perSecond, row.bytesPerNode]),
  );
}
