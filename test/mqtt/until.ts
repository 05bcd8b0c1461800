/**
 * Waits for a condition of the real world.
 *
 * @throws {Error} When it does not hold within the limit, in milliseconds.
 */
export async function until(condition: () => boolean, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Cannot wait longer than ${limitMs} ms for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
