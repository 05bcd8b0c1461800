import { canonicalBoot } from "../boot/mod.ts";
import { findIssue, isRecord, MAX_URL_DEPTH, type Schema, type Value } from "../state/mod.ts";
import type { Path } from "./document.ts";
import { readEach } from "./each.ts";
import type { Report } from "./report.ts";

/** The variables that may be set in an inventory. */
export interface Settable {
  readonly schema: Schema;
  /** Tells whether a mutation changes the variable behind this URL, so that its cfg value is a goal. */
  isGoal(url: string): boolean;
  /** Takes values that are given to each node of its own, by URL; absent where the values are about one node. */
  readonly each?: { readonly count: number; readonly values: Map<string, readonly string[]> };
}

/**
 * Reads a nested part of a file into values by URL, and reports the parts that do not fit.
 *
 * @param settable The variables that may be set.
 * @param report Takes the problems.
 * @param values Takes the values, by URL.
 * @param url The URL of this part, or the beginning of URLs.
 * @param part The part, from outside.
 * @param path Its place in the file.
 */
export function readVariables(
  settable: Settable,
  report: Report,
  values: Map<string, Value>,
  url: string,
  part: unknown,
  path: Path,
): void {
  const { schema, isGoal, each } = settable;
  const variable = schema.find(url)?.variable;
  if (variable === undefined) {
    const isPlace = isRecord(part) && Object.keys(part).length > 0 && url.split("/").length <= MAX_URL_DEPTH;
    if (!isPlace) return report.expected(path, part, `a known state variable instead of '${url}'`);
    for (const [key, inner] of Object.entries(part)) {
      readVariables(settable, report, values, `${url}/${key}`, inner, [...path, key]);
    }
    return;
  }
  if (each !== undefined && variable.type.kind === "string" && Array.isArray(part)) {
    const texts = readEach(report, part, each.count, path);
    if (texts !== undefined) each.values.set(url, texts);
    return;
  }
  const issue = findIssue(variable.type, part, "");
  if (issue !== undefined) {
    return report.expected([...path, ...placeIn(issue.path)], issue.found, issue.expected);
  }
  if (variable.writer !== "cfg" && !isGoal(url)) {
    return report.expected(
      path,
      part,
      `something that can be set, '${url}' is only discovered: no mutation changes it`,
    );
  }
  values.set(url, canonicalBoot(url, part as Value)); // findIssue has just shown that it is one
}

/** `/args/0` as a part of a {@link Path}. */
function placeIn(issuePath: string): (string | number)[] {
  return issuePath.split("/").slice(1).map((key) => /^[0-9]{1,9}$/.test(key) ? Number(key) : key);
}
