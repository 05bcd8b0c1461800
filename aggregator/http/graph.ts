import { toDot, toMermaid } from "../../src/plan/mod.ts";
import type { Control } from "../control/control.ts";
import type { Handlers } from "./handler.ts";
import { findNode, gone } from "./lookup.ts";
import { presentPlan } from "./present.ts";

/** Draws the states around a node, and its way through them. */
export function createGraphHandlers(control: Control): Pick<Handlers, "getGraph"> {
  return {
    getGraph({ id: named, format, maxStates }) {
      const node = findNode(control, named);
      if (!node.ok) return node;
      const { id, name } = node.value;
      const graph = control.graph(id, maxStates);
      if (graph === undefined) return gone(node.value);
      const drawn = (text: string, type: string) => ({
        ok: true as const,
        response: new Response(text, { headers: { "content-type": `${type}; charset=utf-8` } }),
      });
      switch (format) {
        case "json":
          return { ok: true, value: { id, name, ...graph, plan: presentPlan(graph.plan) } };
        case "dot":
          return drawn(toDot(graph), "text/vnd.graphviz");
        case "mermaid":
          return drawn(toMermaid(graph), "text/plain");
        default:
          return format satisfies never;
      }
    },
  };
}
