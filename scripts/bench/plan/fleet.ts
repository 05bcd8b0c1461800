import { compileDomain, createPlanner, type Plan, type Question } from "../../../src/plan/mod.ts";
import type { Value } from "../../../src/state/mod.ts";
import { round } from "../bench.ts";
import { layercake } from "./layercake.ts";

/** Figures of a fleet whose nodes all ask for a plan once. */
export interface FleetRow {
  readonly nodes: number;
  /** How many different questions they have. */
  readonly situations: number;
  /** How many searches were made: every other answer came from memory. */
  readonly searches: number;
  readonly ms: number;
}

const SITUATIONS = 50;

/** Asks for a plan for each node of fleets whose nodes are in 50 situations. No two have the same name. */
export function measureFleets(sizes: readonly number[]): FleetRow[] {
  return sizes.map((nodes) => {
    const { modules } = layercake("fleet");
    const planner = createPlanner(compileDomain(modules));
    const questions = Array.from({ length: nodes }, (_, node) => questionOf(node));
    const answers = new Set<Plan>(); // an answer from memory is the same object
    const start = performance.now();
    for (const question of questions) answers.add(planner.plan(question));
    const ms = performance.now() - start;
    return { nodes, situations: Math.min(nodes, SITUATIONS), searches: answers.size, ms: round(ms) };
  });
}

/** Five places to start from and ten goals. */
function questionOf(node: number): Question {
  const situation = node % SITUATIONS;
  const [start = [], goal = []] = [STARTS[situation % STARTS.length], GOALS[Math.floor(situation / STARTS.length)]];
  const common = [["/name", `n${node}`], ["/platform", "fleet"]] as const;
  return { view: new Map<string, Value>([...common, ...start]), cfg: new Map<string, Value>([...common, ...goal]) };
}

type Entries = readonly (readonly [url: string, value: Value])[];

const on = ["/physState", "POWER_ON"] as const;
const up = ["/runState", "SYNC"] as const;

const STARTS: readonly Entries[] = [
  [],
  [["/physState", "POWER_OFF"]],
  [on, ["/runState", "ERROR"]],
  [on, up, ["/drained", "NO"]],
  [["/physState", "PHYS_HANG"]],
];

const GOALS: readonly Entries[] = [
  [["/physState", "POWER_OFF"]],
  [on],
  [on, up],
  [on, up, ["/fleet/image", "IDLE"]],
  [on, up, ["/fleet/image", "ACTIVE"]],
  [on, up, ["/fleet/pxe", "COMP"]],
  [on, up, ["/fleet/pxe", "COMP"], ["/fleet/image", "ACTIVE"]],
  [on, up, ["/fleet/image", "ACTIVE"], ["/services/a/state", "RUN"]],
  [on, up, ["/fleet/image", "ACTIVE"], ["/services/a/state", "RUN"], ["/services/b/state", "RUN"]],
  [on, up, ["/drained", "YES"]],
];
