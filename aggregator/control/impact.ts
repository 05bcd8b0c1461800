import type { Explanation, Refused } from "../../src/engine/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import { agentStuck, type ExplanationParts, type NodeStepState } from "./node_explanation.ts";
import { frozenAfter, type NodePlace, previewChange } from "./previews.ts";

/** What a change does to a node, and what stands in the way of its plan. */
export interface Impact {
  /** Somebody else has the node. */
  readonly busy: boolean;
  readonly frozen: boolean;
  /** Why what the plan needs has been given up, where it has. */
  readonly held?: string;
  /** An invariant that says no to a step, as things are. */
  readonly refused?: Refused;
  /** Limits and invariants of which the plan needs places, whether there are free ones or not. */
  readonly places: readonly NodePlace[];
  /** Whether the plan cuts a machine's power, or takes a node out of SYNC. */
  readonly disruptive: boolean;
  /** How each step of the plan would be right after the change; empty where no aggregator serves the node. */
  readonly states: readonly NodeStepState[];
}

/** Tells what a change does to a node, and what stands in the way of its plan. */
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
  if (differences.length === 0) { // failures are tracked for the cfg that they came with
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
