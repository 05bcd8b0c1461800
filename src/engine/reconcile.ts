import type { Clock } from "../clock.ts";
import { describeNoPlan, type MutationKey, type Plan, type Question, type Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import type { Memory } from "./failures.ts";
import type { Fleet } from "./fleet.ts";
import type { Flights } from "./flights.ts";
import { openGate } from "./gate.ts";
import type { Ledger } from "./ledger.ts";
import { disruptionPrepared } from "./clearance.ts";
import { progressOf, reachesGoal, withoutProgress } from "./progress.ts";
import { watchValues } from "./late.ts";
import { readStuck } from "./stuck.ts";
import { type Flight, NO_WAITS, type NodeRecord } from "./record.ts";
import type { Rules } from "./rules.ts";
import type { EngineHost, EngineNode, Obstacle, Stuck } from "./types.ts";
import { describeObstacle, describeSurprise } from "./words.ts";

/** Brings one node a look closer to its goal: what is done ends, what is unwanted stops, what can start starts. */
export type Reconcile = (record: NodeRecord, node: EngineNode) => void;

/** A step that can't start, and what is in its way. */
interface Stop {
  readonly step: Step;
  readonly obstacle: Obstacle | "queued";
}

/** Tells whether a node is as it was: what a host reads anew only after a change is the same object. */
function isSame(before: EngineNode, now: EngineNode): boolean {
  return before.view === now.view && before.cfg === now.cfg && before.planner === now.planner &&
    before.target === now.target && before.frozen === now.frozen && before.name === now.name;
}

function isSearching(plan: Plan): boolean {
  return !plan.ok && plan.reason.kind === "searching";
}

/**
 * Makes the function that looks at a node.
 *
 * @param onPlan Called when a node gets a new plan that is not empty.
 * @param touch Has a node looked at soon.
 */
export function createReconcile(
  host: EngineHost,
  clock: Clock,
  ledger: Ledger,
  flights: Flights,
  fleet: Fleet,
  rules: Rules,
  onPlan: () => void,
  touch: (id: string) => void,
): Reconcile {
  /** A parent awaits what its child runs. A child does not supervise its parent. */
  function concerns(step: Step): boolean {
    return host.role === "parent" || step.context === "self";
  }

  /** Takes in what people changed. @returns True when it is another target. */
  function notice(record: NodeRecord, node: EngineNode): boolean {
    record.name = node.name;
    record.frozen = node.frozen;
    if (record.target === node.target) return false;
    record.target = node.target;
    ledger.clear(record, "Its cfg has changed");
    return true;
  }

  /**
   * Plans, and aborts what the plan does not continue: what it can't start at once.
   *
   * @param first The plan for the node, where that is known already.
   * @returns The plan, and the steps that were aborted.
   */
  function planOn(
    record: NodeRecord,
    node: EngineNode,
    first: Plan | undefined,
    edited: boolean,
  ): { readonly plan: Plan; readonly cut: Step[] } {
    if (record.flights.size === 0) return { plan: first ?? node.planner.plan(node), cut: [] };
    const { schema } = node.planner.domain;
    const cut: Step[] = [];
    function abort(flight: Flight, plan: Plan): void {
      cut.push(flight.step);
      flights.abort(
        record,
        flight,
        plan.ok ? describeSurprise(flight.step, node, edited) : describeNoPlan(plan.reason),
      );
    }
    for (;;) {
      const partial = [...record.flights.values()].filter((flight) =>
        progressOf(flight.step, schema, node.view) === "partial"
      );
      const view = withoutProgress(partial.map((flight) => flight.step), schema, node.view);
      const plan = node.planner.plan({ view, cfg: node.cfg });
      if (isSearching(plan)) return { plan, cut };
      const wanted = new Set(plan.ok ? plan.steps.filter((step) => step.after.length === 0).map(({ key }) => key) : []);
      const lost = partial.filter((flight) => !wanted.has(flight.step.key));
      for (const flight of lost) abort(flight, plan);
      if (lost.length > 0) continue; // without them it is to be planned from what is really there
      for (const flight of [...record.flights.values()]) {
        if (!wanted.has(flight.step.key)) abort(flight, plan);
      }
      return { plan, cut };
    }
  }

  /**
   * Puts the look at a node off while a plan is being searched for that it needs: what is in flight goes on, and nothing
   * else is begun or concluded.
   *
   * @returns Whether it is put off.
   */
  function waitsForPlan(record: NodeRecord, node: EngineNode, plan: Plan, question: Question = node): boolean {
    if (!isSearching(plan)) return false;
    if (!record.searching) {
      record.searching = true;
      void node.planner.found(question).then(() => {
        record.searching = false;
        if (!record.ended) touch(record.id);
      });
    }
    return true;
  }

  /** What a look at a node with flights has to plan for: without what has come a part of its way, and once all has landed. */
  function questionsInFlight(record: NodeRecord, node: EngineNode): Question[] {
    const { schema } = node.planner.domain;
    const steps = [...record.flights.values()].map(({ step }) => step);
    const partial = steps.filter((step) => progressOf(step, schema, node.view) === "partial");
    const flying = { view: withoutProgress(partial, schema, node.view), cfg: node.cfg };
    return steps.some((step) => progressOf(step, schema, node.view) === "done") ? [flying, node] : [flying];
  }

  function count(record: NodeRecord, plan: Plan): void {
    if (plan === record.plan) return;
    const planned = plan.ok ? plan.steps.map((step) => step.key).join() : "";
    if (planned !== "" && planned !== record.planned) onPlan();
    record.planned = planned;
    record.plan = plan;
  }

  function tellPath(record: NodeRecord, plan: Plan): void {
    const noPath = plan.ok ? undefined : describeNoPlan(plan.reason);
    if (noPath !== undefined && noPath !== record.noPath) {
      host.journal.log({ node: record.name, kind: "no-path", why: noPath });
    }
    record.noPath = noPath;
  }

  /** Remembers what the new plan says of mutations that are over. What the world cut short has failed if it is needed. */
  function learn(record: NodeRecord, node: EngineNode, plan: Plan, done: readonly Step[], cut: readonly Step[]): void {
    if (done.length === 0 && cut.length === 0 && record.failures.size === 0) return;
    const needed = new Map(plan.ok ? plan.steps.map((step) => [step.key, step]) : []);
    for (const { key } of done) {
      if (needed.has(key)) ledger.expectAgain(record, key);
    }
    for (const { key } of cut) {
      const step = needed.get(key);
      if (step !== undefined) {
        ledger.fail(record, step, {
          message: "Was cut short by a change",
          retry: true,
          outside: true,
        });
      }
    }
    ledger.review(record, node, plan, needed);
  }

  function waitForRetry(record: NodeRecord, at: number | undefined): void {
    record.cancelRetry?.();
    record.cancelRetry = at === undefined ? undefined : clock.after(at - clock.now(), () => touch(record.id));
  }

  /** What failed on this node, and what is held for the whole fleet; what is in flight is not called back for that. */
  function failuresOf(record: NodeRecord, node: EngineNode, steps: readonly Step[]): ReadonlyMap<MutationKey, Memory> {
    let failures: Map<MutationKey, Memory> | undefined;
    for (const step of steps) {
      if (record.flights.has(step.key) || record.failures.get(step.key)?.held === true) continue;
      const given = givenUpByAgent(node, step);
      if (given !== undefined) {
        failures ??= new Map(record.failures);
        const { attempts } = given;
        const about = { key: step.key, attempts, reason: `Its agent: ${given.reason}`, step, reachedAt: undefined };
        failures.set(step.key, { ...about, retryAt: 0, held: true, heldSince: clock.now() });
        continue;
      }
      const hold = fleet.holdOf(step.key, node);
      if (hold === undefined) continue;
      failures ??= new Map(record.failures);
      const { nodes, reason, since } = hold;
      const about = { key: step.key, attempts: nodes.length, reason, step, reachedAt: undefined };
      failures.set(step.key, { ...about, retryAt: 0, held: true, heldSince: since, fleet: true });
    }
    return failures ?? record.failures;
  }

  /** A parent does not await what the agent has said that it has given up. */
  function givenUpByAgent(node: EngineNode, step: Step): Stuck | undefined {
    if (host.role !== "parent" || step.context !== "self") return undefined;
    const stuck = readStuck(node.view.get("/stuck/self"));
    return stuck?.mutation === step.key ? stuck : undefined;
  }

  /** Once for each invariant that says no. */
  function tellRefusal(record: NodeRecord, { key }: Step, obstacle: Obstacle | "queued"): void {
    if (obstacle === "queued" || obstacle.kind !== "invariant") return;
    const before = record.waits.get(key);
    const isKnown = before !== undefined && before !== "queued" && before.kind === "invariant" &&
      before.invariant === obstacle.invariant;
    if (isKnown) return;
    host.journal.log({
      node: record.name,
      kind: "refused",
      mutation: key,
      why: describeObstacle(obstacle, clock.now()),
    });
  }

  /** Starts what may start. What has to wait for something else than its plan is noted with that. */
  function startOpen(record: NodeRecord, node: EngineNode, open: readonly Step[], plan: Plan): void {
    let waits: Map<MutationKey, Obstacle | "queued"> | undefined;
    for (const step of open) {
      if (record.ended) return; // what was just started has stopped the engine
      if (record.flights.has(step.key)) continue;
      const stop = stopFor(record, node, step, plan.ok ? plan.steps : []);
      if (stop !== undefined) {
        tellRefusal(record, stop.step, stop.obstacle);
        waits ??= new Map();
        waits.set(stop.step.key, stop.obstacle);
        continue;
      }
      if (step.context === host.role && isDisruptive(step, node) && !rules.disrupt(record, node)) {
        rules.ended(record.id, step.key);
        waits ??= new Map();
        waits.set(step.key, { kind: "store" });
        continue;
      }
      flights.start(record, node, step, plan);
    }
    record.waits = waits ?? NO_WAITS;
  }

  /** What keeps a step that could start from doing so: an obstacle in its own way, or in that of what it prepares. */
  function stopFor(record: NodeRecord, node: EngineNode, step: Step, steps: readonly Step[]): Stop | undefined {
    const prepared = disruptionPrepared(steps, step, node);
    if (step.context === host.role) {
      const isUnclear = prepared !== undefined && node.view.get("/clear") !== prepared.key; // an agent's step
      const obstacle: Obstacle | "queued" | undefined = isUnclear
        ? { kind: "clearance", mutation: prepared.key }
        : flights.unsettled(record.id, step.key) ??
          (record.cleared?.key === step.key ? undefined : rules.ask(record, node, step));
      return obstacle && { step, obstacle };
    }
    if (prepared === undefined || record.cleared?.key === prepared.key) return undefined;
    const obstacle = rules.ask(record, node, prepared);
    if (obstacle !== undefined) return { step: prepared, obstacle };
    if (!rules.disrupt(record, node)) {
      rules.ended(record.id, prepared.key);
      return { step: prepared, obstacle: { kind: "store" } };
    }
    record.cleared = prepared;
    return undefined;
  }

  /** Gives the word to the agent that the rules have given, and takes it back when it is of no use any more. */
  function tellClearance(record: NodeRecord, node: EngineNode, steps: readonly Step[]): void {
    if (host.role !== "parent") return;
    const { cleared } = record;
    const isUsed = cleared !== undefined &&
      [...record.flights.values()].some(({ step }) =>
        step.key === cleared.key || disruptionPrepared(steps, step, node)?.key === cleared.key
      );
    if (cleared !== undefined && !isUsed) {
      record.cleared = undefined;
      rules.ended(record.id, cleared.key);
    }
    if (node.view.get("/clear") !== record.cleared?.key) host.executor.approve?.(record.id, record.cleared?.key);
  }

  /** Awaits nothing any more of an agent that may be elsewhere: its silence is no failure. */
  function abandon(record: NodeRecord): void {
    for (const flight of [...record.flights.values()]) {
      if (flight.controller === undefined) flights.abort(record, flight, "Its agent may still be elsewhere");
    }
  }

  /** The next moment at which a look is due, whatever happens until then. */
  function nextLook(record: NodeRecord): number | undefined {
    const times = [record.gate?.retryAt, record.out === "NO" ? undefined : record.disturbedUntil];
    const ahead = times.filter((time) => time !== undefined).filter((time) => time > clock.now());
    return ahead.length === 0 ? undefined : Math.min(...ahead);
  }

  return (record, node) => {
    if (record.atRest !== undefined && isSame(record.atRest, node)) return;
    record.atRest = undefined;
    const first = record.flights.size === 0 ? node.planner.plan(node) : undefined;
    if (first !== undefined && waitsForPlan(record, node, first)) return;
    for (const question of first === undefined ? questionsInFlight(record, node) : []) {
      if (waitsForPlan(record, node, node.planner.plan(question), question)) return;
    }
    const edited = notice(record, node);
    const done = flights.land(record, node);
    if (node.frozen !== "no") {
      if (node.frozen === "moved") abandon(record);
      record.plan = undefined;
      record.gate = undefined;
      record.waits = NO_WAITS;
      record.sights = undefined;
      tellClearance(record, node, []);
      const plan = first ?? node.planner.plan(node);
      if (!isSearching(plan)) rules.assess(record, node, plan);
      return waitForRetry(record, undefined);
    }
    const { plan, cut } = planOn(record, node, first, edited);
    if (waitsForPlan(record, node, plan)) return;
    count(record, plan);
    tellPath(record, plan);
    const steps = plan.ok ? plan.steps : [];
    const atGoal = plan.ok && steps.length === 0;
    learn(record, node, plan, done, edited ? [] : cut);
    rules.assess(record, node, plan);
    if (atGoal) record.sights = undefined;
    else watchValues(record, node, plan, clock.now());
    for (const flight of [...record.flights.values()]) {
      const given = givenUpByAgent(node, flight.step);
      if (given !== undefined) flights.abort(record, flight, `Its agent gave it up: ${given.reason}`);
    }
    const failures = failuresOf(record, node, steps);
    record.gate = openGate(steps, concerns, (step) => reachesGoal(step, node), failures, clock.now());
    startOpen(record, node, record.gate.open, plan);
    if (record.ended) return;
    tellClearance(record, node, steps);
    waitForRetry(record, nextLook(record));
    const isOver = record.flights.size === 0 && record.failures.size === 0 && record.out === "NO";
    if (atGoal && isOver) record.atRest = node;
    if (atGoal && record.worked) {
      record.worked = false;
      host.journal.log({ node: record.name, kind: "converged", why: "Every goal is reached" });
    }
  };
}
