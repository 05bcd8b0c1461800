import { foldNodeset, parseNodeset } from "../../src/nodeset/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { faulty, type Outcome } from "../../src/http/mod.ts";

/** The node that a path names, by id or name. */
export function findNode(control: Control, named: string): Outcome<NodeDetail> {
  const node = control.find(named);
  if (node !== undefined) return { ok: true, value: node };
  return notFound(`No node '${named.slice(0, 100)}' ${whereSought(control)}`);
}

/** A node that went while it was answered about. */
export function gone({ name }: { readonly name: string }): Extract<Outcome<never>, { readonly ok: false }> {
  return notFound(`Node '${name}' has gone`);
}

function notFound(detail: string): Extract<Outcome<never>, { readonly ok: false }> {
  return { ok: false, problem: { kind: "not-found", detail } };
}

/** An aggregator below the root knows only a part of the cluster: another one may have what it has not. */
function whereSought(control: Control): string {
  const root = control.elsewhere();
  if (root === undefined) return `in cluster '${control.cluster}'`;
  return `below '${control.name}'; the root knows all nodes of cluster '${control.cluster}'` +
    (root.api === undefined ? "" : `: ask ${root.api}`);
}

/** The names of a nodeset; the members of a group stand for `@NAME`. */
export function readNodeset(control: Control, text: string): Outcome<string[]> {
  const expanded = control.groups.expand(text);
  if (!expanded.ok) {
    const detail = `${expanded.problem} ${whereSought(control)}`;
    return { ok: false, problem: faulty("malformed", [{ detail, parameter: "nodeset" }]) };
  }
  if (expanded.value === "" && text !== "") return { ok: true, value: [] };
  const parsed = parseNodeset(expanded.value);
  if (parsed.ok) return { ok: true, value: parsed.names };
  return { ok: false, problem: faulty("malformed", [{ detail: parsed.problem, parameter: "nodeset" }]) };
}

/** The nodes that a nodeset names, in its order. */
export function findNodes(control: Control, nodeset: string): Outcome<NodeDetail[]> {
  const names = readNodeset(control, nodeset);
  if (!names.ok) return names;
  const nodes: NodeDetail[] = [];
  const unknown: string[] = [];
  for (const name of names.value) {
    const node = control.find(name);
    if (node === undefined) unknown.push(name);
    else nodes.push(node);
  }
  if (unknown.length === 0) return { ok: true, value: nodes };
  return notFound(`No nodes ${foldNodeset(unknown).slice(0, 500)} ${whereSought(control)}`);
}

/** The nodes that a change is about. A group without members is refused: to change nothing would look like success. */
export function findSome(control: Control, nodeset: string): Outcome<NodeDetail[]> {
  const found = findNodes(control, nodeset);
  if (!found.ok || found.value.length > 0) return found;
  return notFound(`There are no nodes in ${nodeset.slice(0, 100)}`);
}
