/**
 * Bounds a map or a set: deletes the oldest entries until at most `most` are left. A caller that deletes and re-adds an
 * entry when it is used keeps the most recently used ones.
 *
 * @param entries The map or set.
 * @param dropped Called with each key before it is deleted.
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
