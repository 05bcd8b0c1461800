import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { findNode, findNodes } from "./lookup.ts";
import { presentPlan } from "./present.ts";
import { answerProblem } from "./problem.ts";
import { withQuery } from "./query.ts";
import type { Routes } from "./routes.ts";
import { isSearching, whenSearched } from "./searched.ts";
import { findSelected } from "./selection.ts";

/** `/api/v1/plan` and `/api/v1/nodes/{id}/plan`: what will be done, or why nothing can be. */
export function planRoutes(control: Control): Routes {
  async function plansOf(nodes: readonly { readonly id: string; readonly name: string }[]) {
    const plans = await whenSearched(
      control,
      () => nodes.map(({ id }) => control.plan(id)),
      (all) => all.some((plan) => plan !== undefined && isSearching(plan)),
    );
    return nodes.flatMap(({ id, name }, at) => {
      const plan = plans[at];
      const note = control.idleReason(id);
      return plan === undefined ? [] : [{ id, name, plan: presentPlan(plan), ...(note !== undefined && { note }) }];
    });
  }

  async function one(c: Context): Promise<Response> {
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const [planned] = await plansOf([node.value]);
    if (planned !== undefined) return c.json(planned);
    return answerProblem({ status: 404, detail: `Node '${node.value.name}' has gone` });
  }

  async function some(c: Context, query: { readonly nodeset?: string }): Promise<Response> {
    const { nodeset } = query;
    if (nodeset === undefined) return c.json({ plans: await plansOf(control.list()) });
    const found = findNodes(control, nodeset);
    return found.ok ? c.json({ plans: await plansOf(found.value) }) : answerProblem(found.problem);
  }

  async function selected(c: Context): Promise<Response> {
    const found = await findSelected(c, control);
    return found.ok ? c.json({ plans: await plansOf(found.value.nodes) }) : answerProblem(found.problem);
  }

  return {
    "/api/v1/selection/plan": { POST: withQuery([], selected) },
    "/api/v1/nodes/:id/plan": { GET: withQuery([], one) },
    "/api/v1/plan": { GET: withQuery(["nodeset"], some) },
  };
}
