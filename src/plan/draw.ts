import { quote } from "./explain.ts";
import type { GraphState, StateGraph } from "./graph.ts";

/**
 * Draws a graph in the DOT language of Graphviz. The current state has a double border, goals are filled, the plan is
 * bold.
 *
 * @param graph From {@link exploreGraph}.
 */
export function toDot(graph: StateGraph): string {
  const text = (lines: readonly string[]) => `"${lines.map(escapeDot).join("\\n")}"`;
  const lines = ["digraph kraken {", "  rankdir=LR;", "  node [shape=box];"];
  for (const state of graph.states) {
    const marks = [
      ...(state.id === graph.current ? ["peripheries=2"] : []),
      ...(state.isGoal ? ["style=filled", 'fillcolor="#c8e6c9"'] : []),
    ];
    lines.push(`  "${state.id}" [${[`label=${text(labelOf(state))}`, ...marks].join(", ")}];`);
  }
  for (const { from, to, mutation, isPlanned } of graph.edges) {
    lines.push(`  "${from}" -> "${to}" [label=${text([mutation])}${isPlanned ? ", style=bold, color=blue" : ""}];`);
  }
  if (graph.truncated) lines.push(`  truncated [shape=plaintext, label="There are more states"];`);
  return [...lines, "}", ""].join("\n");
}

/**
 * Draws a graph as a Mermaid flowchart. The current state has a thick border, goals are filled, the plan is thick.
 *
 * @param graph From {@link exploreGraph}.
 */
export function toMermaid(graph: StateGraph): string {
  const lines = ["flowchart LR"];
  for (const state of graph.states) {
    lines.push(`  s${state.id}["${labelOf(state).map(escapeMermaid).join("<br/>")}"]`);
  }
  for (const { from, to, mutation, isPlanned } of graph.edges) {
    lines.push(`  s${from} ${isPlanned ? "==>" : "-->"}|"${escapeMermaid(mutation)}"| s${to}`);
  }
  if (graph.truncated) lines.push(`  truncated["There are more states"]`);
  lines.push("  classDef goal fill:#c8e6c9", "  classDef current stroke-width:4px");
  const goals = graph.states.filter(({ isGoal }) => isGoal);
  if (goals.length > 0) lines.push(`  class ${goals.map(({ id }) => `s${id}`).join(",")} goal`);
  lines.push(`  class s${graph.current} current`);
  return [...lines, ""].join("\n");
}

function labelOf({ values }: GraphState): string[] {
  const lines = Object.entries(values).map(([url, value]) =>
    `${url} ${typeof value === "string" ? value : quote(value)}`
  );
  return lines.length === 0 ? ["nothing is known"] : lines;
}

function escapeDot(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replace(/[\r\n]+/g, " ");
}

/** Mermaid takes entities by their number between `#` and `;`. */
function escapeMermaid(text: string): string {
  return text.replace(/[^\w /.,:=@-]/g, (letter) => `#${letter.codePointAt(0)};`);
}
