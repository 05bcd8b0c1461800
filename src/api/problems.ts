import type { Operation } from "./operation.ts";
import { PROBLEM_PATH, type ProblemDetails, type ProblemKind, PROBLEMS } from "./schemas/problem.ts";

const KINDS = Object.keys(PROBLEMS) as ProblemKind[]; // the table has no other keys

/**
 * Lists the kinds of problems that an operation may answer: those that it declares, and those that follow from its parameters,
 * body and effects.
 *
 * @param operation The operation.
 */
export function problemsOf(operation: Operation): ProblemKind[] {
  const { parameters, body, answeredBy, changes, conditional, method } = operation;
  const namesSomething = parameters.path !== undefined || parameters.query?.["nodeset"] !== undefined ||
    operation.selection !== undefined;
  const found = new Set<ProblemKind>([
    "malformed",
    "forbidden",
    "internal",
    ...namesSomething ? ["not-found"] as const : [],
    ...answeredBy === "any" ? [] : ["elsewhere", "unavailable"] as const,
    ...body === undefined ? [] : ["too-large", "wrong-type", "invalid"] as const,
    ...conditional === undefined ? [] : ["changed", "condition-missing"] as const,
    ...changes ? ["unavailable"] as const : [],
    ...changes && method === "POST" ? ["key-reused"] as const : [],
    ...operation.problems ?? [],
  ]);
  return KINDS.filter((kind) => found.has(kind));
}

/**
 * Groups the kinds of problems of an operation by their status.
 *
 * @param operation The operation.
 */
export function problemStatuses(operation: Operation): Map<number, ProblemKind[]> {
  const statuses = new Map<number, ProblemKind[]>();
  for (const kind of problemsOf(operation)) {
    const { status } = PROBLEMS[kind];
    statuses.set(status, [...statuses.get(status) ?? [], kind]);
  }
  return new Map([...statuses].sort(([a], [b]) => a - b));
}

/**
 * Tells whether an operation may answer a problem: whether it has the kind, with the right status.
 *
 * @param operation The operation.
 * @param problem The problem.
 */
export function isProblemOf(operation: Operation, problem: ProblemDetails): boolean {
  const { type, status } = problem;
  const kind = KINDS.find((each) => type === `${PROBLEM_PATH}${each}`);
  return kind !== undefined && PROBLEMS[kind].status === status && problemsOf(operation).includes(kind);
}
