import type { Operation } from "./operation.ts";
import { PROBLEM_PATH, type ProblemDetails, type ProblemKind, PROBLEMS } from "./schemas/problem.ts";

const KINDS = Object.keys(PROBLEMS) as ProblemKind[]; // the table has no other keys

/** The kinds of problems that an operation may answer: those of its own, and those that follow from what it takes. */
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

/** The same by the status that each is answered with. */
export function problemStatuses(operation: Operation): Map<number, ProblemKind[]> {
  const statuses = new Map<number, ProblemKind[]>();
  for (const kind of problemsOf(operation)) {
    const { status } = PROBLEMS[kind];
    statuses.set(status, [...statuses.get(status) ?? [], kind]);
  }
  return new Map([...statuses].sort(([a], [b]) => a - b));
}

/** Tells whether a problem is of a kind that an operation may answer, with the status of that kind. */
export function isProblemOf(operation: Operation, { type, status }: ProblemDetails): boolean {
  const kind = KINDS.find((each) => type === `${PROBLEM_PATH}${each}`);
  return kind !== undefined && PROBLEMS[kind].status === status && problemsOf(operation).includes(kind);
}
