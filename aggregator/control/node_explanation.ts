import { type EngineStatus, type Explanation, readStuck, type StepState, type Stuck } from "../../src/engine/mod.ts";
import { type Domain, goalsOf, type Step } from "../../src/plan/mod.ts";
import { type Value, valueIn } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { AgentHolds } from "../engine/agent_holds.ts";
import type { ReadNode } from "../nodes/nodes.ts";
import { previewChange, type PreviewParts } from "./previews.ts";

/** A goal that a node has not reached. */
export interface OpenGoal {
  readonly url: string;
  readonly value: Value;
  /** The present value; absent if unknown. */
  readonly now?: Value;
}

/** What a node's own agent has given up, and since when this is known, in clock milliseconds. */
export interface AgentStuck extends Omit<Stuck, "target"> {
  /** Absent: since before this aggregator started. */
  readonly since?: number;
}

/** What one step of a node's plan waits for, including problems of its own agent. */
export type NodeStepState = StepState | { readonly kind: "agent-held" } & AgentStuck;

/** Explains what is done for a node, and why nothing is where nothing is. */
export interface NodeExplanation extends Omit<Explanation, "steps"> {
  readonly steps: readonly { readonly step: Step; readonly state: NodeStepState }[];
  /** The goals that it has not reached; suspended goals are left out. */
  readonly goals: readonly OpenGoal[];
  readonly agent?: AgentStuck;
}

/** What explanations depend on. */
export interface ExplanationParts extends PreviewParts {
  readonly agentHolds: AgentHolds;
}

/**
 * Explains what is done for `node`, and why nothing is where nothing is.
 *
 * @param parts What it depends on.
 * @param status What lists show of the node, which an explanation must not contradict.
 */
export function explainNode(parts: ExplanationParts, node: ReadNode, status: EngineStatus): NodeExplanation {
  const { id } = node;
  const known = parts.nodes.isChild(id) ? parts.engine.explain(id) : undefined;
  // Aggregators are not reconciled: their cfg is config, not goals.
  const cfg = parts.nodes.placement.isAggregator(id) ? new Map<string, Value>() : node.cfg;
  // For a node of another aggregator, only what that one has reported is known here.
  const { phase, reason } = status;
  const found = known ?? explainUnserved(parts, { ...node, cfg });
  const agent = agentStuck(parts, node);
  return {
    ...found,
    phase,
    ...(reason !== undefined && { reason }),
    steps: found.steps.map((each) => {
      const { kind } = each.state;
      const isHeld = agent?.mutation === each.step.key && (kind === "awaited" || kind === "held");
      return isHeld ? { step: each.step, state: { kind: "agent-held", ...agent } } : each;
    }),
    goals: openGoals({ ...node, cfg }, found.suspended),
    ...(agent !== undefined && { agent }),
  };
}

/**
 * Explains what a `change` of a node would do.
 *
 * @param parts What it depends on.
 */
export function explainChange(parts: ExplanationParts, change: NodeChange): NodeExplanation {
  const { after } = change;
  const found = previewChange(parts, change)?.explanation ?? explainUnserved(parts, after);
  const waits = found.steps.flatMap(({ step, state }) =>
    state.kind === "waiting" ? [`${step.key} ${state.words}`] : []
  );
  return {
    ...found,
    ...(waits.length > 0 && { reason: [...new Set(waits)].join("; ") }),
    goals: openGoals(after, found.suspended),
  };
}

/** Explains a node that no engine here serves: its aggregator must do everything. */
function explainUnserved(parts: ExplanationParts, node: Pick<ReadNode, "planner" | "view" | "cfg">): Explanation {
  const plan = node.planner.plan(node);
  const steps = plan.ok ? plan.steps : [];
  return {
    phase: !plan.ok ? "blocked" : steps.length === 0 ? "converged" : "working",
    now: parts.clock.now(),
    plan,
    steps: steps.map((step) => ({
      step,
      state: step.after.length > 0
        ? { kind: "after", steps: step.after.flatMap((at) => steps[at]?.key ?? []) }
        : { kind: "awaited", of: "parent" },
    })),
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

/**
 * Finds what the agent of `node` has given up.
 *
 * @param parts What it depends on.
 */
export function agentStuck(parts: ExplanationParts, node: Pick<ReadNode, "id" | "view">): NodeExplanation["agent"] {
  const stuck = readStuck(node.view.get("/stuck/self"));
  if (stuck === undefined) return undefined;
  const { mutation, reason, attempts } = stuck;
  const since = parts.agentHolds.since(node.id);
  return { mutation, reason, attempts, ...(since !== undefined && { since }) };
}

/** Lists the goals that a node has not reached, without suspended ones. */
function openGoals(
  { planner, view, cfg }: Pick<ReadNode, "planner" | "view" | "cfg">,
  suspended: readonly { readonly url: string }[],
): OpenGoal[] {
  const { schema } = planner.domain;
  return goalsOf(planner.domain, cfg).flatMap(({ url, value }) => {
    const now = valueIn(schema, view, url);
    if (now === value || suspended.some((goal) => goal.url === url)) return [];
    return [{ url, value, ...(now !== undefined && { now }) }];
  });
}

const abouts = new WeakMap<Domain, ReadonlyMap<string, string>>();

/** Returns what the mutation of a step does, in the words of its declaration in `domain`; empty if it has none. */
export function aboutOf(domain: Domain, { module, mutation }: Step): string {
  let known = abouts.get(domain);
  if (known === undefined) {
    known = new Map(domain.mutations.map((each) => [`${each.module}/${each.id}`, each.declaration.about ?? ""]));
    abouts.set(domain, known);
  }
  return known.get(`${module}/${mutation}`) ?? "";
}
