import type { Clock } from "../../src/clock.ts";
import {
  describeObstacle,
  type Engine,
  type EngineStatus,
  goalsHash,
  isDisruptive,
  type Obstacle,
  readStuck,
  type StepState,
} from "../../src/engine/mod.ts";
import { type Domain, goalsOf, type Plan, type Step } from "../../src/plan/mod.ts";
import { diffValues, type Value, valueIn, type Values } from "../../src/state/mod.ts";
import type { AgentHolds } from "../engine/agent_holds.ts";
import type { NodeChange, NodeExplanation, OpenGoal, Prospect, Queued } from "./control.ts";
import { foresee, isCrowded } from "./foreseeing.ts";
import type { Freezer } from "../engine/freezer.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

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
  const now = parts.clock.now();
  const isNews = diffValues(node.cfg, cfg).length > 0;
  const { refused, queued } = isServed ? foresee(parts, node, cfg, plan, isNews) : { refused: undefined, queued: [] };
  /** A rule that lets a step start never, or not yet once its turn comes. */
  function obstacleFor(step: Step, place: number): Obstacle | undefined {
    if (refused?.step === place) return { kind: "invariant", invariant: refused.invariant, because: refused.because };
    const full = queued.find((each) =>
      each.step === place && (each.atMost === 0 || (step.after.length === 0 && isCrowded(each, 1)))
    );
    return full === undefined ? undefined : lastInLine(full, now);
  }
  function stateOf(step: Step, place: number, steps: readonly Step[]): StepState {
    const obstacle = obstacleFor(step, place);
    if (obstacle !== undefined && frozen === "no") {
      return { kind: "waiting", obstacle, words: describeObstacle(obstacle, now) };
    }
    if (step.after.length > 0) return { kind: "after", steps: step.after.flatMap((at) => steps[at]?.key ?? []) };
    if (!isServed) return { kind: "awaited", of: "parent" };
    if (frozen !== "no") return { kind: "frozen", by: frozen };
    return step.context === "self" ? { kind: "awaited", of: "agent" } : { kind: "ready" };
  }
  const steps = plan.ok ? plan.steps.map((step, place) => ({ step, state: stateOf(step, place, plan.steps) })) : [];
  const waits = steps.flatMap(({ step, state }) => state.kind === "waiting" ? [`${step.key} ${state.words}`] : []);
  return {
    phase: isServed ? phaseOf(plan, frozen !== "no", waits.length > 0) : "blocked" as const,
    ...(waits.length > 0 && { reason: waits.join("; ") }),
    ...(!isServed && { reason: `No aggregator serves it: set /parent, say to ${parts.name}` }),
    now,
    steps,
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

/** What a step waits for that comes last at a rule. */
function lastInLine({ kind, rule, group, by, atMost, perSecond, taken }: Queued, now: number): Obstacle {
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

/** What stands in the way of a change's plan, beside the plan itself, and whether it disturbs who uses the node. */
export function prospectOf(parts: ExplainingParts, change: NodeChange): Prospect {
  const freeze = change.differences.find(({ url }) => url === "/freeze");
  const own = freeze === undefined ? parts.freezer.stateOf(change.id) === "node" : freeze.to === true;
  const frozen = parts.freezer.all || own;
  const node = parts.nodes.read(change.id) ?? newNode(parts, change);
  if (node === undefined) return { busy: false, frozen, disruptive: false, queued: [] };
  const cfg = cfgAfter(node, change);
  const held = heldBy(parts, node, change, cfg);
  const steps = change.plan.ok ? change.plan.steps : [];
  const seen = { ...node, frozen: "no" } as const;
  return {
    ...foresee(parts, node, cfg, change.plan, change.differences.length > 0),
    busy: node.view.get("/busy") === "BUSY",
    frozen,
    disruptive: steps.some((step) => isDisruptive(step, seen)),
    ...(held !== undefined && { held }),
  };
}

/** A node that a change makes, before it is there: nothing is known of it but what does not change. */
function newNode({ nodes, ownId }: ExplainingParts, change: NodeChange): ReadNode | undefined {
  const own = nodes.read(ownId); // it has the planner of nodes whose agents have not told anything yet
  if (own === undefined) return undefined;
  const { id, name, version } = change;
  const { schema } = own.planner.domain;
  const constants = change.differences.flatMap(({ url, to }): [string, Value][] =>
    to !== undefined && schema.find(url)?.variable.writer === "cfg" ? [[url, to]] : []
  );
  return { id, name, version, target: "", planner: own.planner, cfg: new Map(), view: new Map(constants) };
}

function cfgAfter(node: ReadNode, { differences }: NodeChange): Values {
  const cfg = new Map(node.cfg);
  for (const { url, to } of differences) {
    if (to === undefined) cfg.delete(url);
    else cfg.set(url, to);
  }
  return cfg;
}

function heldBy(
  parts: ExplainingParts,
  node: ReadNode,
  { plan, differences }: NodeChange,
  cfg: Values,
): string | undefined {
  if (differences.length === 0) { // what failed is remembered for the cfg that it failed for
    const status = parts.nodes.isChild(node.id) ? parts.engine.status(node.id) : undefined;
    if (status?.phase === "stuck") return status.reason ?? "";
    const agent = agentStuck(parts, node);
    if (agent !== undefined) return `its agent gave up on ${agent.mutation}: ${agent.reason}`;
  }
  const holds = parts.engine.holds();
  if (holds.length === 0 || !plan.ok) return undefined;
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
