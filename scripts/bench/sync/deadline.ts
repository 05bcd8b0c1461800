/**
 * Waits for something, but not for ever.
 *
 * @param what What is waited for, for the error: "all agents are level".
 * @param limit Milliseconds.
 * @param describe What there is when the time is over, for the error.
 * @throws {Error} When it has not come within the limit, or what the signal was aborted with.
 */
export async function within<T>(
  what: string,
  limit: number,
  promise: Promise<T>,
  options: { readonly signal?: AbortSignal; readonly describe?: () => string } = {},
): Promise<T> {
  const { signal, describe } = options;
  let end = (): void => {};
  const over = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      const found = describe === undefined ? "" : `: ${describe()}`;
      reject(new Error(`Waited ${limit / 1000} s in vain until ${what}${found}`));
    }, limit);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    end();
  }
}
