import type { Refusal, Result } from "../toolkit/mod.ts";

/** The status codes that problems are answered with, each with its phrase (RFC 9110). */
const TITLES = {
  307: "Temporary Redirect",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** The most entries of `errors`; the rest is counted. */
const MAX_ERRORS = 100;

/** What a client is told when something that it asked for is not done: problem details (RFC 9457). */
export interface ProblemDetails {
  /** Always `about:blank`: the status says what kind of problem it is. */
  readonly type: "about:blank";
  /** The phrase of the status. */
  readonly title: string;
  readonly status: number;
  /** What went wrong, for people. */
  readonly detail: string;
  /** Each thing that was wrong, with field, value and what was expected. */
  readonly errors?: readonly string[];
}

/** A problem before it is answered. */
export interface Problem {
  readonly status: keyof typeof TITLES;
  readonly detail: string;
  readonly errors?: readonly string[];
  readonly headers?: { readonly [name: string]: string };
}

/** Something that was read from a request, or why it can't be. */
export type Outcome<T> = Result<T, { readonly problem: Problem }>;

/** A problem as an answer. */
export function answerProblem(problem: Problem): Response {
  const { status, detail, errors } = problem;
  const details: ProblemDetails = {
    type: "about:blank",
    title: TITLES[status],
    status,
    detail,
    ...(errors === undefined ? {} : { errors: shorten(errors) }),
  };
  return new Response(JSON.stringify(details), {
    status,
    headers: { "content-type": "application/problem+json", ...problem.headers },
  });
}

function shorten(errors: readonly string[]): readonly string[] {
  if (errors.length <= MAX_ERRORS) return errors;
  return [...errors.slice(0, MAX_ERRORS), `... and ${errors.length - MAX_ERRORS} more`];
}

/** What an aggregator refuses, as a problem. */
export function problemOf(refusal: Refusal): Problem {
  const errors = refusal.problems;
  const [first = "No reason given"] = errors;
  const detail = errors.length > 1 ? `${errors.length} problems, see 'errors'` : first;
  switch (refusal.kind) {
    case "unknown":
      return { status: 404, detail, errors };
    case "invalid":
      return { status: 422, detail, errors };
    case "conflict":
      return { status: 409, detail, errors };
    case "unavailable":
      return { status: 503, detail, errors };
    default:
      return refusal.kind satisfies never;
  }
}

/** Values that don't fit, as a problem. */
export function invalid(problems: readonly string[]): Problem {
  return problemOf({ ok: false, kind: "invalid", problems });
}
