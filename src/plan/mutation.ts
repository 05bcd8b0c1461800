import type { Condition, Extension, Variable, VariablesOf, VariableType } from "../state/mod.ts";

/**
 * The program that runs a mutation: the node's own agent, its aggregator, or whichever of them writes what it changes.
 */
export type Context = "self" | "parent" | "any";

/** Values that must not hold: state URL (or pattern) to one value or several. */
export type Exclusion = { readonly [url: string]: string | number | boolean | readonly (string | number | boolean)[] };

/**
 * A declared change of one or more state variables, as plain data.
 *
 * It may run while every changed variable has its `from` value, everything in `requires` holds and nothing in `excludes`
 * does. A `from` that is the variable's unknown value makes it a discovery: the planner assumes the `to` value, and plans
 * anew from the value that is found.
 */
export interface Mutation {
  readonly context: Context;
  /** URL (or pattern) to `[from, to]`. All patterns of a mutation share their placeholders. */
  readonly changes: { readonly [url: string]: readonly [from: string, to: string] };
  readonly requires?: Condition;
  readonly excludes?: Exclusion;
  /** Milliseconds after which it counts as failed: more than 0, at most a day. */
  readonly timeout: number;
  /** The values that are discovered if it fails. Only of variables that its own context writes. */
  readonly failTo?: { readonly [url: string]: string };
  /**
   * Its cost to the users of the node, an integer from 1 to 10,000: higher for a reboot than for the restart of a service.
   * The planner chooses the plan of least disruption. Default 1.
   */
  readonly disruption?: number;
  /**
   * Milliseconds that it is expected to take: a positive integer, at most the timeout. Of plans of the same disruption the
   * planner chooses the shortest. Default a quarter of the timeout.
   */
  readonly duration?: number;
  /** Description for people. */
  readonly about?: string;
}

/** The declaration of a module: plain data, so that a parent can plan with a child's modules. */
export interface ModuleDeclaration {
  readonly name: string;
  /** Purpose, for people. */
  readonly about: string;
  /** The extensions that declare its variables, those that it shares with other modules included. */
  readonly extensions: readonly Extension[];
  /** The URLs (or patterns) whose values it discovers. */
  readonly discovers: readonly string[];
  readonly mutations: { readonly [id: string]: Mutation };
}

type EnumValue<T extends VariableType> = T extends { kind: "enum"; values: infer L extends readonly string[] }
  ? L[number]
  : never;
type Scalar<T extends VariableType> = T extends { kind: "enum" } ? EnumValue<T>
  : T extends { kind: "boolean" } ? boolean
  : T extends { kind: "integer" } ? number
  : T extends { kind: "string" } ? string
  : never;
type TypeOf<Vars, U extends keyof Vars> = Vars[U] extends Variable<infer T> ? T : never;

/** A {@link Mutation} over known variables: an unknown URL or value fails the type check. */
export interface TypedMutation<Vars> extends Omit<Mutation, "changes" | "requires" | "excludes" | "failTo"> {
  readonly changes: {
    readonly [U in keyof Vars & string]?: readonly [EnumValue<TypeOf<Vars, U>>, EnumValue<TypeOf<Vars, U>>];
  };
  readonly requires?: { readonly [U in keyof Vars & string]?: Scalar<TypeOf<Vars, U>> };
  readonly excludes?: {
    readonly [U in keyof Vars & string]?: Scalar<TypeOf<Vars, U>> | readonly Scalar<TypeOf<Vars, U>>[];
  };
  readonly failTo?: { readonly [U in keyof Vars & string]?: EnumValue<TypeOf<Vars, U>> };
}

/**
 * Declares a module. A mutation that names a URL or a value that its extensions don't have fails the type check;
 * `compileDomain` checks declarations that arrive over the wire.
 *
 * @param declaration The module's name, purpose, extensions, discoveries and mutations by id. Names and ids have 1 to
 * 64 letters, digits, `_`, `.` and `-`.
 * @returns The same declaration, with its mutation ids known to `defineModule`.
 *
 * @example A module that switches nodes on
 * ```ts
 * import assert from "node:assert/strict";
 * import { declareModule } from "../src/plan/mod.ts";
 * import { core } from "../src/state/mod.ts";
 *
 * const power = declareModule({
 *   name: "power",
 *   about: "Switches nodes on and off",
 *   extensions: [core],
 *   discovers: ["/physState"],
 *   mutations: {
 *     read: { context: "parent", changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] }, timeout: 5_000 },
 *     on: {
 *       context: "parent",
 *       changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
 *       requires: { "/platform": "sim" },
 *       failTo: { "/physState": "PHYS_UNKNOWN" },
 *       timeout: 60_000,
 *     },
 *   },
 * });
 * assert.deepEqual(Object.keys(power.mutations), ["read", "on"]);
 * ```
 */
export function declareModule<const E extends readonly Extension[], const Id extends string>(declaration: {
  readonly name: string;
  readonly about: string;
  readonly extensions: E;
  readonly discovers: readonly (keyof VariablesOf<E> & string)[];
  readonly mutations: { readonly [id in Id]: TypedMutation<VariablesOf<E>> };
}): TypedModuleDeclaration<Id> {
  // A typed mutation differs from a mutation only in knowing which URLs and values there are.
  return declaration as TypedModuleDeclaration<Id>;
}

/** A {@link ModuleDeclaration} whose mutations are known by name, so that handlers for others fail the type check. */
export interface TypedModuleDeclaration<Id extends string> extends Omit<ModuleDeclaration, "mutations"> {
  readonly mutations: { readonly [id in Id]: Mutation };
}

/** The name of a mutation in logs, plans and failure records: `service/start` or `service/start{name=sshd}`. */
export type MutationKey = string;

/**
 * Makes the {@link MutationKey} of a mutation.
 *
 * @param module The module's name.
 * @param id The mutation's id in it.
 * @param bindings The node's names for the mutation's placeholders, in any order.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mutationKey } from "../src/plan/mod.ts";
 *
 * assert.equal(mutationKey("service", "start", { name: "sshd" }), "service/start{name=sshd}");
 * ```
 */
export function mutationKey(module: string, id: string, bindings: { readonly [name: string]: string }): MutationKey {
  const names = Object.keys(bindings);
  const [only] = names;
  if (names.length === 1 && only !== undefined) return `${module}/${id}{${only}=${bindings[only]}}`;
  names.sort();
  const bound = names.length === 0 ? "" : `{${names.map((name) => `${name}=${bindings[name]}`).join(",")}}`;
  return `${module}/${id}${bound}`;
}
