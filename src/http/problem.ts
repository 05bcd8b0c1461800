import { type Fault, PROBLEM_PATH, type ProblemDetails, type ProblemKind, PROBLEMS } from "../api/mod.ts";
import type { Refusal, Result } from "../toolkit/mod.ts";

/** The most entries of `errors`; the rest is counted. */
const MAX_ERRORS = 100;

/** A problem before it is answered. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly headers?: { readonly [name: string]: string };
}

/** Something that was read from a request, or why it can't be. */
export type Outcome<T> = Result<T, { readonly problem: Problem }>;

/** A problem as an answer. */
export function answerProblem(problem: Problem): Response {
  const { kind, detail, errors } = problem;
  const { status, title } = PROBLEMS[kind];
  const details: ProblemDetails = {
    type: `${PROBLEM_PATH}${kind}`,
    title,
    status,
    detail,
    ...(errors === undefined ? {} : { errors: shorten(errors) }),
  };
  return new Response(JSON.stringify(details), {
    status,
    headers: { "content-type": "application/problem+json", ...problem.headers },
  });
}

function shorten(errors: readonly Fault[]): readonly Fault[] {
  if (errors.length <= MAX_ERRORS) return errors;
  return [...errors.slice(0, MAX_ERRORS), { detail: `... and ${errors.length - MAX_ERRORS} more` }];
}

/** What an aggregator refuses, as a problem. @param locate Finds where in the body something is that is wrong. */
export function problemOf(refusal: Refusal, locate: (detail: string) => Fault = (detail) => ({ detail })): Problem {
  return faulty(KINDS[refusal.kind], refusal.problems.map(locate));
}

const KINDS = {
  "unknown": "not-found",
  "invalid": "invalid",
  "conflict": "conflict",
  "unavailable": "unavailable",
} as const satisfies { readonly [kind in Refusal["kind"]]: ProblemKind };

/** Values that don't fit, as a problem. */
export function invalid(faults: readonly (Fault | string)[]): Problem {
  return faulty("invalid", faults.map((fault) => typeof fault === "string" ? { detail: fault } : fault));
}

/** A problem of one kind with everything that was wrong. */
export function faulty(kind: ProblemKind, errors: readonly Fault[]): Problem {
  const [first] = errors;
  const detail = errors.length > 1 ? `${errors.length} problems, see 'errors'` : first?.detail ?? "No reason given";
  return { kind, detail, errors };
}
