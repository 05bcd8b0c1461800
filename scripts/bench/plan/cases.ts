import type { ModuleDeclaration, Mutation, Question } from "../../../src/plan/mod.ts";
import { defineExtension, enumeration, type Value, type Variable } from "../../../src/state/mod.ts";
import { createRandom } from "./random.ts";

/** A planning problem to measure. */
export interface Case {
  readonly name: string;
  readonly modules: readonly ModuleDeclaration[];
  readonly question: Question;
  /** What the original took for its graph and one path, in milliseconds, taken elsewhere; with `over` more than that. */
  readonly original?: { readonly graphMs: number; readonly pathMs?: number; readonly over?: true };
}

const TIMEOUT = 10_000;

/**
 * Variables of `values` values each, in which every value leads to the next. Names carry a prefix, so that nothing that
 * was learnt of one such problem is of use for another.
 *
 * @param requires What the mutation of a variable to a value requires, by the number of the variable.
 */
function grid(
  prefix: string,
  count: number,
  values: number,
  requires: (variable: number) => number | undefined = () => undefined,
): Pick<Case, "modules" | "question"> {
  const [first, ...rest] = Array.from({ length: values }, (_, value) => `${prefix}${value}`);
  const type = enumeration("UNKNOWN", first ?? "", ...rest);
  const variables: Record<string, Variable> = {};
  const mutations: Record<string, Mutation> = {};
  const last = `${prefix}${values - 1}`;
  for (let variable = 0; variable < count; variable++) {
    const url = `/${prefix}/v${variable}`;
    variables[url] = { type, writer: "parent", about: "Measured", knownWhile: {} };
    const needed = requires(variable);
    for (let value = 1; value < values; value++) {
      mutations[`m${variable}-${value}`] = {
        context: "parent",
        changes: { [url]: [`${prefix}${value - 1}`, `${prefix}${value}`] },
        ...(needed === undefined ? {} : { requires: { [`/${prefix}/v${needed}`]: last } }),
        timeout: TIMEOUT,
      };
    }
  }
  return {
    modules: [{
      name: prefix,
      about: "Measured",
      extensions: [defineExtension(prefix, variables)],
      discovers: [],
      mutations,
    }],
    question: {
      view: new Map(Object.keys(variables).map((url) => [url, `${prefix}0`])),
      cfg: new Map(Object.keys(variables).map((url) => [url, last])),
    },
  };
}

/** Devices that each are found in one of three positions of a switch, which turns from each to each. */
function behindSwitch(prefix: string, devices: number): Pick<Case, "modules" | "question"> {
  const turner = `/${prefix}/switch`;
  const type = enumeration("UNKNOWN", "A", "B", "C");
  const variables: Record<string, Variable> = {
    [turner]: { type, writer: "parent", about: "Measured", knownWhile: {} },
  };
  const mutations: Record<string, Mutation> = {};
  for (const from of ["A", "B", "C"]) {
    for (const to of ["A", "B", "C"].filter((other) => other !== from)) {
      mutations[`${from}-${to}`] = { context: "parent", changes: { [turner]: [from, to] }, timeout: TIMEOUT };
    }
  }
  for (let device = 0; device < devices; device++) {
    const url = `/${prefix}/d${device}`;
    variables[url] = { type, writer: "parent", about: "Measured", knownWhile: {} };
    mutations[`find-${device}`] = {
      context: "parent",
      changes: { [url]: ["UNKNOWN", "A"] },
      requires: { [turner]: ["A", "B", "C"][device % 3] ?? "A" },
      timeout: TIMEOUT,
    };
  }
  const found = Object.keys(variables).filter((url) => url !== turner);
  const extensions = [defineExtension(prefix, variables)];
  return {
    modules: [{ name: prefix, about: "Measured", extensions, discovers: [], mutations }],
    question: { view: new Map([[turner, "A"]]), cfg: new Map(found.map((url) => [url, "A"])) },
  };
}

/** The values that services have. */
const SERVICE = ["UNKNOWN", "INIT", "STOP", "RUN", "ERROR"] as const;

/**
 * A machine with services on top: what runs on it is known while the machine is up, and can be changed only then.
 *
 * @param goalOf For each service what it is, and what it is to be.
 */
function hubWithServices(
  prefix: string,
  count: number,
  goalOf: (service: number) => { readonly now: string; readonly goal: string },
): Pick<Case, "modules" | "question"> {
  const [power, run, drained] = [`/${prefix}/power`, `/${prefix}/run`, `/${prefix}/drained`];
  const state = `/${prefix}/{name}/state`;
  const up = { [run]: "SYNC" };
  const known = { writer: "parent", about: "Measured" } as const;
  const mutation = (
    url: string,
    from: string,
    to: string,
    requires: Mutation["requires"],
    disruption = 1,
  ): Mutation => ({
    ...{ context: "parent", changes: { [url]: [from, to] }, timeout: TIMEOUT, disruption },
    ...(requires === undefined ? {} : { requires }),
  });
  const mayRun = { ...up, [drained]: "NO" };
  const modules: ModuleDeclaration[] = [{
    name: prefix,
    about: "Measured",
    extensions: [defineExtension(prefix, {
      [power]: { ...known, type: enumeration("UNKNOWN", "OFF", "ON", "HANG"), knownWhile: {} },
      [run]: { ...known, type: enumeration("UNKNOWN", "INIT", "SYNC"), knownWhile: { [power]: "ON" } },
      [drained]: { ...known, type: enumeration("UNKNOWN", "NO", "YES"), knownWhile: up },
      [state]: { ...known, type: enumeration(...SERVICE), knownWhile: up },
    })],
    discovers: [],
    mutations: {
      "power-on": mutation(power, "OFF", "ON", undefined),
      "power-off": { ...mutation(power, "ON", "OFF", undefined, 10), excludes: { [drained]: "NO" } },
      "reset": mutation(power, "HANG", "OFF", undefined, 10),
      "boot": mutation(run, "UNKNOWN", "INIT", { [power]: "ON" }),
      "join": mutation(run, "INIT", "SYNC", { [power]: "ON" }),
      "find-drained": mutation(drained, "UNKNOWN", "NO", up),
      "drain": mutation(drained, "NO", "YES", up),
      "resume": mutation(drained, "YES", "NO", up),
      "find": { ...mutation(state, "UNKNOWN", "STOP", up), duration: 100 },
      "start": mutation(state, "STOP", "RUN", mayRun),
      "apply": mutation(state, "INIT", "RUN", mayRun),
      "restart": mutation(state, "ERROR", "RUN", mayRun),
      "stop": mutation(state, "RUN", "STOP", up),
      "stop-outdated": mutation(state, "INIT", "STOP", up),
      "clear": mutation(state, "ERROR", "STOP", up),
    },
  }];
  const view = new Map<string, Value>([[power, "ON"], [run, "SYNC"], [drained, "NO"]]);
  const cfg = new Map<string, Value>([[power, "ON"], [run, "SYNC"]]);
  for (let service = 0; service < count; service++) {
    const { now, goal } = goalOf(service);
    if (now !== SERVICE[0]) view.set(`/${prefix}/s${service}/state`, now);
    cfg.set(`/${prefix}/s${service}/state`, goal);
  }
  return { modules, question: { view, cfg } };
}

/** Services of five values with random goals: to run or to stop. */
function randomServices(seed: number): (service: number) => { readonly now: string; readonly goal: string } {
  const random = createRandom(seed);
  const choose = (below: number) => Math.floor(random() * below);
  return () => ({ now: SERVICE[choose(SERVICE.length)] ?? "RUN", goal: choose(2) === 0 ? "RUN" : "STOP" });
}

/** Services that run, and of which the first ones are to stop. */
function stopping(count: number): (service: number) => { readonly now: string; readonly goal: string } {
  return (service) => ({ now: "RUN", goal: service < count ? "STOP" : "RUN" });
}

/** Variables of four values with twice as many mutations as values, each of which may require a value of another one. */
function randomProblem(prefix: string, count: number): Pick<Case, "modules" | "question"> {
  const random = createRandom(count);
  const choose = (below: number) => Math.floor(random() * below);
  const letters = ["A", "B", "C", "D"] as const;
  const type = enumeration("UNKNOWN", ...letters);
  const urls = Array.from({ length: count }, (_, variable) => `/${prefix}/v${variable}`);
  const mutations: Record<string, Mutation> = {};
  for (const [variable, url] of urls.entries()) {
    const other = urls[choose(count)] ?? url;
    for (const [value, from] of letters.entries()) {
      const to = letters[(value + 1) % letters.length] ?? "A";
      const back = letters[(value + 3) % letters.length] ?? "A";
      mutations[`up-${variable}-${value}`] = { context: "parent", changes: { [url]: [from, to] }, timeout: TIMEOUT };
      mutations[`down-${variable}-${value}`] = {
        context: "parent",
        changes: { [url]: [from, back] },
        ...(other === url ? {} : { requires: { [other]: letters[choose(4)] ?? "A" } }),
        disruption: 1 + choose(3),
        timeout: TIMEOUT,
      };
    }
  }
  const variables = Object.fromEntries(
    urls.map((url) => [url, { type, writer: "parent", about: "Measured", knownWhile: {} } as const]),
  );
  const values = () => new Map<string, Value>(urls.map((url) => [url, letters[choose(4)] ?? "A"]));
  const extensions = [defineExtension(prefix, variables)];
  return {
    modules: [{ name: prefix, about: "Measured", extensions, discovers: [], mutations }],
    question: { view: values(), cfg: values() },
  };
}

const CHAINS = [
  [10, { graphMs: 1.3, pathMs: 0.06 }],
  [50, { graphMs: 19, pathMs: 0.2 }],
  [100, { graphMs: 110, pathMs: 1.4 }],
  [500, { graphMs: 1469, pathMs: 12 }],
  [2000, undefined],
] as const;

const GRIDS = [
  [6, 2, { graphMs: 12, pathMs: 0.4 }],
  [8, 2, { graphMs: 68, pathMs: 5.3 }],
  [10, 2, { graphMs: 823, pathMs: 19 }],
  [11, 2, { graphMs: 4638, pathMs: 141 }],
  [12, 2, { graphMs: 33_186, pathMs: 377 }],
  [64, 2, undefined],
  [5, 3, { graphMs: 87 }],
  [6, 3, { graphMs: 525 }],
  [7, 3, { graphMs: 6352 }],
  [8, 3, { graphMs: 60_000, over: true }],
  [4, 4, { graphMs: 85 }],
  [5, 4, { graphMs: 1207 }],
  [6, 4, { graphMs: 47_130 }],
  [16, 8, undefined],
  [64, 8, undefined],
] as const;

const DEPENDENT = [
  [6, { graphMs: 306 }],
  [7, { graphMs: 2703 }],
  [8, { graphMs: 48_452 }],
  [10, { graphMs: 60_000, over: true }],
  [100, undefined],
  [1000, undefined],
] as const;

/** The cases of grids, chains and random problems, named with `prefix` in all that they declare. */
export function syntheticCases(prefix: string): Case[] {
  const withOriginal = (original: Case["original"]) => (original === undefined ? {} : { original });
  return [
    ...CHAINS.map(([size, original]) => ({
      name: `chain of ${size} values`,
      ...grid(prefix, 1, size),
      ...withOriginal(original),
    })),
    ...GRIDS.map(([count, values, original]) => ({
      name: `grid of ${count} variables of ${values} values`,
      ...grid(prefix, count, values),
      ...withOriginal(original),
    })),
    ...DEPENDENT.map(([count, original]) => ({
      name: `${count} variables of 3 values that each require the one before`,
      ...grid(prefix, count, 3, (variable) => (variable === 0 ? undefined : variable - 1)),
      ...withOriginal(original),
    })),
    {
      name: "2000 variables of 2 values that each require the one before",
      ...grid(prefix, 2000, 2, (variable) => (variable === 0 ? undefined : variable - 1)),
    },
    {
      name: "1000 variables of 2 values that each require one of those before",
      ...grid(prefix, 1000, 2, treeOf(1000)),
    },
    { name: "12 devices behind one switch", ...behindSwitch(prefix, 12) },
    { name: "100 devices behind one switch", ...behindSwitch(prefix, 100) },
    { name: "hub with 22 services, 17 to stop", ...hubWithServices(prefix, 22, stopping(17)) },
    { name: "hub with 300 services, 20 to stop", ...hubWithServices(prefix, 300, stopping(20)) },
    { name: "hub with 300 services, 280 to stop", ...hubWithServices(prefix, 300, stopping(280)) },
    { name: "hub with 1000 services of 5 values, random goals", ...hubWithServices(prefix, 1000, randomServices(3)) },
    ...[4, 8, 12, 16, 20].map((count) => ({ name: `random, ${count} variables`, ...randomProblem(prefix, count) })),
  ];
}

/** Cases whose search takes long, and the largest star. */
export function longCases(prefix: string): Case[] {
  return [
    {
      name: "hub with 1000 services of 5 values, random goals",
      ...hubWithServices(`${prefix}s`, 1000, randomServices(3)),
    },
    { name: "random, 20 variables", ...randomProblem(`${prefix}a`, 20) },
    { name: "random, 24 variables", ...randomProblem(`${prefix}b`, 24) },
  ];
}

function treeOf(count: number): (variable: number) => number | undefined {
  const random = createRandom(7);
  const parents = Array.from({ length: count }, (_, variable) => Math.floor(random() * variable));
  return (variable) => (variable === 0 ? undefined : parents[variable]);
}
