/** How many racks there are below the root. */
const RACKS = 10;
/** How many rows, where racks are not the root's own children. */
const ROWS = 2;

/** Aggregators below a root, each after its parent, and the one that each agent joins. */
export interface BenchTree {
  readonly aggregators: readonly { readonly name: string; readonly parent: string }[];
  parentOf(number: number): string;
}

/** Plans a tree: of one tier, the root alone; of two, ten racks below it; of three, two rows between. */
export function planTree(root: string, tiers: number, agents: number): BenchTree {
  if (tiers === 1) return { aggregators: [], parentOf: () => root };
  const racks = Math.min(RACKS, agents);
  const rows = tiers === 2
    ? []
    : Array.from({ length: ROWS }, (_, place) => ({ name: `row${place + 1}`, parent: root }));
  return {
    aggregators: [
      ...rows,
      ...Array.from({ length: racks }, (_, place) => ({
        name: `rack${place + 1}`,
        parent: rows[Math.floor((place * rows.length) / racks)]?.name ?? root,
      })),
    ],
    parentOf: (number) => `rack${Math.floor((number * racks) / agents) + 1}`,
  };
}
