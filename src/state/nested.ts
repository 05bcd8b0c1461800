import type { Schema, Values } from "./schema.ts";
import { isRecord, type Value } from "./value.ts";
import { describeIssue, findIssue } from "./variable_type.ts";

/** Values as people read and write them: `/services/sshd/state` is `services.sshd.state`. */
export interface Nested {
  [key: string]: Value | Nested;
}

/** Deepest nesting that {@link fromNested} and {@link mergePatch} follow. */
const MAX_DEPTH = 16;

/**
 * Turns values by URL into a nested object: `/services/sshd/state` becomes `services.sshd.state`.
 *
 * @param values The values, which {@link fromNested} gives back.
 * @returns A new object, its keys in the order of the URLs.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { toNested } from "../src/state/mod.ts";
 *
 * const nested = toNested(new Map([["/name", "n1"], ["/services/sshd/state", "RUN"]]));
 * assert.equal(JSON.stringify(nested), '{"name":"n1","services":{"sshd":{"state":"RUN"}}}');
 * ```
 */
export function toNested(values: Values): Nested {
  const root: Nested = {};
  for (const url of [...values.keys()].sort()) {
    const segments = url.split("/").slice(1);
    const last = segments.pop() ?? "";
    let place: Nested = root;
    for (const segment of segments) {
      const next = Object.hasOwn(place, segment) ? place[segment] : undefined;
      if (isRecord(next)) place = next as Nested;
      else place = (place[segment] = {}) as Nested;
    }
    place[last] = values.get(url) ?? "";
  }
  return root;
}

/** The result of {@link fromNested}: the values, or every problem with the input. */
export type FromNested = { readonly ok: true; readonly values: Map<string, Value> } | {
  readonly ok: false;
  readonly problems: readonly string[];
};

/**
 * Turns a nested object into values by URL, and checks each against its type.
 *
 * @param schema The variables that may occur.
 * @param nested The object, from outside: nested at most 16 deep.
 * @returns The values, or a message for each problem that names the URL, what was there and what was expected.
 *
 * @example Values and problems
 * ```ts
 * import assert from "node:assert/strict";
 * import { core, createSchema, fromNested } from "../src/state/mod.ts";
 *
 * const schema = createSchema([core]);
 * const good = fromNested(schema, { physState: "POWER_ON" });
 * assert(good.ok && good.values.get("/physState") === "POWER_ON");
 * const bad = fromNested(schema, { physState: "ON" });
 * assert(!bad.ok && bad.problems.length === 1);
 * ```
 */
export function fromNested(schema: Schema, nested: unknown): FromNested {
  const values = new Map<string, Value>();
  const problems: string[] = [];
  function walk(part: unknown, url: string, depth: number): void {
    const found = schema.find(url);
    if (found !== undefined) {
      const issue = findIssue(found.variable.type, part, url);
      if (issue === undefined) values.set(url, part as Value); // findIssue has just shown it
      else problems.push(describeIssue(issue));
      return;
    }
    if (!isRecord(part) || depth >= MAX_DEPTH) {
      problems.push(`'${url}' is not a state variable that this program knows`);
      return;
    }
    for (const [key, inner] of Object.entries(part)) walk(inner, `${url}/${key}`, depth + 1);
  }
  if (isRecord(nested)) { for (const [key, part] of Object.entries(nested)) walk(part, `/${key}`, 1); }
  else problems.push(`Expected an object, found ${JSON.stringify(nested)}`);
  return problems.length === 0 ? { ok: true, values } : { ok: false, problems };
}

/**
 * Applies a JSON Merge Patch (RFC 7396, section 2): null deletes, an object merges, anything else replaces.
 *
 * @param target The value to change; it is not modified.
 * @param patch The patch, from outside.
 * @param depth How deep in the patch this call is. Callers leave it out.
 * @returns The patched value, which may share parts with both.
 * @throws {RangeError} If the patch is nested more than 16 deep.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mergePatch } from "../src/state/mod.ts";
 *
 * const patched = mergePatch({ rack: "r1", freeze: true }, { rack: "r2", freeze: null });
 * assert.equal(JSON.stringify(patched), '{"rack":"r2"}');
 * ```
 */
export function mergePatch(target: unknown, patch: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new RangeError(`Cannot apply a merge patch that is nested more than ${MAX_DEPTH} deep`);
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value, depth + 1);
  }
  return result;
}
