import * as v from "valibot";
import type { Fault } from "./schemas/problem.ts";

/**
 * Describes the issues that valibot found in a body.
 *
 * @param issues The issues.
 * @param place What messages call the body itself.
 * @returns A fault each, with a JSON Pointer where the issue is inside the body.
 */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[], place = "The body"): Fault[] {
  return issues.map((issue) => describeIssue(issue, place));
}

/** Shows a value in a message. */
function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value)?.slice(0, 80) ?? typeof value;
}

/**
 * Formats one part of a JSON Pointer (RFC 6901), with its slash.
 *
 * @param key A key of an object, or a place in a list.
 */
export function pointerPart(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function describeIssue(issue: v.BaseIssue<unknown>, place: string): Fault {
  const keys = (issue.path ?? []).flatMap(({ key }) => typeof key === "string" || typeof key === "number" ? [key] : []);
  const pointer = keys.map(pointerPart).join("");
  const name = keys.reduce<string>((path, key) => {
    const part = String(key).slice(0, 100);
    return typeof key === "number" ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`;
  }, "");
  const detail = issue.expected === "never"
    ? `${name} is unknown: expected ${expectation(issue, "none")}`
    : `${name === "" ? place : name} is ${show(issue.input)}: expected ${
      expectation(issue, issue.expected ?? "something else")
    }`;
  return { detail, ...(pointer !== "" && { pointer }) };
}

/** Checks with words of their own say what was expected; the others speak of schemas. */
function expectation({ message }: v.BaseIssue<unknown>, otherwise: string): string {
  return message.startsWith("Invalid ") ? otherwise : message;
}
