import type { Execution } from "./record.ts";
import { describeTime } from "./messages.ts";

/** Why a handler of a module did not do its work. */
export interface Failure {
  readonly message: string;
  /** False when trying again can't help: the mutation is held at once. */
  readonly retry: boolean;
  /** True when it came from outside, and says nothing of how the mutation does on other nodes. */
  readonly outside?: boolean;
  /** True when what the mutation works with could not be asked, so that it was not tried: no attempt is used up. */
  readonly unavailable?: boolean;
  /** True when it says nothing of the node: what the mutation declares as `failTo` is not stated. */
  readonly blameless?: boolean;
  /** What may be said of it on other nodes, where `message` quotes what was seen of this one. */
  readonly summary?: string;
}

/**
 * What a handler's rejection says. Errors are told apart by their names, as they are documented in `src/module/define.ts`: they
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

/** What it means that the time of an execution is over, by what its handler has seen last. */
export function lateFailure({ step, seen }: Pick<Execution, "step" | "seen">, now: number): Failure {
  const summary = `Timed out after ${describeTime(step.timeout)}`;
  if (seen === undefined) return { message: summary, retry: true };
  const message = `${summary}: ${seen.words} (seen ${describeTime(now - seen.at)} before)`;
  if (seen.ifLate === "failed") return { message, summary, retry: true };
  const kind = seen.ifLate === "refused" ? { blameless: true } : { unavailable: true };
  return { message, retry: true, outside: true, ...kind };
}
