import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { findNode, findNodes } from "./lookup.ts";
import { presentPlan } from "./present.ts";
import { answerProblem } from "./problem.ts";
import { withQuery } from "./query.ts";
import type { Routes } from "./routes.ts";

/** `/api/v1/plan` and `/api/v1/nodes/{id}/plan`: what will be done, or why nothing can be. */
export function planRoutes(control: Control): Routes {
  function planOf({ id, name }: { readonly id: string; readonly name: string }) {
    const plan = control.plan(id);
    return plan === undefined ? [] : [{ id, name, plan: presentPlan(plan) }];
  }

  function one(c: Context): Response {
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const [planned] = planOf(node.value);
    if (planned !== undefined) return c.json(planned);
    return answerProblem({ status: 404, detail: `Node '${node.value.name}' has gone` });
  }

  function some(c: Context, query: { readonly nodeset?: string }): Response {
    const { nodeset } = query;
    if (nodeset === undefined) return c.json({ plans: control.list().flatMap(planOf) });
    const found = findNodes(control, nodeset);
    return found.ok ? c.json({ plans: found.value.flatMap(planOf) }) : answerProblem(found.problem);
  }

  return {
    "/api/v1/nodes/:id/plan": { GET: withQuery([], one) },
    "/api/v1/plan": { GET: withQuery(["nodeset"], some) },
  };
}
