import * as v from "valibot";
import { isNodeName, isRecord, isUrl, type VariableType } from "../state/mod.ts";
import type { ModuleDeclaration } from "./mutation.ts";

/** The most modules that one program may declare. */
export const MAX_MODULES = 64;
/** The most variables, and the most mutations, of one module. */
export const MAX_DECLARED = 256;
/** The most variables that one mutation may change, require or exclude. */
export const MAX_CHANGES = 16;

const MAX_EXTENSIONS = 32;
const MAX_VALUES = 256;
const MAX_TEXT = 1024;
const MAX_DEPTH = 16;
/** The longest timeout of a mutation: a day, in milliseconds. */
export const MAX_TIMEOUT = 86_400_000;
/** The most disruption that one mutation may declare. */
export const MAX_DISRUPTION = 10_000;

const name = v.pipe(v.string(), v.check(isNodeName, "expected 1 to 64 letters, digits, '_', '.' or '-'"));
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT, `expected at most ${MAX_TEXT} characters`));
const url = v.pipe(v.string(), v.check(isUrl, "expected a state URL such as '/physState'"));
const word = v.pipe(v.string(), v.minLength(1), v.maxLength(64, "expected at most 64 characters"));
const limit = v.pipe(v.number(), v.safeInteger());
const scalar = v.union([v.pipe(v.string(), v.maxLength(MAX_TEXT)), limit, v.boolean()], "expected a scalar");

function record<K extends v.GenericSchema<string, string>, V extends v.GenericSchema>(key: K, value: V, max: number) {
  return v.pipe(v.record(key, value), v.maxEntries(max, `expected at most ${max} entries`));
}

function list<T extends v.GenericSchema>(item: T, max: number) {
  return v.pipe(v.array(item), v.maxLength(max, `expected at most ${max} items`));
}

const variableType: v.GenericSchema<unknown, VariableType> = v.lazy(() =>
  v.variant("kind", [
    v.object({
      kind: v.literal("enum"),
      values: v.pipe(
        v.tupleWithRest([word], word),
        v.maxLength(MAX_VALUES, `expected at most ${MAX_VALUES} values`),
        v.check((values) => new Set(values).size === values.length, "expected no value twice"),
      ),
    }),
    v.object({ kind: v.literal("string"), maxLength: v.exactOptional(limit) }),
    v.object({ kind: v.literal("integer"), min: v.exactOptional(limit), max: v.exactOptional(limit) }),
    v.object({ kind: v.literal("boolean") }),
    v.object({ kind: v.literal("list"), items: variableType, maxItems: v.exactOptional(limit) }),
    v.object({ kind: v.literal("record"), values: variableType }),
    v.object({
      kind: v.literal("object"),
      fields: record(word, variableType, MAX_CHANGES),
      optional: v.exactOptional(list(word, MAX_CHANGES)),
    }),
    v.object({ kind: v.literal("either"), of: list(variableType, MAX_CHANGES) }),
  ])
);

const variable = v.object({
  type: variableType,
  writer: v.picklist(["cfg", "parent", "self"]),
  about: text,
  knownWhile: v.exactOptional(record(url, scalar, MAX_CHANGES)),
  leaveWithin: v.exactOptional(
    record(word, v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_TIMEOUT)), MAX_VALUES),
  ),
  outdates: v.exactOptional(record(url, v.strictTuple([word, word]), MAX_CHANGES)),
  reported: v.exactOptional(v.boolean()),
});

const mutation = v.object({
  context: v.picklist(["self", "parent", "any"]),
  changes: record(url, v.strictTuple([word, word]), MAX_CHANGES),
  requires: v.exactOptional(record(url, scalar, MAX_CHANGES)),
  excludes: v.exactOptional(record(url, v.union([scalar, list(scalar, MAX_VALUES)]), MAX_CHANGES)),
  timeout: v.pipe(v.number(), v.minValue(1), v.maxValue(MAX_TIMEOUT)),
  failTo: v.exactOptional(record(url, word, MAX_CHANGES)),
  disruption: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_DISRUPTION))),
  duration: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_TIMEOUT))),
  about: v.exactOptional(text),
});

const moduleDeclaration = v.object({
  name,
  about: text,
  extensions: v.pipe(
    list(v.object({ name, variables: record(url, variable, MAX_DECLARED) }), MAX_EXTENSIONS),
    v.check(
      (extensions) => extensions.reduce((sum, { variables }) => sum + Object.keys(variables).length, 0) <= MAX_DECLARED,
      `expected at most ${MAX_DECLARED} variables in all`,
    ),
  ),
  discovers: list(url, MAX_DECLARED),
  mutations: record(name, mutation, MAX_DECLARED),
});

/** The result of {@link parseModuleDeclarations}. */
export type ParsedDeclarations =
  | { readonly ok: true; readonly modules: readonly ModuleDeclaration[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Parses module declarations from another program. It checks their shape and size and drops unknown fields; their
 * meaning is checked by `compileDomain`.
 *
 * @param value Anything from outside: a list of at most 64 modules, each with at most 256 variables and 256 mutations.
 * @returns The declarations, or at most 16 problems, each naming the place and what was expected.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseModuleDeclarations } from "../src/plan/mod.ts";
 *
 * const parsed = parseModuleDeclarations([{ name: "fan", about: "", extensions: [], discovers: "/fan", mutations: {} }]);
 * assert(!parsed.ok && parsed.problems[0]?.includes("at '0.discovers'"));
 * ```
 */
export function parseModuleDeclarations(value: unknown): ParsedDeclarations {
  if (!isShallow(value, MAX_DEPTH)) {
    return { ok: false, problems: [`Cannot read module declarations: nested deeper than ${MAX_DEPTH}`] };
  }
  if (!Array.isArray(value) || value.length > MAX_MODULES) {
    return { ok: false, problems: [`Cannot read module declarations: expected a list of at most ${MAX_MODULES}`] };
  }
  const parsed = v.safeParse(v.array(moduleDeclaration), value);
  if (parsed.success) return { ok: true, modules: parsed.output };
  const problems = parsed.issues.slice(0, 16).map((issue) =>
    `Cannot read module declarations: at '${v.getDotPath(issue) ?? ""}': ${issue.message}`.slice(0, 512)
  );
  return { ok: false, problems };
}

function isShallow(value: unknown, depth: number): boolean {
  if (Array.isArray(value)) return depth > 0 && value.every((part) => isShallow(part, depth - 1));
  if (isRecord(value)) return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1));
  return true;
}
