/** Which children have still to be told that a node has left, by node. */
export interface DepartureNotices {
  /** A node is not below a child any more, which does not know it yet. */
  left(child: string, id: string): void;
  /** A child has been told of these. */
  told(child: string, ids: Iterable<string>): void;
  has(id: string): boolean;
}

/** See {@link DepartureNotices}. @param onGone Every child that had to know of a node has been told. */
export function createDepartureNotices(onGone: (id: string) => void): DepartureNotices {
  const waiting = new Map<string, Set<string>>();
  return {
    left(child, id) {
      const children = waiting.get(id);
      if (children === undefined) waiting.set(id, new Set([child]));
      else children.add(child);
    },
    told(child, ids) {
      for (const id of ids) {
        const children = waiting.get(id);
        children?.delete(child);
        if (children?.size !== 0) continue;
        waiting.delete(id);
        onGone(id);
      }
    },
    has: (id) => waiting.has(id),
  };
}
