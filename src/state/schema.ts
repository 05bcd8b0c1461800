import type { Extension, Variable } from "./extension.ts";
import { type Bindings, isPattern, matchUrl, parseUrl } from "./url.ts";
import { canonicalText, type Value } from "./value.ts";
import { describeIssue, findIssue } from "./variable_type.ts";

/** A variable as found in a schema by one of its URLs. */
export interface Found {
  readonly pattern: string;
  readonly bindings: Bindings;
  readonly variable: Variable;
}

/** Every variable that a program knows. */
export interface Schema {
  readonly extensions: readonly Extension[];
  /** The variable behind a URL; undefined if no extension declares it. */
  find(url: string): Found | undefined;
  /** The value of a variable that nothing has discovered: an enumeration's first value, otherwise undefined. */
  unknownOf(url: string): string | undefined;
  /**
   * Checks that a URL is declared and that a value fits it.
   *
   * @returns A message that names URL, value and what was expected; undefined if the value is valid.
   */
  validate(url: string, value: unknown): string | undefined;
}

/** The most URLs whose variable a schema remembers. */
const MAX_REMEMBERED = 4096;

/**
 * Makes a schema of extensions. An extension that is given twice counts once.
 *
 * @param extensions The extensions, in any order.
 * @returns A schema whose lookups take constant time for the URLs it has seen lately.
 * @throws {SyntaxError} If a URL is malformed.
 * @throws {TypeError} If two extensions declare the same URL differently.
 *
 * @example Finding the variable behind a URL
 * ```ts
 * import assert from "node:assert/strict";
 * import { core, createSchema, services } from "../src/state/mod.ts";
 *
 * const schema = createSchema([core, services]);
 * const found = schema.find("/services/sshd/state");
 * assert(found?.pattern === "/services/{name}/state" && found.bindings["name"] === "sshd");
 * assert.equal(schema.unknownOf("/physState"), "PHYS_UNKNOWN");
 * ```
 */
export function createSchema(extensions: readonly Extension[]): Schema {
  const exact = new Map<string, Found>();
  const patterns: Found[] = [];
  const declared = new Map<string, { by: string; variable: Variable }>();
  for (const extension of extensions) {
    for (const [url, variable] of Object.entries(extension.variables)) {
      const before = declared.get(url);
      if (before !== undefined && !isSame(before.variable, variable)) {
        throw new TypeError(
          `'${url}' is declared differently by extensions '${before.by}' and '${extension.name}' (first: writer ${before.variable.writer}, second: writer ${variable.writer})`,
        );
      }
      if (before !== undefined) continue;
      parseUrl(url);
      declared.set(url, { by: extension.name, variable });
      const found: Found = { pattern: url, bindings: {}, variable };
      if (isPattern(url)) patterns.push(found);
      else exact.set(url, found);
    }
  }

  const remembered = new Map<string, Found | undefined>();
  function find(url: string): Found | undefined {
    const known = exact.get(url);
    if (known !== undefined) return known;
    if (remembered.has(url)) return remembered.get(url);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    let found: Found | undefined;
    for (const candidate of patterns) {
      const bindings = matchUrl(candidate.pattern, url);
      if (bindings === undefined) continue;
      found = { ...candidate, bindings };
      break;
    }
    remembered.set(url, found);
    return found;
  }

  return {
    extensions,
    find,
    unknownOf(url) {
      const type = find(url)?.variable.type;
      return type?.kind === "enum" ? type.values[0] : undefined;
    },
    validate(url, value) {
      const found = find(url);
      if (found === undefined) return `'${url}' is not a state variable that this program knows`;
      const issue = findIssue(found.variable.type, value, url);
      return issue === undefined ? undefined : describeIssue(issue);
    },
  };
}

/** Tells whether two variables are declared alike; most often they are the same object. */
function isSame(a: Variable, b: Variable): boolean {
  const textOf = (variable: Variable) => canonicalText(JSON.parse(JSON.stringify(variable)));
  return a === b || textOf(a) === textOf(b);
}

/** State as plain data: URL to value. A URL that is missing is unset (in cfg) or unknown (in a view). */
export type Values = ReadonlyMap<string, Value>;

/**
 * Reads a variable from some values.
 *
 * @param schema Gives the unknown value.
 * @param values The values to read from.
 * @param url The variable's URL.
 * @returns The value; if there is none, the variable's unknown value, and undefined for a type without one.
 */
export function valueIn(schema: Schema, values: Values, url: string): Value | undefined {
  return values.get(url) ?? schema.unknownOf(url);
}

/**
 * Tells whether there is a variable of a URL, or one below it.
 *
 * @param schema The variables.
 * @param url A URL such as `/services/sshd`, for which patterns such as `/services/{name}/state` count.
 */
export function hasVariable(schema: Schema, url: string): boolean {
  if (url.split("/").slice(1).includes("")) return false; // a placeholder stands for a name
  return schema.extensions.some(({ variables }) => Object.keys(variables).some((pattern) => isAtOrBelow(pattern, url)));
}

/** Tells whether a URL, or a pattern such as `/services/{name}/state`, is the one that is asked for or below it. */
export function isAtOrBelow(pattern: string, wanted: string): boolean {
  const parts = pattern.split("/");
  const asked = wanted.split("/");
  return asked.length <= parts.length &&
    asked.every((part, at) => /^\{.*\}$/.test(parts[at] ?? "") || part === parts[at]);
}
