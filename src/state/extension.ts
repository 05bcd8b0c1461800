import type { EnumType, VariableType } from "./variable_type.ts";

/** Who writes the discovered value of a variable. `cfg` means nobody: people set it, nothing discovers it. */
export type Writer = "cfg" | "parent" | "self";

/** Values that must hold: state URL (or pattern) to the value that it must have. */
export type Condition = { readonly [url: string]: string | number | boolean };

/** One typed variable of a node's state. */
export interface Variable<T extends VariableType = VariableType> {
  readonly type: T;
  readonly writer: Writer;
  /** What it is, for people: units included. */
  readonly about: string;
  /** What must hold for its discovered value to mean something. Where absent it follows from the mutations. */
  readonly knownWhile?: Condition;
  /** How long a node that is not at its goal is expected to have a value at most: value to milliseconds. */
  readonly leaveWithin?: { readonly [value: string]: number };
  /**
   * For a cfg variable: which discovered values a change of it makes outdated, and what they become. A program that runs
   * with an older config is not what is asked for any more.
   */
  readonly outdates?: { readonly [url: string]: readonly [from: string, to: string] };
  /** True when people or other programs report its discovered value over the API (say a scheduler's `/busy`). */
  readonly reported?: boolean;
}

/** A typed group of state variables. Keys are full state URLs or patterns such as `/services/{name}/state`. */
export interface Extension<V extends { readonly [url: string]: Variable } = { readonly [url: string]: Variable }> {
  readonly name: string;
  readonly variables: V;
}

/** The values of a type, as a TypeScript type: for an enumeration the union of its values. */
export type ValueOf<T extends VariableType> = T extends EnumType<infer V> ? V[number]
  : T extends { kind: "boolean" } ? boolean
  : T extends { kind: "integer" } ? number
  : T extends { kind: "string" } ? string
  : unknown;

/** All variables of several extensions, as a TypeScript type: URL pattern to {@link Variable}. */
export type VariablesOf<E extends readonly Extension[]> = E extends readonly [
  Extension<infer First>,
  ...infer Rest extends readonly Extension[],
] ? First & VariablesOf<Rest>
  : unknown;

/**
 * Declares an extension. It returns what it is given, typed as exactly as it was written, so that a mutation that names a
 * URL or a value that does not exist fails the type check.
 *
 * @example A machine's cooling
 * ```ts
 * import { defineExtension, enumeration } from "../src/state/mod.ts";
 * const cooling = defineExtension("cooling", {
 *   "/fan": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "self", about: "Speed of the fan" },
 * });
 * if (cooling.variables["/fan"].type.values[1] !== "SLOW") throw new Error("Expected SLOW");
 * ```
 */
export function defineExtension<const V extends { readonly [url: string]: Variable }>(
  name: string,
  variables: V,
): Extension<V> {
  return { name, variables };
}

/** An enumeration type. The first value means "unknown". */
export function enumeration<const V extends readonly [string, ...string[]]>(...values: V): EnumType<V> {
  return { kind: "enum", values };
}
