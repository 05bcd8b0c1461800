import { errorText, type Refusal } from "../../src/toolkit/mod.ts";

/** Returns the refusal of a change that could not be written because of `error`. */
export function notWritten(error: unknown): Refusal {
  const problem = errorText(error);
  return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
}
