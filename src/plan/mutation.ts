import type { Condition, Extension, Variable, VariablesOf, VariableType } from "../state/mod.ts";

/** Where a mutation runs: the node's own agent, its aggregator, or whichever of them writes what it changes. */
export type Context = "self" | "parent" | "any";

/** Values that must not hold: state URL (or pattern) to one value or several. */
export type Exclusion = { readonly [url: string]: string | number | boolean | readonly (string | number | boolean)[] };

/**
 * A declared change of one or more state variables, as plain data.
 *
 * It may run while every changed variable has its `from` value, everything in `requires` holds and nothing in `excludes`
 * does. A `from` that is the variable's unknown value makes it a discovery: it is planned with the value that is hoped
 * for, and whatever it finds is planned from.
 */
export interface Mutation {
  readonly context: Context;
  /** URL (or pattern) to `[from, to]`. All patterns of a mutation share their placeholders. */
  readonly changes: { readonly [url: string]: readonly [from: string, to: string] };
  readonly requires?: Condition;
  readonly excludes?: Exclusion;
  /** How long it may take, in milliseconds, before it counts as failed. */
  readonly timeout: number;
  /** What is discovered when it fails. Only variables that its own context writes. */
  readonly failTo?: { readonly [url: string]: string };
  /**
   * What it costs those who use the node, an integer from 1 to 10,000: a reboot more than the restart of a service. The
   * planner takes the way of least disruption. Default 1.
   */
  readonly disruption?: number;
  /**
   * How long it is expected to take, in milliseconds: a positive integer that the timeout is not below. Of ways of the
   * same disruption the planner takes the shortest. Default a quarter of the timeout.
   */
  readonly duration?: number;
  /** What it does, for people. */
  readonly about?: string;
}

/** Everything that a module says of itself: plain data, so that a parent can plan with a child's modules. */
export interface ModuleDeclaration {
  readonly name: string;
  /** What it is for, for people. */
  readonly about: string;
  /** What its URLs mean. Extensions of other modules that it uses are repeated here. */
  readonly extensions: readonly Extension[];
  /** The URLs (or patterns) that it discovers values of. */
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

/** A {@link Mutation} over known variables: a URL or a value that none of them has does not type-check. */
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
 * declarations that arrive over the wire are checked by `compileDomain`.
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

/** The name of a mutation in logs, plans and failure memory: `service/start` or `service/start{name=sshd}`. */
export type MutationKey = string;

/** Makes a {@link MutationKey}. */
export function mutationKey(module: string, id: string, bindings: { readonly [name: string]: string }): MutationKey {
  const names = Object.keys(bindings);
  const [only] = names;
  if (names.length === 1 && only !== undefined) return `${module}/${id}{${only}=${bindings[only]}}`;
  names.sort();
  const bound = names.length === 0 ? "" : `{${names.map((name) => `${name}=${bindings[name]}`).join(",")}}`;
  return `${module}/${id}${bound}`;
}
