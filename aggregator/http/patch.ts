import { type Fault, pointerPart } from "../../src/api/mod.ts";
import {
  describeIssue,
  findIssue,
  isRecord,
  MAX_URL_DEPTH,
  mergePatch,
  type Schema,
  type Value,
  type Values,
} from "../../src/state/mod.ts";

/** What a merge patch sets: values by URL, null for those that it unsets; or everything that is wrong with it. */
export type PatchedValues = { readonly ok: true; readonly values: Map<string, Value | null> } | {
  readonly ok: false;
  readonly problems: readonly Fault[];
};

/**
 * Works out what a JSON Merge Patch (RFC 7396) of nested state changes. Only what the patch names is checked, so that a
 * value from before a change of the schema holds up nothing else.
 */
export function readPatch(schema: Schema, current: Values, patch: { readonly [key: string]: unknown }): PatchedValues {
  const values = new Map<string, Value | null>();
  const problems: Fault[] = [];

  function setVariable(url: string, value: unknown): void {
    const type = schema.find(url)?.variable.type;
    if (type === undefined) return;
    const issue = findIssue(type, value, url);
    if (issue !== undefined) problems.push({ detail: describeIssue(issue), pointer: pointerOf(url) });
    else values.set(url, value as Value); // findIssue has just shown it
  }
  function unsetAll(prefix: string): void {
    for (const url of current.keys()) if (url === prefix || url.startsWith(`${prefix}/`)) values.set(url, null);
  }
  function walk(part: unknown, url: string): void {
    if (part === null) return unsetAll(url);
    if (schema.find(url) !== undefined) return setVariable(url, mergePatch(current.get(url), part));
    if (!isRecord(part) || url.split("/").length > MAX_URL_DEPTH) {
      const detail = `'${url.slice(0, 300)}' is not a state variable that this program knows`;
      problems.push({ detail, pointer: pointerOf(url) });
      return;
    }
    for (const [key, inner] of Object.entries(part)) walk(inner, `${url}/${key}`);
  }

  for (const [key, part] of Object.entries(patch)) walk(part, `/${key}`);
  return problems.length === 0 ? { ok: true, values } : { ok: false, problems };
}

/** Where a variable is in a nested body. */
export function pointerOf(url: string): string {
  return url.slice(1).split("/").map(pointerPart).join("");
}

/** Values with some of them set, and those that are null unset. */
export function withValues(current: Values, values: ReadonlyMap<string, Value | null>): Map<string, Value> {
  const result = new Map(current);
  for (const [url, value] of values) {
    if (value === null) result.delete(url);
    else result.set(url, value);
  }
  return result;
}
