import type { Context } from "hono";
import type { Control } from "../control/control.ts";
import type { NodeDetail } from "../control/detail.ts";
import { atRoot } from "./elsewhere.ts";
import { allowsWrite, etagOf, refuseStale } from "./etag.ts";
import { findNode, findNodes } from "./lookup.ts";
import { type Answerer, answerProblem, problemOf, withQuery } from "../../src/http/mod.ts";
import { findSelected } from "./selection.ts";

/** What answers a deletion of one node and of some, in a URL or a body: they are forgotten, their machines are left as they are. */
export function createDeleters(
  control: Control,
): { readonly one: Answerer; readonly some: Answerer; readonly selected: Answerer } {
  function remove(c: Context, nodes: readonly NodeDetail[]): Response {
    const result = control.remove(nodes.map(({ id }) => id));
    if (!result.ok) return answerProblem(problemOf(result));
    return c.json({ deleted: nodes.map(({ id, name }) => ({ id, name })) });
  }

  function one(c: Context): Response {
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const ifMatch = c.req.header("if-match");
    if (ifMatch !== undefined && !allowsWrite(ifMatch, etagOf(node.value.version))) return refuseStale(node.value);
    return remove(c, [node.value]);
  }

  function some(c: Context, query: { readonly nodeset?: string }): Response {
    if (query.nodeset === undefined) {
      return answerProblem({ status: 400, detail: "Parameter 'nodeset' is missing: expected one such as n[1-8]" });
    }
    const found = findNodes(control, query.nodeset);
    return found.ok ? remove(c, found.value) : answerProblem(found.problem);
  }

  async function selected(c: Context): Promise<Response> {
    const found = await findSelected(c, control);
    return found.ok ? remove(c, found.value.nodes) : answerProblem(found.problem);
  }

  return {
    one: atRoot(control, withQuery([], one, { ifMatch: true })),
    some: atRoot(control, withQuery(["nodeset"], some)),
    selected: atRoot(control, withQuery([], selected)),
  };
}
