import { PHASES } from "../../src/api/mod.ts";
import { faulty, type Outcome } from "../../src/http/mod.ts";
import type { Control } from "../control/control.ts";
import type { NodeSummary } from "../control/detail.ts";

/** Which nodes of a list are asked for. */
export interface NodeFilter {
  readonly phase?: string;
  readonly state?: { readonly [url: string]: string };
  readonly text?: string;
}

/** Makes the test of a filter. Alternatives have commas between them. */
export function readFilter(
  control: Control,
  { phase, state, text }: NodeFilter,
): Outcome<(node: NodeSummary) => boolean> {
  const phases = phase?.split(",");
  const unknown = phases?.find((each) => !PHASES.some((known) => known === each));
  if (unknown !== undefined) {
    const detail = `Parameter 'phase' has '${unknown.slice(0, 100)}': expected some of ${PHASES.join(", ")}`;
    return { ok: false, problem: faulty("malformed", [{ detail, parameter: "phase" }]) };
  }
  const states = Object.entries(state ?? {}).map(([url, values]) => ({ url, values: values.split(",") }));
  const strange = states.find(({ url }) => control.schema.find(url) === undefined);
  if (strange !== undefined) {
    const detail = `'${strange.url.slice(0, 300)}' is not a state variable that this program knows`;
    return { ok: false, problem: faulty("malformed", [{ detail, parameter: `state.${strange.url.slice(0, 300)}` }]) };
  }
  const sought = text?.toLowerCase();
  return {
    ok: true,
    value: (node) =>
      phases?.includes(node.phase) !== false &&
      states.every(({ url, values }) => values.includes(shown(control, node, url))) &&
      (sought === undefined || textOf(node).includes(sought)),
  };
}

/** What is known of a variable of a node; what cfg alone says for those that people write. */
function shown(control: Control, { id }: NodeSummary, url: string): string {
  const node = control.find(id);
  const isGiven = control.schema.find(url)?.variable.writer === "cfg";
  const value = (isGiven ? node?.cfg : node?.dsc)?.get(url) ?? control.schema.unknownOf(url) ?? "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function textOf({ name, platform, parent, physState, runState, link, phase, reason }: NodeSummary): string {
  return [name, platform, parent, physState, runState, link, phase, reason].join("\n").toLowerCase();
}
