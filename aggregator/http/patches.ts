import type { Fault } from "../../src/api/mod.ts";
import { foldNodeset } from "../../src/nodeset/mod.ts";
import type { Schema, Value } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { type PatchedValues, pointerOf, readPatch } from "./patch.ts";

/** What a patch changes on one node. */
interface NodePatch {
  readonly id: string;
  /** null unsets. */
  readonly values: ReadonlyMap<string, Value | null>;
}

type Patch = { readonly [key: string]: unknown };

/** What was read of a patch for some nodes, or everything that is wrong with it. */
type ReadPatches =
  | { readonly ok: true; readonly patches: NodePatch[] }
  | { readonly ok: false; readonly problems: Fault[] };

/** Reads what one patch changes of the cfg of each of some nodes; the same problem of several nodes is told once. */
export function readPatches(control: Control, nodes: readonly NodeDetail[], patch: Patch): ReadPatches {
  return readEach(nodes, (node) => readPatch(control.schema, node.cfg, patch));
}

/** Reads what one patch would report of each of some nodes. */
export function readReports(control: Control, nodes: readonly NodeDetail[], patch: Patch): ReadPatches {
  return readEach(nodes, (node) => {
    const read = readPatch(control.schema, node.dsc, patch);
    if (!read.ok) return read;
    const problems = [...read.values].flatMap(([url, value]) => validateReported(control.schema, url, value) ?? []);
    return problems.length === 0 ? read : { ok: false, problems };
  });
}

/** Says what is wrong with reporting a variable; undefined when it is one that is reported. */
export function validateReported(schema: Schema, url: string, value: Value | null): Fault | undefined {
  if (schema.find(url)?.variable.reported === true) return undefined;
  const detail = `${url} is ${
    JSON.stringify(value)
  }: expected a variable that is reported, this one is discovered by a module`;
  return { detail, pointer: pointerOf(url) };
}

function readEach(nodes: readonly NodeDetail[], read: (node: NodeDetail) => PatchedValues): ReadPatches {
  const patches: NodePatch[] = [];
  const problems = new Map<string, { readonly fault: Fault; readonly names: string[] }>();
  for (const node of nodes) {
    const result = read(node);
    if (result.ok) {
      patches.push({ id: node.id, values: result.values });
      continue;
    }
    for (const fault of result.problems) {
      const same = problems.get(fault.detail) ?? { fault, names: [] };
      same.names.push(node.name);
      problems.set(fault.detail, same);
    }
  }
  if (problems.size === 0) return { ok: true, patches };
  const found = [...problems.values()];
  return {
    ok: false,
    problems: found.map(({ fault, names }) => ({ ...fault, detail: `${foldNodeset(names)}: ${fault.detail}` })),
  };
}
