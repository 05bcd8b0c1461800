import { errorText } from "../../src/toolkit/mod.ts";

/** Thrown by a condition that can't come true any more: the wait ends at once. */
export class GaveUp extends Error {
  override readonly name = "GaveUp";
}

/**
 * Waits until a condition holds, looking every `every` milliseconds.
 *
 * @param what The condition in words, for the error.
 * @param condition Gives undefined or false until it holds; what it gives then is what this resolves to.
 * @throws {Error} When it does not hold within `limit` milliseconds (default 30 s): says what was waited for.
 */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly limit?: number; readonly every?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const limit = options.limit ?? 30_000;
  const end = performance.now() + limit;
  let problem = "";
  while (performance.now() < end) {
    options.signal?.throwIfAborted();
    try {
      const result = await condition();
      if (result !== undefined && result !== false) return result;
      problem = "";
    } catch (error) {
      if (error instanceof GaveUp) throw error;
      problem = `: ${errorText(error)}`;
    }
    await new Promise((resolve) => setTimeout(resolve, options.every ?? 50));
  }
  throw new Error(`Waited ${limit / 1000} s in vain until ${what}${problem}`);
}
