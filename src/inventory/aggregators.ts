import { isNodeName, isRecord, isUuid, type Value } from "../state/mod.ts";
import type { Path } from "./document.ts";
import type { Report } from "./report.ts";
import type { InventoryNode } from "./types.ts";
import { readVariables, type Settable } from "./variables.ts";

const KEYS = ["name", "id", "modules"];

/** Reads the aggregators of a file: their names and the config of their modules. */
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
  const { name, id, modules, ...rest } = entry;
  for (const [key, value] of Object.entries(rest)) {
    report.expected([...path, key], value, `no such key, known are ${KEYS.join(", ")}`);
  }
  const cfg = readModules(settable, report, modules, [...path, "modules"]);
  if (id !== undefined && !(typeof id === "string" && isUuid(id))) {
    report.expected([...path, "id"], id, "a UUID in lower case");
  }
  if (typeof name !== "string" || !isNodeName(name)) {
    report.expected([...path, "name"], name, "a name of letters, digits, '_', '.' and '-'");
    return undefined;
  }
  return { name, cfg, ...(typeof id === "string" ? { id } : {}) };
}

function readModules(settable: Settable, report: Report, part: unknown, path: Path): Map<string, Value> {
  const cfg = new Map<string, Value>();
  if (part === undefined) return cfg;
  if (!isRecord(part)) {
    report.expected(path, part, "the config of modules by name");
    return cfg;
  }
  for (const [name, config] of Object.entries(part)) {
    readVariables(settable, report, cfg, `/services/${name}/config`, config, [...path, name]);
  }
  return cfg;
}
