import type { Explanation, RefusedPreview } from "../../src/engine/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import { agentStuck, type ExplanationParts, type NodeStepState } from "./node_explanation.ts";
import { frozenAfter, type NodePlace, previewChange } from "./previews.ts";

/** The effect of a change on a node, and what blocks its plan. */
export interface Impact {
  /** Whether others use the node. */
  readonly busy: boolean;
  readonly frozen: boolean;
  /** Why something that the plan needs has been given up, if it has. */
  readonly held?: string;
  /** The invariant that forbids a step at present. */
  readonly refused?: RefusedPreview;
  /** Limits and invariants of which the plan needs places, whether they are free or not. */
  readonly places: readonly NodePlace[];
  /** Whether the plan cuts a machine's power or takes a node out of SYNC. */
  readonly disruptive: boolean;
  /** The state of each step right after the change; empty if no aggregator serves the node. */
  readonly states: readonly NodeStepState[];
}

/**
 * Returns the effect of `change` on a node, and what blocks its plan.
 *
 * @param parts What it depends on.
 */
export function impactOf(parts: ExplanationParts, change: NodeChange): Impact {
  const frozen = frozenAfter(parts, change) !== "no";
  const busy = change.after.view.get("/busy") === "BUSY";
  const preview = previewChange(parts, change);
  if (preview === undefined) return { busy, frozen, disruptive: false, places: [], states: [] };
  const { refused, places, disruptive, explanation: { steps } } = preview;
  const held = heldBy(parts, change, steps);
  return {
    ...{ busy, frozen, places, disruptive },
    states: steps.map(({ state }) => state),
    ...(refused !== undefined && { refused }),
    ...(held !== undefined && { held }),
  };
}

function heldBy(
  parts: ExplanationParts,
  { id, differences }: NodeChange,
  steps: Explanation["steps"],
): string | undefined {
  if (differences.length === 0) { // failures belong to the cfg with which they occurred
    const status = parts.nodes.isChild(id) ? parts.engine.status(id) : undefined;
    if (status?.phase === "stuck") return status.reason ?? "";
    const node = parts.nodes.read(id);
    const agent = node === undefined ? undefined : agentStuck(parts, node);
    if (agent !== undefined) return `its agent gave up on ${agent.mutation}: ${agent.reason}`;
  }
  for (const { step, state } of steps) {
    if (state.kind === "held" && state.fleet) return `${step.key} is held for the whole fleet: ${state.reason}`;
  }
  return undefined;
}
