import type { Schema, Values } from "./schema.ts";
import { isRecord, type Value } from "./value.ts";
import { describeMisfit, findMisfit } from "./variable_type.ts";

/** Values as people read and write them: `/services/sshd/state` is `services.sshd.state`. */
export interface Nested {
  [key: string]: Value | Nested;
}

/** Deepest nesting that {@link fromNested} and {@link mergePatch} follow. */
const MAX_DEPTH = 16;

/** Turns values by URL into a nested object, ordered by URL. */
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

/** What {@link fromNested} found: the values, or everything that was wrong with the input. */
export type FromNested = { readonly ok: true; readonly values: Map<string, Value> } | {
  readonly ok: false;
  readonly problems: readonly string[];
};

/** Turns a nested object into values by URL, checking each against the schema. */
export function fromNested(schema: Schema, nested: unknown): FromNested {
  const values = new Map<string, Value>();
  const problems: string[] = [];
  function walk(part: unknown, url: string, depth: number): void {
    const found = schema.find(url);
    if (found !== undefined) {
      const misfit = findMisfit(found.variable.type, part, url);
      if (misfit === undefined) values.set(url, part as Value); // findMisfit has just shown it
      else problems.push(describeMisfit(misfit));
      return;
    }
    if (!isRecord(part) || depth >= MAX_DEPTH) {
      problems.push(`'${url}' is no state variable that this program knows`);
      return;
    }
    for (const [key, inner] of Object.entries(part)) walk(inner, `${url}/${key}`, depth + 1);
  }
  if (isRecord(nested)) { for (const [key, part] of Object.entries(nested)) walk(part, `/${key}`, 1); }
  else problems.push(`Expected an object, found ${JSON.stringify(nested)}`);
  return problems.length === 0 ? { ok: true, values } : { ok: false, problems };
}

/**
 * Applies a JSON Merge Patch (RFC 7396): null deletes, an object merges, anything else replaces.
 *
 * @throws {RangeError} When the patch is nested more than 16 deep.
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
