import { findIssue, isRecord, parseUrl, type Schema, type Value, type VariableType } from "../src/state/mod.ts";

/** One `/url=value` of a command line. */
export interface CfgSetting {
  readonly url: string;
  /** null unsets. */
  readonly value: Value | null;
  /** True when it is no wish but an observation that people report, such as `/busy`. */
  readonly reported: boolean;
}

/** An assignment, or what is wrong with its text. */
export type ParsedAssignment = { readonly ok: true; readonly assignment: CfgSetting } | {
  readonly ok: false;
  readonly problem: string;
};

/**
 * Reads `/url=value`. Nothing, or `null`, unsets. The value is read as what the variable is declared to be; where this
 * program does not know the variable, as JSON if it is JSON, otherwise as a text. In double quotes it is always a text.
 */
export function parseAssignment(schema: Schema, text: string): ParsedAssignment {
  const equals = text.indexOf("=");
  if (equals === -1) return fail(`Cannot read '${text}': expected /url=value, such as /physState=POWER_ON`);
  const url = text.slice(0, equals);
  try {
    parseUrl(url);
  } catch (error) {
    if (error instanceof SyntaxError) return fail(error.message);
    throw error;
  }
  const raw = text.slice(equals + 1);
  const variable = schema.find(url)?.variable;
  const reported = variable?.reported === true;
  if (raw === "" || raw === "null") return { ok: true, assignment: { url, value: null, reported } };
  if (variable === undefined) return { ok: true, assignment: { url, value: readByLooks(raw), reported } };
  const value = readAs(variable.type, raw);
  const problem = schema.validate(url, value);
  if (problem !== undefined) return fail(problem);
  return { ok: true, assignment: { url, value: value as Value, reported } }; // validate() has just checked it
}

function fail(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** What a text is meant to be: not checked, so that what is wrong inside it can be named. */
function readAs(type: VariableType, raw: string): unknown {
  const json = readJson(raw);
  const isText = type.kind === "string" || type.kind === "enum";
  return isText && typeof json !== "string" && findIssue(type, json, "") !== undefined ? raw : json;
}

function readByLooks(raw: string): Value {
  const json = readJson(raw);
  return isStateValue(json) ? json : raw;
}

function readJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw; // not JSON: a text as it stands
  }
}

function isStateValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every(isStateValue);
  if (isRecord(value)) return Object.values(value).every(isStateValue);
  return typeof value === "string" || typeof value === "boolean" || Number.isInteger(value);
}

/** Several assignments, or what is wrong with them. */
export type ParsedAssignments = { readonly ok: true; readonly assignments: readonly CfgSetting[] } | {
  readonly ok: false;
  readonly problem: string;
};

/**
 * Reads the assignments of one command. Each URL may be set once, and none beside one that is a part of it: which of the two
 * is meant can't be told.
 *
 * @param given What options of the command have set already.
 */
export function parseAssignments(
  schema: Schema,
  texts: readonly string[],
  given: readonly CfgSetting[] = [],
): ParsedAssignments {
  const assignments = [...given];
  for (const text of texts) {
    const parsed = parseAssignment(schema, text);
    if (!parsed.ok) return parsed;
    const { url } = parsed.assignment;
    const other = assignments.find((each) => isWithin(each.url, url) || isWithin(url, each.url));
    if (other !== undefined) {
      const problem = other.url === url ? `'${url}' is set twice` : `'${other.url}' and '${url}' are both set`;
      return fail(`Cannot read '${text}': ${problem}: expected ${other.url === url ? "one value" : "one of them"}`);
    }
    assignments.push(parsed.assignment);
  }
  return { ok: true, assignments };
}

function isWithin(url: string, whole: string): boolean {
  return url === whole || url.startsWith(`${whole}/`);
}

/** Assignments as one JSON Merge Patch (RFC 7396): `/pxe/state=INIT` becomes `{ "pxe": { "state": "INIT" } }`. */
export function toMergePatch(assignments: readonly CfgSetting[]): { [key: string]: unknown } {
  const patch: { [key: string]: unknown } = {};
  for (const { url, value } of assignments) {
    const segments = url.split("/").slice(1);
    const last = segments.pop() ?? "";
    let place = patch;
    for (const segment of segments) {
      const next = place[segment];
      place = place[segment] = isRecord(next) ? { ...next } : {};
    }
    place[last] = value;
  }
  return patch;
}
