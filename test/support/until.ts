/**
 * Waits until a check of the real world passes: it neither throws nor gives false. Clients give a broker that says nothing ten
 * seconds, and then come back: the limit is far above that, as nothing is known of what else the machine does.
 *
 * @param limitMs @default 45 s
 * @throws What the check last threw; {Error} when it gave false to the end.
 */
export async function until(
  check: () => boolean | void | Promise<boolean | void>,
  limitMs: number = 45_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      if (await check() !== false) return;
      if (performance.now() > end) throw new Error(`Cannot wait longer than ${limitMs} ms for ${check}`);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
