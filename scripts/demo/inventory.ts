import { readFileSync } from "node:fs";
import { builtInDeclarations } from "../../modules/manifest.ts";
import { ProgramError } from "../../src/cli/mod.ts";
import { policy } from "../../src/engine/mod.ts";
import { type Inventory, type InventoryNode, parseInventory } from "../../src/inventory/mod.ts";
import { compileDomain } from "../../src/plan/mod.ts";
import { createSchema, isRecord, type Value } from "../../src/state/mod.ts";
import type { Tiers } from "./tiers.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/**
 * Reads the inventory that the demo brings about.
 *
 * @param count How many nodes there are to be: where the file has fewer, more are made after its last one.
 * @throws {ProgramError} When the file can't be read or is wrong: with every problem.
 */
export function readInventory(
  file: string,
  count: number | undefined,
): { readonly aggregator: InventoryNode; readonly inventory: Inventory } {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ProgramError(
      `Cannot read the inventory '${file}': ${errorText(error)}`,
    );
  }
  const domain = compileDomain(builtInDeclarations);
  const schema = createSchema([...domain.schema.extensions, policy]);
  const parsed = parseInventory(text, { schema, isGoal: (url) => domain.isMutable(url) });
  if (!parsed.ok) {
    throw new ProgramError(
      `The inventory '${file}' has problems:\n${parsed.problems.map((each) => `  ${each}`).join("\n")}`,
    );
  }
  const { inventory } = parsed;
  const [aggregator, ...others] = inventory.aggregators;
  if (aggregator === undefined || others.length > 0 || inventory.nodes.length === 0) {
    throw new ProgramError(
      `The inventory '${file}' has ${inventory.aggregators.length} aggregators and ${inventory.nodes.length} nodes: ` +
        "the demo needs one aggregator and at least one node",
    );
  }
  const nodes = count === undefined ? inventory.nodes : resize(inventory.nodes, count);
  return { aggregator, inventory: { ...inventory, nodes } };
}

/** The first `count` nodes; where there are fewer, copies of the last one with names that count on. */
function resize(nodes: readonly InventoryNode[], count: number): InventoryNode[] {
  const sized = nodes.slice(0, count);
  const last = nodes.at(-1);
  const [, stem = "n", digits = String(nodes.length)] = /^(.*?)(\d*)$/.exec(last?.name ?? "") ?? [];
  for (let number = Number(digits) + 1; sized.length < count; number++) {
    sized.push({ name: `${stem}${String(number).padStart(digits.length, "0")}`, cfg: new Map(last?.cfg) });
  }
  return sized;
}

/** The inventory's nodes under the aggregators of a tree, and those aggregators. */
export function withTiers(
  nodes: readonly InventoryNode[],
  root: InventoryNode,
  { aggregators, parentOf }: Tiers,
): { readonly aggregators: readonly InventoryNode[]; readonly nodes: readonly InventoryNode[] } {
  const config = root.cfg.get("/services/simpower/config");
  const made = aggregators.map(({ name, parent }): InventoryNode => ({
    name,
    cfg: new Map<string, Value>([
      ["/role", "AGGREGATOR"],
      ["/parent", parent],
      ...(config === undefined ? [] : [["/services/simpower/config", config] as const]),
    ]),
  }));
  if (made.length === 0) return { aggregators: made, nodes };
  return {
    aggregators: made,
    nodes: nodes.map((node, place) => ({ ...node, cfg: new Map(node.cfg).set("/parent", parentOf(place)) })),
  };
}

/** The inventory with the aggregator's `simpower` talking to the BMCs at this URL. */
export function withEndpoint(aggregator: InventoryNode, endpoint: string): InventoryNode {
  const url = "/services/simpower/config";
  const config = aggregator.cfg.get(url);
  return { ...aggregator, cfg: new Map(aggregator.cfg).set(url, { ...(isRecord(config) ? config : {}), endpoint }) };
}
