import { errorText, type Refusal } from "../../src/toolkit/mod.ts";

/** Says that nothing was done, as it could not be written. */
export function notWritten(error: unknown): Refusal {
  const problem = errorText(error);
  return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
}
