import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import { isDisruptive, isInSync, isSensing } from "./disruption.ts";
import { createAdmission } from "./limits/admission.ts";
import { createBrakes } from "./limits/brakes.ts";
import { memoOf } from "./memo.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import type { NodeRecord } from "./record.ts";
import type { EngineHost, EngineNode, InvariantStatus, LimitStatus, Obstacle, Out } from "./types.ts";

/** Asks the policy before anything starts, and tells it how nodes are. */
export interface Rules {
  readonly policy: Policy;
  setPolicy(policy: Policy): void;
  /** A node is there, for the first time. */
  join(record: NodeRecord, node: EngineNode): void;
  /** A node that was never known is gone. */
  gone(id: string): void;
  /** A node is gone. */
  leave(record: NodeRecord): void;
  /** Takes in how a node is, before anything of it is started. */
  assess(record: NodeRecord, node: EngineNode, plan: Plan): void;
  /** Whether a step of ours may start now; what it waits for where it may not. */
  ask(record: NodeRecord, node: EngineNode, step: Step): Obstacle | "queued" | undefined;
  /** Something disruptive is about to start. @returns False when that can't be written down, and it must not. */
  disrupt(record: NodeRecord, node: EngineNode): boolean;
  /** The look at a node is over. */
  seen(id: string): void;
  /** A mutation of ours is over. */
  ended(id: string, key: MutationKey): void;
  obstacle(record: NodeRecord, key: MutationKey): Obstacle | undefined;
  /** A node may have changed. */
  changed(id: string): void;
  limits(): LimitStatus[];
  invariants(): InvariantStatus[];
  stop(): void;
}

/**
 * Makes the rules of an engine: none, until a policy is set.
 *
 * @param records What the engine knows of its nodes.
 * @param wake Has a node looked at soon.
 */
export function createRules(
  host: EngineHost,
  clock: Clock,
  records: ReadonlyMap<string, NodeRecord>,
  wake: (id: string) => void,
): Rules {
  const admission = createAdmission(clock, wake);
  const brakes = createBrakes(wake);
  let policy = defaultPolicy;
  let hasBrakes = false;

  function keep(record: NodeRecord, reached: string, out: Out): void {
    if (record.reached === reached && record.out === out) return;
    record.reached = reached;
    record.out = out;
    host.checkpoints?.write(record.id, memoOf(record, clock));
  }

  const self: Rules = {
    get policy() {
      return policy;
    },
    setPolicy(next) {
      if (isDeepStrictEqual(next, policy)) return;
      policy = next;
      const all = [...records.values()];
      admission.setPolicy(
        next,
        all.map((record) => ({
          id: record.id,
          name: record.name,
          out: record.out,
          flying: [
            ...[...record.flights.values()].flatMap(({ step, controller }) => controller === undefined ? [] : [step]),
            ...(record.cleared === undefined ? [] : [record.cleared]),
          ],
          node: host.source.read(record.id),
        })),
      );
      brakes.setPolicy(next, all);
      hasBrakes = next.invariants.some(({ kind }) => kind === "brake");
      if (!hasBrakes) return;
      for (const id of host.source.nodes()) {
        self.changed(id);
        wake(id);
      }
    },
    join(record, node) {
      brakes.join(record.name);
      admission.join(record.id, node, record.out);
    },
    gone: brakes.seen,
    leave(record) {
      admission.leave(record.id, record.name);
      brakes.leave(record.id, record.name);
    },
    assess(record, node, plan) {
      const atGoal = plan.ok && plan.steps.length === 0;
      const disturbed = clock.now() < record.disturbedUntil || record.cleared !== undefined ||
        [...record.flights.values()].some(({ disruptive }) => disruptive);
      keep(
        record,
        atGoal ? node.target : record.reached,
        disturbed ? record.out : outNow(record.out, isInSync(node), atGoal),
      );
      record.unhealthy = !atGoal && record.reached === node.target;
      brakes.seen(record.id);
      admission.stand(record.id, node, record.out);
      if (hasBrakes) brakes.note(record.id, record.name, record.unhealthy);
    },
    ask(record, node, step) {
      const objection = (isDisruptive(step, node) ? brakes.objectsToDisruption(node) : undefined) ??
        (record.unhealthy && !isSensing(step, node) ? brakes.objectsToRepair(record.id, node) : undefined);
      if (objection !== undefined) return { kind: "invariant", ...objection };
      if (isDisruptive(step, node) && host.checkpoints?.isWritable() === false) return { kind: "store" };
      return admission.ask(record.id, node, step) ? undefined : "queued";
    },
    disrupt(record, node) {
      const cut = record.out === "NO" || record.out === "CUT";
      keep(record, record.reached, cut && !isInSync(node) ? "CUT" : "TAKEN");
      admission.stand(record.id, node, record.out);
      return host.checkpoints?.isWritable() !== false;
    },
    seen(id) {
      brakes.seen(id);
      admission.settle(id);
    },
    ended: admission.ended,
    obstacle(record, key) {
      const obstacle = record.waits.get(key);
      return obstacle === "queued" ? admission.obstacle(record.id, key) : obstacle;
    },
    changed(id) {
      if (!hasBrakes) return;
      const name = records.get(id)?.name ?? host.source.read(id)?.name;
      if (name !== undefined) brakes.changed(id, name);
    },
    limits: admission.limits,
    invariants: admission.invariants,
    stop: admission.stop,
  };
  return self;
}

/** What was done to a node, as of a look at it when nothing of that is at work any more. */
function outNow(out: Out, inSync: boolean, atGoal: boolean): Out {
  if (inSync || (atGoal && out === "CUT")) return "NO";
  return atGoal && out === "TAKEN" ? "AWAY" : out;
}
