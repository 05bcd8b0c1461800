import { isNodeName, isRecord, parseUuid, type Value } from "../state/mod.ts";
import type { Path } from "./document.ts";
import { AGGREGATOR_KEYS } from "./keys.ts";
import type { Report } from "./report.ts";
import type { InventoryNode } from "./types.ts";
import { readVariables, type Settable } from "./variables.ts";

const KEYS = Object.keys(AGGREGATOR_KEYS);

/**
 * Reads the aggregators of a file: their names, the configs of their modules, and the limits and invariants of their
 * engines.
 *
 * @param settable The variables that may be set.
 * @param report Takes the problems.
 * @param part The file's `aggregators`, from outside; undefined if it has none.
 */
export function readAggregators(settable: Settable, report: Report, part: unknown): InventoryNode[] {
  if (part === undefined) return [];
  if (!Array.isArray(part)) {
    report.expected(["aggregators"], part, "a list of aggregators");
    return [];
  }
  const aggregators = new Map<string, InventoryNode>();
  for (const [index, entry] of part.entries()) {
    const path = ["aggregators", index];
    const aggregator = readAggregator(settable, report, entry, path);
    if (aggregator === undefined) continue;
    if (aggregators.has(aggregator.name)) {
      report.expected([...path, "name"], aggregator.name, "a name that no aggregator above has");
    }
    aggregators.set(aggregator.name, aggregator);
  }
  return [...aggregators.values()];
}

function readAggregator(settable: Settable, report: Report, entry: unknown, path: Path): InventoryNode | undefined {
  if (!isRecord(entry)) {
    report.expected(path, entry, `an aggregator with ${KEYS.join(", ")}`);
    return undefined;
  }
  const { name, id, parent, standby, modules, limits, invariants, engine, ...rest } = entry;
  for (const [key, value] of Object.entries(rest)) {
    report.expected([...path, key], value, `no such key, known are ${KEYS.join(", ")}`);
  }
  const cfg = new Map<string, Value>([["/role", "AGGREGATOR"]]);
  for (const [key, value] of [["parent", parent], ["standby", standby]] as const) {
    if (value === undefined) continue;
    if (typeof value === "string" && isNodeName(value)) cfg.set(`/${key}`, value);
    else report.expected([...path, key], value, "the name of an aggregator");
  }
  readNamed(settable, report, cfg, modules, [...path, "modules"], (module) => `/services/${module}/config`);
  readNamed(settable, report, cfg, limits, [...path, "limits"], (limit) => `/limits/${limit}`);
  readNamed(settable, report, cfg, invariants, [...path, "invariants"], (invariant) => `/invariants/${invariant}`);
  if (engine !== undefined) {
    readVariables(settable, report, cfg, "/engine/config", engine, [...path, "engine"]);
  }
  const read = typeof id === "string" ? parseUuid(id) : undefined;
  if (id !== undefined && read === undefined) report.expected([...path, "id"], id, "a UUID");
  if (typeof name !== "string" || !isNodeName(name)) {
    report.expected([...path, "name"], name, "a name of letters, digits, '_', '.' and '-'");
    return undefined;
  }
  return { name, cfg, ...(read !== undefined && { id: read }) };
}

/** Reads values by name: the config of modules, limits, invariants. */
function readNamed(
  settable: Settable,
  report: Report,
  cfg: Map<string, Value>,
  part: unknown,
  path: Path,
  urlOf: (name: string) => string,
): void {
  if (part === undefined) return;
  if (!isRecord(part)) return report.expected(path, part, `${path.at(-1)} by name`);
  for (const [name, value] of Object.entries(part)) {
    if (isNodeName(name)) readVariables(settable, report, cfg, urlOf(name), value, [...path, name]);
    else report.expected([...path, name], name, "a name of letters, digits, '_', '.' and '-'");
  }
}
