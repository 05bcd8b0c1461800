import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import type { NodeExplanation } from "../control/node_explanation.ts";
import {
  answerProblem,
  invalid,
  type Outcome,
  PATCH_TYPES,
  problemOf,
  readJson,
  type Routes,
  withQuery,
} from "../../src/http/mod.ts";
import { atServing } from "./elsewhere.ts";
import { type ExplanationJson, presentExplanation } from "./explanation.ts";
import { findNode, findNodes } from "./lookup.ts";
import { readPatches } from "./patches.ts";
import { whenSearched } from "./searched.ts";
import { findSelected } from "./selection.ts";
import type { ToTime } from "./time.ts";

/** What only the aggregator that serves a node can answer. */
const ASKED = "questions about what it does with its nodes";

type Named = Pick<NodeDetail, "id" | "name">;

/** `/api/v1/explain` and `/api/v1/nodes/{id}/explain`: what is done, what it waits for, or why nothing is done. */
export function explainRoutes(control: Control, toTime: ToTime): Routes {
  function present(node: Named, explanation: NodeExplanation, isHypothetical: boolean): ExplanationJson {
    const { id, name } = node;
    const about = (step: Parameters<Control["about"]>[1]) => control.about(id, step);
    const servedAt = control.elsewhere(id)?.api;
    const asked = { id, name, isHypothetical, ...(servedAt !== undefined && { servedAt }) };
    return presentExplanation(asked, explanation, about, toTime);
  }
  function explain(node: Named): ExplanationJson[] {
    const explanation = control.explain(node.id);
    return explanation === undefined ? [] : [present(node, explanation, false)];
  }

  /** Explains once no plan is being searched for any more. */
  function explainAll(make: () => ExplanationJson[]): Promise<ExplanationJson[]> {
    return whenSearched(control, make, (all) => all.some(({ noPlan }) => noPlan?.kind === "searching"));
  }

  /** The same with a cfg that is only asked about: it is checked as for a change, and nothing is changed. */
  async function imagine(nodes: readonly NodeDetail[], patch: unknown): Promise<Outcome<ExplanationJson[]>> {
    const read = readPatches(control, nodes, patch);
    if (!read.ok) return { ok: false, problem: invalid(read.problems) };
    const checked = control.patchCfg(read.patches, { dryRun: true });
    if (!checked.ok) return { ok: false, problem: problemOf(checked) };
    const explanations = await explainAll(() =>
      checked.changes.map((change) => present(change, control.explainChange(change), true))
    );
    return { ok: true, value: explanations };
  }

  async function imagineFound(
    c: Context,
    find: () => Outcome<readonly NodeDetail[]>,
  ): Promise<Outcome<ExplanationJson[]>> {
    const body = await readJson(c, { types: PATCH_TYPES });
    if (!body.ok) return body;
    const nodes = find();
    return nodes.ok ? await imagine(nodes.value, body.value) : nodes;
  }

  function answerOne(c: Context, explanations: Outcome<ExplanationJson[]>): Response {
    if (!explanations.ok) return answerProblem(explanations.problem);
    const [first] = explanations.value;
    return first === undefined ? answerProblem({ status: 404, detail: "The node has gone" }) : c.json(first);
  }

  async function one(c: Context): Promise<Response> {
    const node = findNode(c, control);
    return answerOne(c, node.ok ? { ok: true, value: await explainAll(() => explain(node.value)) } : node);
  }

  async function oneWith(c: Context): Promise<Response> {
    const find = (): Outcome<NodeDetail[]> => {
      const node = findNode(c, control);
      return node.ok ? { ok: true, value: [node.value] } : node;
    };
    return answerOne(c, await imagineFound(c, find));
  }

  async function some(c: Context, { nodeset }: { readonly nodeset?: string }): Promise<Response> {
    const nodes: Outcome<readonly Named[]> = nodeset === undefined
      ? { ok: true, value: control.list() }
      : findNodes(control, nodeset);
    if (!nodes.ok) return answerProblem(nodes.problem);
    return c.json({ explanations: await explainAll(() => nodes.value.flatMap((node) => explain(node))) });
  }

  async function someWith(c: Context, { nodeset }: { readonly nodeset?: string }): Promise<Response> {
    if (nodeset === undefined) {
      return answerProblem({ status: 400, detail: "Parameter 'nodeset' is missing: expected one such as n[1-8]" });
    }
    const explanations = await imagineFound(c, () => findNodes(control, nodeset));
    return explanations.ok ? c.json({ explanations: explanations.value }) : answerProblem(explanations.problem);
  }

  async function selected(c: Context): Promise<Response> {
    const found = await findSelected(c, control, ["patch"]);
    if (!found.ok) return answerProblem(found.problem);
    const { nodes, rest } = found.value;
    const explanations = rest["patch"] === undefined
      ? { ok: true as const, value: await explainAll(() => nodes.flatMap((node) => explain(node))) }
      : await imagine(nodes, rest["patch"]);
    return explanations.ok ? c.json({ explanations: explanations.value }) : answerProblem(explanations.problem);
  }

  return {
    "/api/v1/selection/explain": { POST: withQuery([], selected) },
    "/api/v1/nodes/:id/explain": {
      GET: atServing(control, ASKED, withQuery([], one)),
      POST: atServing(control, ASKED, withQuery([], oneWith)),
    },
    "/api/v1/explain": { GET: withQuery(["nodeset"], some), POST: withQuery(["nodeset"], someWith) },
  };
}
