/**
 * A value, or why there is none: expected outcomes are values, not exceptions.
 *
 * @typeParam Why The fields of a failure, such as `{ readonly problem: string }`.
 */
export type Result<T, Why extends object> = { readonly ok: true; readonly value: T } | { readonly ok: false } & Why;

/** Why a request was not carried out. */
export interface Refusal {
  readonly ok: false;
  readonly kind: "unknown" | "invalid" | "conflict" | "unavailable";
  /** One message each, with field, value and what was expected. */
  readonly problems: readonly string[];
}

/** Something was done and is on disk, or was not done. */
export type Done = { readonly ok: true } | Refusal;

/** Returns the message of `error`; anything else that was thrown, as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
