import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import { findNode, findNodes } from "./lookup.ts";
import { presentStarts, type StartJson } from "./explanation.ts";
import { type PlanJson, presentPlan } from "./present.ts";
import { answerProblem, type Routes, withQuery } from "../../src/http/mod.ts";
import { isSearching, whenSearched } from "./searched.ts";
import { findSelected } from "./selection.ts";
import type { ToTime } from "./time.ts";

/** What is to be done on a node. */
export interface NodePlanJson {
  readonly id: string;
  readonly name: string;
  readonly plan: PlanJson;
  /** Why nothing is done for it whatever the plan says. */
  readonly note?: string;
  /** Who froze it: nothing starts before a thaw. */
  readonly frozen?: "node" | "everything" | "moved";
  /** Steps that come after no other, and do not start at once. */
  readonly starts?: readonly StartJson[];
}

/** `/api/v1/plan` and `/api/v1/nodes/{id}/plan`: what will be done, or why nothing can be. */
export function planRoutes(control: Control, toTime: ToTime): Routes {
  async function plansOf(nodes: readonly { readonly id: string; readonly name: string }[]): Promise<NodePlanJson[]> {
    const found = await whenSearched(
      control,
      () => nodes.map(({ id }) => control.explain(id)),
      (all) => all.some((each) => each !== undefined && isSearching(each.plan)),
    );
    return nodes.flatMap(({ id, name }, at) => {
      const explained = found[at];
      if (explained === undefined) return [];
      const note = control.idleReason(id);
      const { plan, frozen, steps } = explained;
      const starts = presentStarts(steps.map(({ state }) => state), toTime);
      return [{
        ...{ id, name, plan: presentPlan(plan) },
        ...(note !== undefined && { note }),
        ...(frozen !== undefined && { frozen }),
        ...(starts.length > 0 && { starts }),
      }];
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
