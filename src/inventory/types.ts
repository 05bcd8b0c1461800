import type { Value } from "../state/mod.ts";

/** A node of an inventory, with its whole cfg. */
export interface InventoryNode {
  readonly name: string;
  /** Its UUID. If absent, it is derived from cluster and name. */
  readonly id?: string;
  readonly cfg: ReadonlyMap<string, Value>;
}

/** The content of an inventory file. */
export interface Inventory {
  /** The name of the cluster, where the file gives one. */
  readonly cluster?: string;
  /** The aggregators that the file configures, with the config of their modules, their limits and invariants. */
  readonly aggregators: readonly InventoryNode[];
  /** In the order in which the file first names them. */
  readonly nodes: readonly InventoryNode[];
}

/** The inventory, or the problems of the file: one message each, with line, field, value and what was expected. */
export type ParsedInventory = { readonly ok: true; readonly inventory: Inventory } | {
  readonly ok: false;
  readonly problems: readonly string[];
};
