/**
 * Waits for a condition of the real world. Clients give a broker that says nothing ten seconds, and then come back: the
 * limit is far above that, as nothing is known of what else the machine does.
 *
 * @throws {Error} When it does not hold within the limit, in milliseconds.
 */
export async function until(condition: () => boolean, limitMs = 45_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Cannot wait longer than ${limitMs} ms for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
