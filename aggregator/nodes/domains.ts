import { Buffer } from "node:buffer";
import { policy } from "../../src/engine/mod.ts";
import type { Log } from "../../src/log.ts";
import {
  compileDomain,
  createPlanner,
  MAX_MODULES,
  type ModuleDeclaration,
  type Planner,
  type PlannerOptions,
} from "../../src/plan/mod.ts";
import { canonicalText, createSchema, type Schema } from "../../src/state/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The largest number of different sets of agent modules at a time. */
const MAX_SETS = 32;
/** The largest size of the declarations sent to the parent, as JSON, in bytes: they are part of one frame. */
const MAX_DECLARED_BYTES = 128 * 1024;

/** The planners of an aggregator: one for each set of modules that its children run. */
export interface Domains {
  /**
   * Returns the planner for a node: with its agent's own modules once it was born, with the built-in ones until then.
   * For a node of another aggregator, with that one's modules.
   */
  plannerOf(node: string): Planner;
  /** Records the modules that a node's agent runs. @returns Why they were refused, if they were. */
  declare(node: string, modules: readonly ModuleDeclaration[]): string | undefined;
  /** Records the modules that an aggregator below and its nodes run. @returns Why they were refused, if they were. */
  declareBelow(aggregator: string, modules: readonly ModuleDeclaration[]): string | undefined;
  /** All known modules; of several with one name, the one declared first. The same list until it changes. */
  readonly declared: readonly ModuleDeclaration[];
  /** Every variable that any planner knows. */
  readonly schema: Schema;
  /** Tells whether any known mutation changes the variable behind a URL. */
  isMutable(url: string): boolean;
  /** Lists the mutations that any planner knows and that run in this context, as sorted `module/id`. */
  mutations(context: "parent" | "self"): readonly string[];
  /** Waits until no planner is searching. Never rejects. */
  idle(): Promise<void>;
}

/**
 * Creates the planners.
 *
 * @param parentModules The modules that this aggregator runs for its children.
 * @param agentModules The modules that agents are assumed to run before they have reported.
 * @param aggregatorOf Returns the aggregator below that serves a node; undefined if none does.
 * @param log Takes warnings.
 * @param options Limits of each planner, and whether it works in slices.
 */
export function createDomains(
  parentModules: readonly ModuleDeclaration[],
  agentModules: readonly ModuleDeclaration[],
  log: Log,
  aggregatorOf: (node: string) => string | undefined = () => undefined,
  options: PlannerOptions = {},
): Domains {
  const builtInModules = [...parentModules, ...agentModules];
  const builtIn = createPlanner(compileDomain(builtInModules), options);
  const planners = new Map<string, Planner>([[textOf(builtInModules), builtIn]]);
  const byNode = new Map<string, Planner>();
  const ofAgents = new WeakMap<readonly ModuleDeclaration[], Planner>();
  const ofAggregators = new WeakMap<readonly ModuleDeclaration[], Planner>();
  let schema = createSchema([...builtIn.domain.schema.extensions, policy]);
  let declared: readonly ModuleDeclaration[] = builtInModules;

  function plannerFor(modules: readonly ModuleDeclaration[]): Planner {
    const text = textOf(modules);
    const known = planners.get(text);
    if (known !== undefined) return known;
    if (planners.size >= MAX_SETS) dropUnused();
    if (planners.size >= MAX_SETS) {
      throw new RangeError(`Cannot plan for more than ${MAX_SETS} different sets of agent modules at once`);
    }
    const planner = createPlanner(compileDomain(modules), options);
    const wider = createSchema([...schema.extensions, ...planner.domain.schema.extensions]);
    planners.set(text, planner);
    schema = wider;
    const names = new Set(declared.map(({ name }) => name));
    const others = modules.filter(({ name }) => !names.has(name));
    const fitting = others.length === 0 ? [] : whatFits(declared, others);
    if (fitting.length > 0) declared = [...declared, ...fitting];
    if (fitting.length < others.length) {
      log.warn("Does not declare some modules to the parent, because they do not fit into a frame");
    }
    return planner;
  }

  /**
   * Returns the planner for the declarations of a child. It is found by the list itself, because most children declare
   * the same.
   */
  function take(
    who: string,
    modules: readonly ModuleDeclaration[],
    found: WeakMap<readonly ModuleDeclaration[], Planner>,
    complete: () => readonly ModuleDeclaration[],
  ): string | undefined {
    try {
      let planner = found.get(modules);
      if (planner === undefined || ![...planners.values()].includes(planner)) {
        planner = plannerFor(complete());
        found.set(modules, planner);
      }
      byNode.set(who, planner);
      return undefined;
    } catch (error) {
      const problem = errorText(error);
      log.warn("Refused the module declarations of a child", { node: who, problem });
      return problem;
    }
  }

  /** Agents are upgraded: modules that no agent runs any more are forgotten, with their plans. */
  function dropUnused(): void {
    const used = new Set([builtIn, ...byNode.values()]);
    for (const [text, planner] of planners) if (!used.has(planner)) planners.delete(text);
    schema = createSchema([...used].flatMap(({ domain }) => domain.schema.extensions).concat(policy));
  }

  return {
    plannerOf: (node) => byNode.get(node) ?? byNode.get(aggregatorOf(node) ?? "") ?? builtIn,
    declare: (node, modules) => take(node, modules, ofAgents, () => [...parentModules, ...modules]),
    declareBelow: (aggregator, modules) =>
      take(aggregator, modules, ofAggregators, () => {
        const theirs = new Set(modules.map(({ name }) => name));
        return [...builtInModules.filter(({ name }) => !theirs.has(name)), ...modules];
      }),
    get declared() {
      return declared;
    },
    get schema() {
      return schema;
    },
    isMutable: (url) => [...planners.values()].some((planner) => planner.domain.isMutable(url)),
    mutations(context) {
      const known = [...planners.values()].flatMap(({ domain }) => domain.mutations);
      const names = known.filter((each) => each.context === context).map(({ module, id }) => `${module}/${id}`);
      return [...new Set(names)].sort();
    },
    async idle() {
      await Promise.all([...planners.values()].map((planner) => planner.idle()));
    },
  };
}

/**
 * Returns the modules that fit into the declarations for the parent together with earlier ones: a child must not make
 * them too large.
 */
function whatFits(
  before: readonly ModuleDeclaration[],
  others: readonly ModuleDeclaration[],
): readonly ModuleDeclaration[] {
  let count = before.length;
  let bytes = Buffer.byteLength(JSON.stringify(before));
  return others.filter((module) => {
    const more = Buffer.byteLength(JSON.stringify(module)) + 1;
    if (count >= MAX_MODULES || bytes + more > MAX_DECLARED_BYTES) return false;
    count++;
    bytes += more;
    return true;
  });
}

function textOf(modules: readonly ModuleDeclaration[]): string {
  const plain = [...modules].sort((a, b) => (a.name < b.name ? -1 : 1));
  return canonicalText(JSON.parse(JSON.stringify(plain)));
}
