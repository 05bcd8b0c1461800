/** Where the values of each variable begin when those of all variables stand one after the other; the last one is the total. */
export function offsetsOf(sizes: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(sizes.length + 1);
  for (const [variable, size] of sizes.entries()) offsets[variable + 1] = (offsets[variable] ?? 0) + size;
  return offsets;
}
