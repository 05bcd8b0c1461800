/**
 * What was asked for, or why it is not there: expected outcomes are values and no exceptions.
 *
 * @typeParam Why What a failure says, such as `{ readonly problem: string }`.
 */
export type Result<T, Why extends object> = { readonly ok: true; readonly value: T } | { readonly ok: false } & Why;

/** Why something that was asked for is not done. */
export interface Refusal {
  readonly ok: false;
  readonly kind: "unknown" | "invalid" | "conflict" | "unavailable";
  /** One message each, with field, value and what was expected. */
  readonly problems: readonly string[];
}

/** Something was done, and is on disk, or was not. */
export type Done = { readonly ok: true } | Refusal;

/** The message of an error; anything else that was thrown, as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
