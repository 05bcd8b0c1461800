import type { Value } from "../state/mod.ts";

/** A node of an inventory: the whole cfg that it should have. */
export interface InventoryNode {
  readonly name: string;
  /** Where absent it follows from cluster and name. */
  readonly id?: string;
  readonly cfg: ReadonlyMap<string, Value>;
}

/** What an inventory file says. */
export interface Inventory {
  /** The name of the cluster, where the file gives one. */
  readonly cluster?: string;
  /** The aggregators that the file configures, with the config of their modules, their limits and invariants. */
  readonly aggregators: readonly InventoryNode[];
  /** In the order in which the file first names them. */
  readonly nodes: readonly InventoryNode[];
}

/** The inventory, or everything that is wrong with the file: one message each, with line, field, value and expectation. */
export type ParsedInventory = { readonly ok: true; readonly inventory: Inventory } | {
  readonly ok: false;
  readonly problems: readonly string[];
};
