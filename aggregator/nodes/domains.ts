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

/** The most different sets of agent modules that are planned with at once. */
const MAX_SETS = 32;
/** How long all that is declared above may be as JSON, in bytes: it is a part of one frame. */
const MAX_DECLARED_BYTES = 128 * 1024;

/** The planners of an aggregator: one for each set of modules that its children run. */
export interface Domains {
  /**
   * The planner for a node: its agent's own modules once it was born, the built-in ones until then. For a node that another
   * aggregator serves it has that one's modules.
   */
  plannerOf(node: string): Planner;
  /** Takes in what a node's agent says it runs. @returns Why it was refused, if it was. */
  declare(node: string, modules: readonly ModuleDeclaration[]): string | undefined;
  /** Takes in what an aggregator below says that it and its nodes run. @returns Why it was refused, if it was. */
  declareBelow(aggregator: string, modules: readonly ModuleDeclaration[]): string | undefined;
  /** All modules that are known, by name the ones that were declared first: the same list until there are others. */
  readonly declared: readonly ModuleDeclaration[];
  /** Every variable that any planner knows. */
  readonly schema: Schema;
  /** Tells whether any known mutation changes the variable behind a URL. */
  isMutable(url: string): boolean;
  /** The mutations that any planner knows and that run in this context, as `module/id` in their order. */
  mutations(context: "parent" | "self"): readonly string[];
  /** Waits until no planner searches for anything. Never rejects. */
  idle(): Promise<void>;
}

/**
 * Keeps the planners.
 *
 * @param parentModules What this aggregator runs for its children.
 * @param agentModules What agents are taken to run before they have told.
 * @param aggregatorOf The aggregator below that serves a node; undefined where none does.
 * @param options How each planner is bounded, and whether it works in slices.
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
      log.warn("Left modules out of what is declared to the parent: they do not fit into a frame");
    }
    return planner;
  }

  /** The planner for what a child declares: found by the list itself, as most children bring the very same. */
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
      log.warn("Refused the modules that a child declares", { node: who, problem });
      return problem;
    }
  }

  /** Agents are upgraded: what none of them runs any more is forgotten, with all that was planned with it. */
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

/** Those of some modules that fit into what is declared above with those before: whoever is below must not make that too large. */
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
