import type { Clock } from "../../src/clock.ts";
import {
  type Blocker,
  describeBlocker,
  type Engine,
  type EngineStatus,
  type Explanation,
  readStuck,
  type StepState,
  type Stuck,
} from "../../src/engine/mod.ts";
import { type Domain, goalsOf, type Plan, type Step } from "../../src/plan/mod.ts";
import { diffValues, type Value, valueIn, type Values } from "../../src/state/mod.ts";
import type { AgentHolds } from "../engine/agent_holds.ts";
import { foresee, isCrowded, type Queued } from "./foreseeing.ts";
import type { Freezer } from "../engine/freezer.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** A goal that a node is not at. */
export interface OpenGoal {
  readonly url: string;
  readonly value: Value;
  /** What is seen; absent where nothing is known. */
  readonly now?: Value;
}

/** What a node's own agent has given up on; since when, in clock milliseconds, it is known to have. */
export interface AgentStuck extends Omit<Stuck, "target"> {
  /** Absent: since before this aggregator started. */
  readonly since?: number;
}

/** What one step of a node's plan waits for, its own agent's troubles included. */
export type NodeStepState = StepState | { readonly kind: "agent-held" } & AgentStuck;

/** What is done with a node, and why nothing is where nothing is. */
export interface NodeExplanation extends Omit<Explanation, "steps"> {
  readonly steps: readonly { readonly step: Step; readonly state: NodeStepState }[];
  /** What it is on its way to; goals that give way to others are left out. */
  readonly goals: readonly OpenGoal[];
  readonly agent?: AgentStuck;
}

/** What explaining needs of an aggregator. */
export interface ExplainingParts {
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
  const found = known ?? imagine(parts, node, asked, isServed);
  // Of a node that is served elsewhere no more is known here than what those who serve it have told.
  const explanation = cfg === undefined && id !== parts.ownId ? { ...found, ...told(status) } : found;
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

/** What the node's own agent has given up on. */
export function agentStuck(parts: ExplainingParts, node: ReadNode): NodeExplanation["agent"] {
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
  const now = parts.clock.now();
  const isNews = diffValues(node.cfg, cfg).length > 0;
  const { refused, queued } = isServed ? foresee(parts, node, cfg, plan, isNews) : { refused: undefined, queued: [] };
  /** A rule that lets a step start never, or not yet once its turn comes. */
  function blockerFor(step: Step, place: number): Blocker | undefined {
    if (refused?.step === place) return { kind: "invariant", invariant: refused.invariant, because: refused.because };
    const full = queued.find((each) =>
      each.step === place && (each.atMost === 0 || (step.after.length === 0 && isCrowded(each, 1)))
    );
    return full === undefined ? undefined : lastInLine(full, now);
  }
  function stateOf(step: Step, place: number, steps: readonly Step[]): StepState {
    const blocker = blockerFor(step, place);
    if (blocker !== undefined && frozen === "no") {
      return { kind: "waiting", blocker, words: describeBlocker(blocker, now) };
    }
    if (step.after.length > 0) return { kind: "after", steps: step.after.flatMap((at) => steps[at]?.key ?? []) };
    if (!isServed) return { kind: "awaited", of: "parent" };
    if (frozen !== "no") return { kind: "frozen", by: frozen, next: true };
    return step.context === "self" ? { kind: "awaited", of: "agent" } : { kind: "ready" };
  }
  const steps = plan.ok ? plan.steps.map((step, place) => ({ step, state: stateOf(step, place, plan.steps) })) : [];
  const waits = steps.flatMap(({ step, state }) => state.kind === "waiting" ? [`${step.key} ${state.words}`] : []);
  return {
    phase: phaseOf(plan, frozen !== "no", waits.length > 0),
    ...(waits.length > 0 && { reason: waits.join("; ") }),
    now,
    steps,
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

/** What a step waits for that comes last at a rule. */
function lastInLine({ kind, rule, group, by, atMost, perSecond, taken }: Queued, now: number): Blocker {
  const inFlight = Math.min(taken, atMost ?? taken);
  const line = {
    group,
    ...(by !== undefined && { by }),
    inFlight,
    holders: [],
    since: now,
    place: taken - inFlight + 1,
  };
  if (kind !== "limit") return { kind: "count", invariant: rule, counts: kind, atMost: atMost ?? 0, ...line };
  return {
    kind,
    limit: rule,
    ...(atMost !== undefined && { atMost }),
    ...(perSecond !== undefined && { perSecond }),
    ...line,
  };
}

function phaseOf(plan: Plan, frozen: boolean, waits: boolean): NodeExplanation["phase"] {
  if (!plan.ok) return "blocked";
  if (plan.steps.length === 0) return "converged";
  if (frozen) return "frozen";
  return waits ? "waiting" : "working";
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
