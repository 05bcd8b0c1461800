import { errorText } from "../../src/toolkit/mod.ts";

/** Why something that was asked for is not done. */
export interface Refusal {
  readonly ok: false;
  readonly kind: "unknown-node" | "invalid" | "conflict" | "unavailable";
  /** One message each, with field, value and what was expected. */
  readonly problems: readonly string[];
}

/** Something was done, and is on disk, or was not. */
export type Done = { readonly ok: true } | Refusal;

/** Says that nothing was done, as it could not be written. */
export function notWritten(error: unknown): Refusal {
  const problem = errorText(error);
  return { ok: false, kind: "unavailable", problems: [`Nothing was changed, as the store failed: ${problem}`] };
}
