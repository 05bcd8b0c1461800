import { foldNodeset } from "../../src/nodeset/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { readPatch } from "./patch.ts";

/** What a patch changes on one node. */
export interface NodePatch {
  readonly id: string;
  /** null unsets. */
  readonly values: ReadonlyMap<string, Value | null>;
}

/** What one patch changes on each of some nodes; the same problem of several nodes is told once. */
export function readPatches(
  control: Control,
  nodes: readonly NodeDetail[],
  patch: unknown,
): { ok: true; patches: NodePatch[] } | { ok: false; problems: string[] } {
  const patches: NodePatch[] = [];
  const problems = new Map<string, string[]>();
  for (const node of nodes) {
    const read = readPatch(control.schema, node.cfg, patch);
    if (read.ok) {
      patches.push({ id: node.id, values: read.values });
      continue;
    }
    for (const problem of read.problems) {
      const names = problems.get(problem) ?? [];
      names.push(node.name);
      problems.set(problem, names);
    }
  }
  if (problems.size === 0) return { ok: true, patches };
  return { ok: false, problems: [...problems].map(([problem, names]) => `${foldNodeset(names)}: ${problem}`) };
}
