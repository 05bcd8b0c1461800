import { canonicalBoot, validateBoot, validateNetwork } from "../boot/mod.ts";
import { parseNodeset } from "../nodeset/mod.ts";
import { isNodeName, isRecord, parseUuid, type Value } from "../state/mod.ts";
import type { Path } from "./document.ts";
import type { Report } from "./report.ts";
import { readServices } from "./services.ts";
import type { InventoryNode } from "./types.ts";
import { readVariables, type Settable } from "./variables.ts";

/** The most names that all entries of a file may stand for, those that are repeated included. */
const MAX_NAMES = 1_000_000;

/**
 * Reads the nodes of a file. Several entries about a node add up; for the same variable the last one counts.
 *
 * @param settable The variables that may be set.
 * @param report Takes the problems.
 * @param part The file's `nodes`, from outside.
 * @returns The nodes in the order in which the file first names them.
 */
export function readNodes(settable: Settable, report: Report, part: unknown): InventoryNode[] {
  if (!Array.isArray(part)) {
    report.expected(["nodes"], part, 'a list of entries such as { nodes: "n[1-8]", platform: sim }');
    return [];
  }
  const nodes = new Map<string, InventoryNode>();
  const places = new Map<string, Path>();
  let count = 0;
  for (const [index, entry] of part.entries()) {
    const path = ["nodes", index];
    if (!isRecord(entry)) {
      report.expected(path, entry, 'an entry such as { nodes: "n[1-8]", platform: sim }');
      continue;
    }
    const names = readNames(report, entry["nodes"], [...path, "nodes"]);
    const id = readId(report, entry["id"], names, [...path, "id"]);
    const each = { count: names.length, values: new Map<string, readonly string[]>() };
    const values = readEntry({ ...settable, each }, report, entry, path);
    count += names.length;
    if (count > MAX_NAMES) {
      report.expected([...path, "nodes"], entry["nodes"], `at most ${MAX_NAMES} names in all entries together`);
      break;
    }
    for (const [index, name] of names.entries()) {
      const before = nodes.get(name);
      const cfg = new Map([...before?.cfg ?? [], ...values]);
      for (const [url, texts] of each.values) cfg.set(url, canonicalBoot(url, texts[index] ?? ""));
      nodes.set(name, { ...before, name, cfg, ...(id === undefined ? {} : { id }) });
      places.set(name, path);
    }
  }
  for (const node of nodes.values()) checkBoot(report, node, places.get(node.name) ?? ["nodes"]);
  return [...nodes.values()];
}

/** Reports addresses that no machine can have, at the entry that named the node last. */
function checkBoot(report: Report, { name, cfg }: InventoryNode, place: Path): void {
  for (const [url, value] of cfg) {
    const problem = validateBoot(url, value);
    if (problem !== undefined) report.problem(place, `${name}: ${problem}`);
  }
  for (const problem of validateNetwork(cfg)) report.problem(place, `${name}: ${problem}`);
}

function readNames(report: Report, part: unknown, path: Path): string[] {
  if (typeof part !== "string") {
    report.expected(path, part, "a nodeset such as n[1-8]");
    return [];
  }
  const parsed = parseNodeset(part);
  if (!parsed.ok) {
    report.expected(path, part, `a nodeset such as n[1-8]. ${parsed.problem}`);
    return [];
  }
  const bad = parsed.names.find((name) => !isNodeName(name));
  if (bad !== undefined) {
    report.expected(path, bad, "names whose parts between dots begin and end with a letter or a digit");
  }
  return bad === undefined ? parsed.names : [];
}

function readId(report: Report, id: unknown, names: readonly string[], path: Path): string | undefined {
  if (id === undefined) return undefined;
  const read = typeof id === "string" && names.length === 1 ? parseUuid(id) : undefined;
  if (read === undefined) {
    report.expected(path, id, names.length === 1 ? "a UUID" : "no id in an entry of several nodes");
  }
  return read;
}

function readEntry(
  settable: Settable,
  report: Report,
  entry: { readonly [key: string]: unknown },
  path: Path,
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [key, part] of Object.entries(entry)) {
    const place = [...path, key];
    switch (key) {
      case "nodes":
      case "id":
        break;
      case "name":
        report.expected(place, part, "no such key, names are given as a nodeset in 'nodes'");
        break;
      case "services":
        readServices(settable, report, values, part, place);
        break;
      case "desired":
        readDesired(settable, report, values, part, place);
        break;
      default:
        readVariables(settable, report, values, `/${key}`, part, place);
    }
  }
  return values;
}

function readDesired(
  settable: Settable,
  report: Report,
  values: Map<string, Value>,
  part: unknown,
  path: Path,
): void {
  if (!isRecord(part)) return report.expected(path, part, "desired values such as { physState: POWER_ON }");
  for (const [key, value] of Object.entries(part)) {
    readVariables(settable, report, values, `/${key}`, value, [...path, key]);
  }
}
