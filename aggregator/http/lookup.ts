import type { Context } from "hono";
import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { Outcome } from "../../src/http/mod.ts";

/** The node that a path names, by id or name. */
export function findNode(c: Context, control: Control): Outcome<NodeDetail> {
  const named = c.req.param("id") ?? "";
  const node = control.find(named);
  if (node !== undefined) return { ok: true, value: node };
  const detail = `No node '${named.slice(0, 100)}' ${whereSought(control)}`;
  return { ok: false, problem: { status: 404, detail } };
}

/** An aggregator below the root knows only a part of the cluster: another one may have what it has not. */
function whereSought(control: Control): string {
  const root = control.elsewhere();
  if (root === undefined) return `in cluster '${control.cluster}'`;
  return `below '${control.name}'; the root knows all nodes of cluster '${control.cluster}'` +
    (root.api === undefined ? "" : `: ask ${root.api}`);
}

/** The nodes that a nodeset names, in its order. */
export function findNodes(control: Control, nodeset: string): Outcome<NodeDetail[]> {
  const parsed = parseNodeset(nodeset);
  if (!parsed.ok) return { ok: false, problem: { status: 400, detail: parsed.problem } };
  const nodes: NodeDetail[] = [];
  const unknown: string[] = [];
  for (const name of parsed.names) {
    const node = control.find(name);
    if (node === undefined) unknown.push(name);
    else nodes.push(node);
  }
  if (unknown.length === 0) return { ok: true, value: nodes };
  const detail = `No nodes ${foldNodeset(unknown).slice(0, 500)} ${whereSought(control)}`;
  return { ok: false, problem: { status: 404, detail } };
}
