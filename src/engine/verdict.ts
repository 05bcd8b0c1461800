import { durationText } from "../toolkit/mod.ts";
import type { StepFailure } from "./failure_record.ts";
import type { Execution } from "./record.ts";

/**
 * Converts what a handler threw. Errors are distinguished by name, as documented in `src/module/define.ts`, because
 * modules may use their own classes.
 *
 * @param error Anything that was thrown.
 */
export function failureOf(error: unknown): StepFailure {
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

/**
 * Returns the failure of an execution whose time is over, by what its handler last saw.
 *
 * @param now Clock milliseconds.
 */
export function lateFailure({ step, seen }: Pick<Execution, "step" | "seen">, now: number): StepFailure {
  const summary = `Timed out after ${durationText(step.timeout)}`;
  if (seen === undefined) return { message: summary, retry: true };
  const message = `${summary}: ${seen.words} (seen ${durationText(now - seen.at)} before)`;
  if (seen.ifLate === "failed") return { message, summary, retry: true };
  const kind = seen.ifLate === "refused" ? { blameless: true } : { unavailable: true };
  return { message, retry: true, outside: true, ...kind };
}
