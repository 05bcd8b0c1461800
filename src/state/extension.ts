import type { EnumType, VariableType } from "./variable_type.ts";

/**
 * The writer of a variable's discovered value. `cfg` means that it has none: people set it, and nothing discovers it.
 */
export type Writer = "cfg" | "parent" | "self";

/** Values that must hold: state URL (or pattern) to the value that it must have. */
export type Condition = { readonly [url: string]: string | number | boolean };

/** One typed variable of a node's state. */
export interface Variable<T extends VariableType = VariableType> {
  readonly type: T;
  readonly writer: Writer;
  /**
   * Meaning, for people: a phrase, then its unit after a comma (`Time since boot, in seconds`), then `. Default: ` and the value
   * that applies if it is unset. docs/reference/variables.md is generated from it.
   */
  readonly about: string;
  /** The condition under which its discovered value means something. If absent, it follows from the mutations. */
  readonly knownWhile?: Condition;
  /** The longest that a node which is not at its goal should keep a value: value to milliseconds. */
  readonly leaveWithin?: { readonly [value: string]: number };
  /**
   * For a cfg variable: the discovered values that a change of it makes outdated, and what they become. A program that
   * runs with an older config no longer runs as asked.
   */
  readonly outdates?: { readonly [url: string]: readonly [from: string, to: string] };
  /** True if people or other programs report its discovered value over the API, such as a job scheduler's `/busy`. */
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
 * Declares an extension: a typed group of state variables. It returns its arguments, typed as exactly as they were
 * written, so that a mutation that names an unknown URL or value fails the type check. {@link createSchema} checks the
 * URLs.
 *
 * @param name The extension's name, for messages.
 * @param variables The variables by full state URL, or by pattern such as `/services/{name}/state`.
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

/**
 * Makes an enumeration type.
 *
 * @param values Its `values`, at least one, each of 1 to 64 characters. The first one means "unknown": a variable has
 * it until something discovers its value.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { enumeration } from "../src/state/mod.ts";
 *
 * const fan = enumeration("UNKNOWN", "SLOW", "FAST");
 * assert(fan.kind === "enum" && fan.values[0] === "UNKNOWN");
 * ```
 */
export function enumeration<const V extends readonly [string, ...string[]]>(...values: V): EnumType<V> {
  return { kind: "enum", values };
}
