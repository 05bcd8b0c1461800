import { durationText } from "../toolkit/mod.ts";
import type { Failure } from "./failure.ts";
import type { Execution } from "./record.ts";

/**
 * Tells what a handler's rejection says. Errors are told apart by their names, as they are documented in `src/module/define.ts`: they
 * need not be of this program's own classes, as modules may come from elsewhere.
 */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), retry: true };
  const message = error.message || error.name;
  switch (error.name) {
    case "UnavailableError":
      return { message, retry: true, outside: true, unavailable: true };
    case "DeclinedError":
      return { message, retry: true, outside: true, blameless: true };
    case "MistakeError":
      return { message, retry: false, outside: true, blameless: true };
    default:
      return { message, retry: error.name !== "PermanentError" };
  }
}

/** Tells what it means that the time of an execution is over, by what its handler has seen last. */
export function lateFailure({ step, seen }: Pick<Execution, "step" | "seen">, now: number): Failure {
  const summary = `Timed out after ${durationText(step.timeout)}`;
  if (seen === undefined) return { message: summary, retry: true };
  const message = `${summary}: ${seen.words} (seen ${durationText(now - seen.at)} before)`;
  if (seen.ifLate === "failed") return { message, summary, retry: true };
  const kind = seen.ifLate === "refused" ? { blameless: true } : { unavailable: true };
  return { message, retry: true, outside: true, ...kind };
}
