import { type ExplanationInfo, type List, operations } from "../../src/api/mod.ts";
import { invalid, type Outcome, problemOf } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { NodeExplanation } from "../control/node_explanation.ts";
import { presentExplanation } from "./explanation.ts";
import type { Handlers } from "./handler.ts";
import { pageOf, pickFields } from "./list.ts";
import { findNode, findNodes, gone } from "./lookup.ts";
import { selectNodes } from "./nodes.ts";
import { readPatches } from "./patches.ts";
import { whenSearched } from "./searched.ts";
import type { ToTime } from "./time.ts";

type Named = Pick<NodeDetail, "id" | "name">;

const LIST: List = operations.listExplanations.list;

/** Explains what is done, what it waits for, or why nothing is done. */
export function createExplainHandlers(
  control: Control,
  toTime: ToTime,
): Pick<Handlers, "listExplanations" | "explainNode" | "explainChanges" | "explainChange"> {
  function present(node: Named, explanation: NodeExplanation, isHypothetical: boolean): ExplanationInfo {
    const { id, name } = node;
    const about = (step: Parameters<Control["about"]>[1]) => control.about(id, step);
    const servedAt = control.elsewhere(id)?.api;
    const asked = { id, name, isHypothetical, ...(servedAt !== undefined && { servedAt }) };
    return presentExplanation(asked, explanation, about, toTime);
  }
  function explain(node: Named): ExplanationInfo[] {
    const explanation = control.explain(node.id);
    return explanation === undefined ? [] : [present(node, explanation, false)];
  }

  /** Explains once no plan is being searched for any more. */
  function explainAll(make: () => ExplanationInfo[]): Promise<ExplanationInfo[]> {
    return whenSearched(control, make, (all) => all.some(({ noPlan }) => noPlan?.kind === "searching"));
  }

  /** The same with a cfg that is only asked about: it is checked as for a change, and nothing is changed. */
  async function imagine(
    nodes: readonly NodeDetail[],
    patch: { readonly [key: string]: unknown },
  ): Promise<Outcome<ExplanationInfo[]>> {
    const read = readPatches(control, nodes, patch);
    if (!read.ok) return { ok: false, problem: invalid(read.problems) };
    const checked = control.patchCfg(read.patches, { dryRun: true });
    if (!checked.ok) return { ok: false, problem: problemOf(checked) };
    const explanations = await explainAll(() =>
      checked.changes.map((change) => present(change, control.explainChange(change), true))
    );
    return { ok: true, value: explanations };
  }

  function only(node: Named, explanations: Outcome<ExplanationInfo[]>): Outcome<ExplanationInfo> {
    if (!explanations.ok) return explanations;
    const [first] = explanations.value;
    return first === undefined ? gone(node) : { ok: true, value: first };
  }

  return {
    async listExplanations(asked) {
      const nodes = selectNodes(control, asked);
      if (!nodes.ok) return nodes;
      const page = pageOf(LIST, nodes.value, asked, ({ id }) => id);
      if (!page.ok) return page;
      const { items, next } = page.value;
      const all = await explainAll(() => items.flatMap((node) => explain(node)));
      const explanations = pickFields(LIST, all, asked.fields);
      if (!explanations.ok) return explanations;
      const answer = { explanations: explanations.value, ...(next !== undefined && { next }) };
      return { ok: true, text: () => JSON.stringify(answer) };
    },
    async explainNode({ id }) {
      const node = findNode(control, id);
      if (!node.ok) return node;
      return only(node.value, { ok: true, value: await explainAll(() => explain(node.value)) });
    },
    async explainChanges({ nodeset, body }) {
      const nodes = findNodes(control, nodeset);
      if (!nodes.ok) return nodes;
      const explanations = await imagine(nodes.value, body);
      return explanations.ok ? { ok: true, value: { explanations: explanations.value } } : explanations;
    },
    async explainChange({ id, body }) {
      const node = findNode(control, id);
      return node.ok ? only(node.value, await imagine([node.value], body)) : node;
    },
  };
}
