/**
 * Lays the values of variables of these `sizes` out one after the other, and returns where those of each begin; the
 * last number is the total.
 */
export function offsetsOf(sizes: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(sizes.length + 1);
  for (const [variable, size] of sizes.entries()) offsets[variable + 1] = (offsets[variable] ?? 0) + size;
  return offsets;
}
