import { isRecord, type Value } from "./value.ts";

/** The largest magnitude of an integer in a state value. */
export const MAX_INTEGER = 2 ** 32 - 1;
/** The longest string in a state value if its type states no limit, in UTF-16 code units. */
export const DEFAULT_MAX_LENGTH = 4096;
/** The most items of a list if its type states no limit, and the most keys of a record. */
export const DEFAULT_MAX_ITEMS = 256;

/** An enumeration. Its first value means "unknown": a variable has it until something discovers its value. */
export interface EnumType<V extends readonly [string, ...string[]] = readonly [string, ...string[]]> {
  readonly kind: "enum";
  readonly values: V;
}
/** A text of at most `maxLength` code units (default {@link DEFAULT_MAX_LENGTH}). */
export interface StringType {
  readonly kind: "string";
  readonly maxLength?: number;
}
/** An integer of at least `min` and at most `max` (default ±{@link MAX_INTEGER}). */
export interface IntegerType {
  readonly kind: "integer";
  readonly min?: number;
  readonly max?: number;
}
/** True or false. */
export interface BooleanType {
  readonly kind: "boolean";
}
/** A list of values of one type, at most `maxItems` (default {@link DEFAULT_MAX_ITEMS}). */
export interface ListType {
  readonly kind: "list";
  readonly items: VariableType;
  readonly maxItems?: number;
}
/** An object with any keys, whose values have one type; at most {@link DEFAULT_MAX_ITEMS} keys. */
export interface RecordType {
  readonly kind: "record";
  readonly values: VariableType;
}
/** An object with named fields. A field is required unless it is listed in `optional`. */
export interface ObjectType {
  readonly kind: "object";
  readonly fields: { readonly [name: string]: VariableType };
  readonly optional?: readonly string[];
}
/** A value that fits one of several types. */
export interface EitherType {
  readonly kind: "either";
  readonly of: readonly VariableType[];
}
/**
 * The type of a state variable. It is plain data, because declarations travel between programs.
 *
 * @example A list of mount points
 * ```ts
 * import { parseValue, type VariableType } from "../src/state/mod.ts";
 *
 * const mounts: VariableType = {
 *   kind: "list",
 *   maxItems: 16,
 *   items: {
 *     kind: "object",
 *     fields: { path: { kind: "string", maxLength: 256 }, readOnly: { kind: "boolean" } },
 *     optional: ["readOnly"],
 *   },
 * };
 * parseValue(mounts, [{ path: "/scratch", readOnly: true }, { path: "/home" }], "/mounts");
 * ```
 */
export type VariableType =
  | EnumType
  | StringType
  | IntegerType
  | BooleanType
  | ListType
  | RecordType
  | ObjectType
  | EitherType;

/** The reason why a value does not fit its type: the place in the value, what was there, and what was expected. */
export interface Issue {
  readonly path: string;
  readonly found: unknown;
  readonly expected: string;
}

/**
 * Checks a value against a type.
 *
 * @param type The type that the value should have.
 * @param value Anything from outside.
 * @param path The name of the value in messages, such as a state URL.
 * @returns The first issue; undefined if the value fits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { describeIssue, enumeration, findIssue } from "../src/state/mod.ts";
 *
 * const issue = findIssue(enumeration("UNKNOWN", "SLOW", "FAST"), "OFF", "/fan");
 * assert(issue !== undefined && describeIssue(issue) === '/fan is "OFF": expected one of UNKNOWN, SLOW, FAST');
 * ```
 */
export function findIssue(type: VariableType, value: unknown, path: string): Issue | undefined {
  switch (type.kind) {
    case "enum":
      if (typeof value === "string" && type.values.includes(value)) return undefined;
      return { path, found: value, expected: `one of ${type.values.join(", ")}` };
    case "string": {
      const max = type.maxLength ?? DEFAULT_MAX_LENGTH;
      if (typeof value === "string" && value.length <= max) return undefined;
      const has = typeof value === "string" ? `, and it has ${value.length}` : "";
      return { path, found: value, expected: `a string of at most ${max} characters${has}` };
    }
    case "integer": {
      const min = type.min ?? -MAX_INTEGER;
      const max = type.max ?? MAX_INTEGER;
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return undefined;
      return { path, found: value, expected: `an integer from ${min} to ${max}` };
    }
    case "boolean":
      if (typeof value === "boolean") return undefined;
      return { path, found: value, expected: "true or false" };
    case "list":
      return findListIssue(type, value, path);
    case "record":
      return findRecordIssue(type, value, path);
    case "object":
      return findObjectIssue(type, value, path);
    case "either":
      if (type.of.some((one) => findIssue(one, value, path) === undefined)) return undefined;
      return { path, found: value, expected: describeType(type) };
    default:
      return type satisfies never;
  }
}

function findListIssue(type: ListType, value: unknown, path: string): Issue | undefined {
  const max = type.maxItems ?? DEFAULT_MAX_ITEMS;
  if (!Array.isArray(value) || value.length > max) {
    return { path, found: value, expected: `a list of at most ${max} items` };
  }
  for (const [index, item] of value.entries()) {
    const issue = findIssue(type.items, item, `${path}/${index}`);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function findRecordIssue(type: RecordType, value: unknown, path: string): Issue | undefined {
  if (!isRecord(value) || Object.keys(value).length > DEFAULT_MAX_ITEMS) {
    return { path, found: value, expected: `an object of at most ${DEFAULT_MAX_ITEMS} keys` };
  }
  for (const [key, part] of Object.entries(value)) {
    const issue = findIssue(type.values, part, `${path}/${key}`);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function findObjectIssue(type: ObjectType, value: unknown, path: string): Issue | undefined {
  const names = Object.keys(type.fields);
  if (!isRecord(value)) return { path, found: value, expected: `an object with ${names.join(", ")}` };
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(type.fields, key)) {
      return { path: `${path}/${key}`, found: value[key], expected: `no such field: known are ${names.join(", ")}` };
    }
  }
  for (const [name, fieldType] of Object.entries(type.fields)) {
    if (value[name] === undefined) {
      if (type.optional?.includes(name)) continue;
      return { path: `${path}/${name}`, found: undefined, expected: describeType(fieldType) };
    }
    const issue = findIssue(fieldType, value[name], `${path}/${name}`);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

/** Describes `type` in words, for messages: `a list of one of SLOW, FAST`. */
export function describeType(type: VariableType): string {
  switch (type.kind) {
    case "enum":
      return `one of ${type.values.join(", ")}`;
    case "string":
      return "a string";
    case "integer":
      return "an integer";
    case "boolean":
      return "true or false";
    case "list":
      return `a list of ${describeType(type.items)}`;
    case "record":
      return `an object of ${describeType(type.values)}`;
    case "object":
      return `an object with ${Object.keys(type.fields).join(", ")}`;
    case "either":
      return type.of.map(describeType).join(" or ");
    default:
      return type satisfies never;
  }
}

/** Describes `issue` in a message, such as `/physState is "ON": expected one of POWER_OFF, POWER_ON`. */
export function describeIssue(issue: Issue): string {
  const found = issue.found === undefined ? "missing" : JSON.stringify(issue.found)?.slice(0, 80) ?? "not data";
  return `${issue.path} is ${found}: expected ${issue.expected}`;
}

/**
 * Checks a value from outside and returns it as a {@link Value}.
 *
 * @param type The type that the value should have.
 * @param value Anything from outside.
 * @param path The name of the value in messages, such as a state URL.
 * @throws {TypeError} If the value does not fit the type. The message names the place, what was there and what was
 * expected.
 */
export function parseValue(type: VariableType, value: unknown, path: string): Value {
  const issue = findIssue(type, value, path);
  if (issue !== undefined) throw new TypeError(describeIssue(issue));
  return value as Value; // findIssue has just shown it
}
