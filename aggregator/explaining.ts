import type { Clock } from "../src/clock.ts";
import {
  type Engine,
  type EngineStatus,
  goalsHash,
  isDisruptive,
  readStuck,
  type StepState,
} from "../src/engine/mod.ts";
import { type Domain, goalsOf, type Plan, type Step } from "../src/plan/mod.ts";
import { type Value, valueIn, type Values } from "../src/state/mod.ts";
import type { AgentHolds } from "./agent_holds.ts";
import type { NodeChange, NodeExplanation, OpenGoal, Prospect } from "./control.ts";
import type { Freezer } from "./freezer.ts";
import type { Nodes, ReadNode } from "./nodes.ts";

/** What explaining needs of an aggregator. */
export interface ExplainingParts {
  /** The name of its own node. */
  readonly name: string;
  readonly ownId: string;
  readonly nodes: Nodes;
  readonly engine: Engine;
  readonly freezer: Freezer;
  readonly agentHolds: AgentHolds;
  readonly clock: Clock;
}

/**
 * Says what a node waits for: with the cfg that it has, or with another one that it is only asked about.
 *
 * @param status What lists show of the node, which an explanation is not to contradict.
 */
export function explainNode(
  parts: ExplainingParts,
  node: ReadNode,
  status: EngineStatus,
  cfg?: Values,
): NodeExplanation {
  const { id } = node;
  const known = cfg === undefined && parts.nodes.isChild(id) ? parts.engine.explain(id) : undefined;
  // Nothing is reconciled for the aggregator's own node: its cfg is config, no goal.
  const asked = id === parts.ownId ? new Map<string, Value>() : cfg ?? node.cfg;
  const isServed = cfg !== undefined || id === parts.ownId || known !== undefined;
  const explanation = known === undefined ? imagine(parts, node, asked, isServed) : { ...known, ...told(status) };
  const agent = cfg === undefined ? agentStuck(parts, node) : undefined;
  return {
    ...explanation,
    steps: explanation.steps.map((each) => {
      const { kind } = each.state;
      const isHeld = agent?.mutation === each.step.key && (kind === "awaited" || kind === "held");
      return isHeld ? { step: each.step, state: { kind: "agent-held", ...agent } } : each;
    }),
    goals: openGoals(node, asked, explanation.suspended.map(({ url }) => url)),
    ...(agent !== undefined && { agent }),
  };
}

function told({ phase, reason }: EngineStatus) {
  return { phase, ...(reason !== undefined && { reason }) };
}

function agentStuck(parts: ExplainingParts, node: ReadNode): NodeExplanation["agent"] {
  const stuck = readStuck(node.view.get("/stuck/self"));
  if (stuck === undefined) return undefined;
  const { mutation, reason, attempts } = stuck;
  const since = parts.agentHolds.since(node.id);
  return { mutation, reason, attempts, ...(since !== undefined && { since }) };
}

/** The goals that a node is not at, without those that give way to others. */
function openGoals({ planner, view }: ReadNode, cfg: Values, suspended: readonly string[]): OpenGoal[] {
  const { schema } = planner.domain;
  return goalsOf(planner.domain, cfg).flatMap(({ url, value }) => {
    const now = valueIn(schema, view, url);
    if (now === value || suspended.includes(url)) return [];
    return [{ url, value, ...(now !== undefined && { now }) }];
  });
}

/** What would be done about a cfg that the engine has not been given, or about a node that no engine looks after. */
function imagine(parts: ExplainingParts, node: ReadNode, cfg: Values, isServed: boolean) {
  const plan = node.planner.plan({ view: node.view, cfg });
  const frozen = parts.freezer.stateOf(node.id);
  function stateOf(step: Step, steps: readonly Step[]): StepState {
    if (step.after.length > 0) return { kind: "after", steps: step.after.flatMap((at) => steps[at]?.key ?? []) };
    if (!isServed) return { kind: "awaited", of: "parent" };
    if (frozen !== "no") return { kind: "frozen", by: frozen };
    return step.context === "self" ? { kind: "awaited", of: "agent" } : { kind: "ready" };
  }
  return {
    phase: isServed ? phaseOf(plan, frozen !== "no") : "blocked" as const,
    ...(!isServed && { reason: `No aggregator serves it: set /parent, say to ${parts.name}` }),
    now: parts.clock.now(),
    steps: plan.ok ? plan.steps.map((step) => ({ step, state: stateOf(step, plan.steps) })) : [],
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

function phaseOf(plan: Plan, frozen: boolean): NodeExplanation["phase"] {
  if (!plan.ok) return "blocked";
  if (plan.steps.length === 0) return "converged";
  return frozen ? "frozen" : "working";
}

/** What stands in the way of a change's plan, beside the plan itself, and whether it disturbs who uses the node. */
export function prospectOf(parts: ExplainingParts, change: NodeChange): Prospect {
  const node = parts.nodes.read(change.id);
  const freeze = change.differences.find(({ url }) => url === "/freeze");
  const own = freeze === undefined ? parts.freezer.stateOf(change.id) === "node" : freeze.to === true;
  const frozen = parts.freezer.all || own;
  if (node === undefined) return { busy: false, frozen, disruptive: false };
  const held = heldBy(parts, node, change);
  const steps = change.plan.ok ? change.plan.steps : [];
  const seen = { ...node, target: "", frozen: "no" } as const;
  return {
    busy: node.view.get("/busy") === "BUSY",
    frozen,
    disruptive: steps.some((step) => isDisruptive(step, seen)),
    ...(held !== undefined && { held }),
  };
}

function heldBy(parts: ExplainingParts, node: ReadNode, { plan, differences }: NodeChange): string | undefined {
  if (differences.length === 0) { // what failed is remembered for the cfg that it failed for
    const status = parts.nodes.isChild(node.id) ? parts.engine.status(node.id) : undefined;
    if (status?.phase === "stuck") return status.reason ?? "";
    const agent = agentStuck(parts, node);
    if (agent !== undefined) return `its agent gave up on ${agent.mutation}: ${agent.reason}`;
  }
  const holds = parts.engine.holds();
  if (holds.length === 0 || !plan.ok) return undefined;
  const cfg = new Map(node.cfg);
  for (const { url, to } of differences) {
    if (to === undefined) cfg.delete(url);
    else cfg.set(url, to);
  }
  const goals = goalsHash({ planner: node.planner, cfg });
  const hold = holds.find((each) => each.goals === goals && plan.steps.some(({ key }) => key === each.mutation));
  return hold === undefined ? undefined : `${hold.mutation} is held for the whole fleet: ${hold.reason}`;
}

const abouts = new WeakMap<Domain, ReadonlyMap<string, string>>();

/** What the mutation of a step does, in the words of its declaration; empty where it has none. */
export function aboutOf(domain: Domain, { module, mutation }: Step): string {
  let known = abouts.get(domain);
  if (known === undefined) {
    known = new Map(domain.mutations.map((each) => [`${each.module}/${each.id}`, each.declaration.about ?? ""]));
    abouts.set(domain, known);
  }
  return known.get(`${module}/${mutation}`) ?? "";
}
