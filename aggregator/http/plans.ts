import { type List, type NodePlanInfo, operations } from "../../src/api/mod.ts";
import type { Control } from "../control/control.ts";
import { presentStarts } from "./explanation.ts";
import type { Handlers } from "./handler.ts";
import { pageOf, pickFields } from "./list.ts";
import { findNode, gone } from "./lookup.ts";
import { selectNodes } from "./nodes.ts";
import { presentPlan } from "./present.ts";
import { isSearching, whenSearched } from "./searched.ts";
import type { ToTime } from "./time.ts";

const LIST: List = operations.listPlans.list;

/** Tells what will be done, or why nothing can be. */
export function createPlanHandlers(control: Control, toTime: ToTime): Pick<Handlers, "listPlans" | "getPlan"> {
  async function plansOf(nodes: readonly { readonly id: string; readonly name: string }[]): Promise<NodePlanInfo[]> {
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

  return {
    async listPlans(asked) {
      const nodes = selectNodes(control, asked);
      if (!nodes.ok) return nodes;
      const page = pageOf(LIST, nodes.value, asked, ({ id }) => id);
      if (!page.ok) return page;
      const { items, next } = page.value;
      const plans = pickFields(LIST, await plansOf(items), asked.fields);
      if (!plans.ok) return plans;
      const answer = { plans: plans.value, ...(next !== undefined && { next }) };
      return { ok: true, text: () => JSON.stringify(answer) };
    },
    async getPlan({ id }) {
      const node = findNode(control, id);
      if (!node.ok) return node;
      const [planned] = await plansOf([node.value]);
      return planned === undefined ? gone(node.value) : { ok: true, value: planned };
    },
  };
}
