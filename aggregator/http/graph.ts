import type { Context } from "hono";
import { toDot, toMermaid } from "../../src/plan/mod.ts";
import type { Control } from "../control/control.ts";
import { findNode } from "./lookup.ts";
import { answerProblem, type Routes, withQuery } from "../../src/http/mod.ts";

/** The most states that are explored for one answer: to explore keeps everything else waiting. */
const MAX_STATES = 2000;
const DEFAULT_STATES = "256";

/** `/api/v1/nodes/{id}/graph`: the states around a node, and its way through them. */
export function graphRoutes(control: Control): Routes {
  function get(c: Context, query: { readonly format?: string; readonly maxStates?: string }): Response {
    const { format = "json", maxStates: text = DEFAULT_STATES } = query;
    const maxStates = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    if (!(maxStates >= 1 && maxStates <= MAX_STATES)) {
      const detail = `Parameter 'maxStates' is '${
        text.slice(0, 100)
      }': expected a whole number from 1 to ${MAX_STATES}`;
      return answerProblem({ status: 400, detail });
    }
    if (format !== "json" && format !== "dot" && format !== "mermaid") {
      const detail = `Parameter 'format' is '${format.slice(0, 100)}': expected json, dot or mermaid`;
      return answerProblem({ status: 400, detail });
    }
    const node = findNode(c, control);
    if (!node.ok) return answerProblem(node.problem);
    const { id, name } = node.value;
    const graph = control.graph(id, maxStates);
    if (graph === undefined) return answerProblem({ status: 404, detail: `Node '${name}' has gone` });
    switch (format) {
      case "json":
        return c.json({ id, name, ...graph });
      case "dot":
        return c.body(toDot(graph), 200, { "content-type": "text/vnd.graphviz; charset=utf-8" });
      case "mermaid":
        return c.body(toMermaid(graph), 200, { "content-type": "text/plain; charset=utf-8" });
      default:
        return format satisfies never;
    }
  }

  return { "/api/v1/nodes/:id/graph": { GET: withQuery(["format", "maxStates"], get) } };
}
