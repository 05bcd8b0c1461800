import { compileDomain, createPlanner, type Domain } from "../../../src/plan/mod.ts";
import { median, round } from "../bench.ts";
import { type Case, syntheticCases } from "./cases.ts";
import { layercakes } from "./layercake.ts";

/** Figures of one case. */
export interface PlanRow {
  readonly case: string;
  readonly vars: number;
  /** The most values that mutations name of one variable. */
  readonly values: number;
  readonly mutations: number;
  /** Milliseconds to check the declarations and make them ready: once for each set of modules. */
  readonly compileMs: number;
  /** Milliseconds that a new planner takes for its first plan. */
  readonly coldMs: number;
  /** Microseconds for the same plan again. */
  readonly cachedUs: number;
  /** The plan's disruption; absent where the search gave up at its bound. */
  readonly cost?: number;
  /** What the original took, on another machine of the same kind: never run here. */
  readonly original?: Case["original"];
}

const WARM_UPS = 3;
const ROUNDS = 5;
/** A case that takes longer than this is measured once. Milliseconds. */
const LONG = 1000;
/** How long cached plans are asked for in each round. Milliseconds. */
const CACHED = 5;

/**
 * Measures every case: the median of five rounds, each with declarations that no planner has seen. Before, cases of the
 * same shape under other names warm up the runtime's compiler.
 */
export function measurePlans(): PlanRow[] {
  const casesOf = (prefix: string) => [...layercakes(prefix), ...syntheticCases(prefix)];
  for (let turn = 0; turn < WARM_UPS; turn++) for (const one of casesOf(`warm${turn}`)) measureOnce(one);
  const rounds = Array.from({ length: ROUNDS }, (_, turn) => casesOf(`round${turn}`));
  return casesOf("named").map((named, at) => {
    const measured: Measured[] = [];
    for (const cases of rounds) {
      const one = cases[at];
      const before = measured.at(-1);
      if (one === undefined || (before !== undefined && before.coldMs > LONG)) break;
      measured.push(measureOnce(one));
    }
    const middle = (pick: (one: Measured) => number) => round(median(measured.map(pick)));
    const cost = measured[0]?.cost;
    return {
      case: named.name,
      ...sizeOf(compileDomain(named.modules)),
      compileMs: middle(({ compileMs }) => compileMs),
      coldMs: middle(({ coldMs }) => coldMs),
      cachedUs: middle(({ cachedUs }) => cachedUs),
      ...(cost === undefined ? {} : { cost }),
      ...(named.original === undefined ? {} : { original: named.original }),
    };
  });
}

interface Measured {
  readonly compileMs: number;
  readonly coldMs: number;
  readonly cachedUs: number;
  readonly cost: number | undefined;
}

function measureOnce({ modules, question }: Case): Measured {
  const start = performance.now();
  const domain = compileDomain(modules);
  const compiled = performance.now();
  const planner = createPlanner(domain);
  const plan = planner.plan(question);
  const planned = performance.now();
  let calls = 0;
  let now = planned;
  while (now < planned + CACHED) {
    for (let call = 0; call < 10; call++) planner.plan(question);
    calls += 10;
    now = performance.now();
  }
  return {
    compileMs: compiled - start,
    coldMs: planned - compiled,
    cachedUs: (now - planned) * 1000 / calls,
    cost: plan.ok ? plan.cost : undefined,
  };
}

function sizeOf({ mutations }: Domain): Pick<PlanRow, "vars" | "values" | "mutations"> {
  const values = new Map<string, Set<string>>();
  for (const { declaration } of mutations) {
    for (const [url, change] of Object.entries(declaration.changes)) {
      const known = values.get(url) ?? new Set();
      for (const value of change) known.add(value);
      values.set(url, known);
    }
  }
  return {
    vars: values.size,
    values: Math.max(...[...values.values()].map((known) => known.size)),
    mutations: mutations.length,
  };
}
