import { isNodeName, isRecord, type Schema } from "../state/mod.ts";
import { readAggregators } from "./aggregators.ts";
import { readSource } from "./document.ts";
import { FILE_KEYS } from "./keys.ts";
import { readNodes } from "./nodes.ts";
import { createReport } from "./report.ts";
import type { ParsedInventory } from "./types.ts";

const KEYS = Object.keys(FILE_KEYS);

/**
 * Parses an inventory file; `examples/demo/cluster.yaml` shows and explains one.
 *
 * @param text YAML or JSON of at most 8 MiB.
 * @param known The variables that may occur, and which of them are goals: those that a mutation changes.
 * @returns The inventory; or its problems, each with line, field, value and what was expected, of which at most 100
 * are listed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseInventory } from "../src/inventory/mod.ts";
 * import { core, createSchema } from "../src/state/mod.ts";
 *
 * const known = { schema: createSchema([core]), isGoal: (url: string) => url === "/physState" };
 * const parsed = parseInventory("nodes: [{ nodes: 'n[1-2]', platform: sim, desired: { physState: POWER_ON } }]", known);
 * assert(parsed.ok);
 * assert.equal(parsed.inventory.nodes[1]?.cfg.get("/physState"), "POWER_ON");
 * ```
 */
export function parseInventory(
  text: string,
  known: { readonly schema: Schema; isGoal(url: string): boolean },
): ParsedInventory {
  const read = readSource(text);
  if (!read.ok) return read;
  const { data } = read.value;
  const report = createReport(read.value);
  if (!isRecord(data)) {
    report.expected([], data, `a map with ${KEYS.join(", ")}`);
    return { ok: false, problems: report.problems() };
  }
  const { cluster, ...rest } = data;
  for (const [key, value] of Object.entries(data)) {
    if (!KEYS.includes(key)) report.expected([key], value, `no such key, known are ${KEYS.join(", ")}`);
  }
  const name = typeof cluster === "string" && isNodeName(cluster) ? cluster : undefined;
  if (cluster !== undefined && name === undefined) {
    report.expected(["cluster"], cluster, "a name of letters, digits, '_', '.' and '-'");
  }
  const aggregators = readAggregators(known, report, rest["aggregators"]);
  // A file may be about aggregators alone: their limits and configs.
  const isWithoutNodes = rest["nodes"] === undefined && rest["aggregators"] !== undefined;
  const nodes = isWithoutNodes ? [] : readNodes(known, report, rest["nodes"]);
  const taken = new Set(aggregators.map((aggregator) => aggregator.name));
  for (const node of nodes) {
    if (taken.has(node.name)) report.expected(["nodes"], node.name, "names that no aggregator has");
  }
  const problems = report.problems();
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, inventory: { aggregators, nodes, ...(name === undefined ? {} : { cluster: name }) } };
}
