/** Changes of many nodes, put together by what follows from them. */
import { roughDuration } from "../../src/cli/mod.ts";
import { compareNames, foldNodeset } from "../../src/nodeset/mod.ts";
import { describeNoPlan, type Step, type SuspendedGoal } from "../../src/plan/mod.ts";
import type { Control, NodeChange, Prospect } from "../control.ts";

/** Nodes with the same plan, or without one for the same reason. Nodesets are folded. */
export interface GroupJson {
  readonly nodeset: string;
  readonly count: number;
  /** False where there is no plan. */
  readonly ok: boolean;
  /** In words: `2 steps: service/drain, simpower/power-off; about 1 min; disruptive`. */
  readonly summary: string;
  readonly steps: readonly Step[];
  /** Milliseconds from the start to the end of the plan. */
  readonly expectedMs: number;
  /** Whether it cuts power, or takes a node out of SYNC. */
  readonly disruptive: boolean;
  readonly suspended: readonly SuspendedGoal[];
  /** Why there is no plan. */
  readonly reason?: string;
  /** Those that somebody else has. */
  readonly busy?: string;
  /** Those on which nothing is started before a thaw. */
  readonly frozen?: string;
  /** Those on which something that is needed has been given up, with the reason of the first. */
  readonly held?: { readonly nodeset: string; readonly reason: string };
}

interface Member {
  readonly name: string;
  readonly prospect: Prospect;
}

/** The most different mutations that a summary names. */
const MAX_NAMED = 6;

/** Puts changes with the same plan together. Groups are in the order of their first nodes, numbers by value. */
export function groupChanges(control: Control, changes: readonly NodeChange[]): GroupJson[] {
  const groups = new Map<string, { readonly change: NodeChange; readonly members: Member[] }>();
  for (const change of [...changes].sort((a, b) => compareNames(a.name, b.name))) {
    const prospect = control.prospect(change);
    const key = `${prospect.disruptive} ${keyOf(change)}`;
    const group = groups.get(key) ?? { change, members: [] };
    group.members.push({ name: change.name, prospect });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ change, members }) => presentGroup(change, members));
}

/** The texts of plans, which nodes share as long as they share the answer of one search. */
const keys = new WeakMap<NodeChange["plan"], string>();

function keyOf({ plan }: NodeChange): string {
  const known = keys.get(plan) ?? JSON.stringify(plan);
  keys.set(plan, known);
  return known;
}

function presentGroup({ plan }: NodeChange, members: readonly Member[]): GroupJson {
  const fold = (isOne: (prospect: Prospect) => boolean) =>
    foldNodeset(members.filter(({ prospect }) => isOne(prospect)).map(({ name }) => name));
  const busy = fold((prospect) => prospect.busy);
  const frozen = fold((prospect) => prospect.frozen);
  const held = fold((prospect) => prospect.held !== undefined);
  const disruptive = members.some(({ prospect }) => prospect.disruptive);
  const reason = plan.ok ? undefined : describeNoPlan(plan.reason);
  const steps = plan.ok ? plan.steps : [];
  const expectedMs = plan.ok ? plan.duration : 0;
  return {
    nodeset: foldNodeset(members.map(({ name }) => name)),
    count: members.length,
    ok: plan.ok,
    summary: reason === undefined ? summarize(steps, expectedMs, disruptive) : `no plan: ${reason}`,
    steps,
    expectedMs,
    disruptive,
    suspended: plan.suspended,
    ...(reason !== undefined && { reason }),
    ...(busy !== "" && { busy }),
    ...(frozen !== "" && { frozen }),
    ...(held !== "" && {
      held: { nodeset: held, reason: members.find(({ prospect }) => prospect.held)?.prospect.held ?? "" },
    }),
  };
}

function summarize(steps: readonly Step[], expectedMs: number, disruptive: boolean): string {
  if (steps.length === 0) return "nothing to do";
  const counts = new Map<string, number>();
  for (const { module, mutation } of steps) {
    const name = `${module}/${mutation}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts].map(([name, count]) => count === 1 ? name : `${count} x ${name}`);
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : [];
  const parts = [
    `${steps.length} ${steps.length === 1 ? "step" : "steps"}: ${[...names.slice(0, MAX_NAMED), ...more].join(", ")}`,
    `about ${roughDuration(expectedMs)}`,
    ...(disruptive ? ["disruptive"] : []),
  ];
  return parts.join("; ");
}
