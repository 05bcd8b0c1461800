/**
 * Bounds a map or a set: deletes what was put in first until at most `most` are left. Whoever deletes an entry and puts it in again
 * when it is used keeps those that were used last.
 *
 * @param dropped Is called with each key before it is deleted.
 */
export function dropOldest<K>(
  entries: { readonly size: number; keys(): Iterable<K>; delete(key: K): boolean },
  most: number,
  dropped?: (key: K) => void,
): void {
  if (entries.size <= most) return;
  for (const oldest of entries.keys()) {
    dropped?.(oldest);
    entries.delete(oldest);
    if (entries.size <= most) return;
  }
}
