import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import type { Step } from "../plan/mod.ts";
import type { InvariantRefusal } from "./blocker.ts";
import { isDisruptive, isSensing } from "./disruption.ts";
import { createLimitAdmission } from "./limits/admission.ts";
import { createBrakes } from "./limits/brakes.ts";
import { blockerOf, hasToWait, invariantStatuses, limitStatuses, placesFor } from "./limits/reading.ts";
import type { EngineNode, Out } from "./node.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import type { NodeRecord, Wait } from "./record.ts";
import type { Outlook, PlaceRequest } from "./rules.ts";
import type { InvariantStatus, LimitStatus } from "./types.ts";
import type { NodeSource } from "./host.ts";

/** The limits, invariants and brakes of an engine, which are asked and kept informed. */
export interface RuleBook extends Outlook {
  readonly policy: Policy;
  setPolicy(policy: Policy): void;
  /** See `Rules.refusalOf`. */
  refusalOf(request: PlaceRequest): InvariantRefusal | undefined;
  limits(): LimitStatus[];
  invariants(): InvariantStatus[];
  /** Reports a node that is seen for the first time. */
  join(record: NodeRecord, node: EngineNode): void;
  /** Reports that a node no longer exists. */
  leave(record: NodeRecord): void;
  /** Reports that a node may have changed. */
  changed(id: string): void;
  /** Reports that the look at a node is over, or that an unknown node no longer exists. */
  seen(id: string): void;
  /** Reports the state of a node, and what was done to it. */
  assess(id: string, node: EngineNode, out: Out, unhealthy: boolean): void;
  /** Takes the places of a step that no rule refuses. */
  acquire(id: string, node: EngineNode, step: Step, out: Out): void;
  release(id: string, mutation: string): void;
  /** Puts a node into the queues of exactly these waits. */
  wait(id: string, node: EngineNode, waits: readonly Wait[], out: Out): void;
  stop(): void;
}

/**
 * Creates a rule book without rules.
 *
 * @param source The nodes.
 * @param clock Times rates and queues.
 * @param records What the engine knows about its nodes.
 * @param wake Schedules a look at a node.
 */
export function createRuleBook(
  source: NodeSource,
  clock: Clock,
  records: ReadonlyMap<string, NodeRecord>,
  wake: (id: string) => void,
): RuleBook {
  const admission = createLimitAdmission(clock, wake);
  const brakes = createBrakes(wake);
  let policy = defaultPolicy;
  let hasBrakes = false;

  const self: RuleBook = {
    get policy() {
      return policy;
    },
    setPolicy(next) {
      if (isDeepStrictEqual(next, policy)) return;
      policy = next;
      const all = [...records.values()];
      admission.setPolicy(
        next,
        all.map(({ id, name, out, executions, approved }) => {
          const ours = [...executions.values()].flatMap(({ step, isOurs }) => isOurs ? [step] : []);
          return { id, name, out, running: approved === undefined ? ours : [...ours, approved], node: source.read(id) };
        }),
      );
      brakes.setPolicy(next, all);
      hasBrakes = next.invariants.some(({ kind }) => kind === "brake");
      if (!hasBrakes) return;
      for (const id of source.nodes()) {
        self.changed(id);
        wake(id);
      }
    },
    refusalOf(request) {
      const { id, node, step, unhealthy } = request;
      const objection = (isDisruptive(step, node) ? brakes.objectsToDisruption(node) : undefined) ??
        (unhealthy && !isSensing(step, node) ? brakes.objectsToRepair(id, node) : undefined);
      if (objection !== undefined) return { kind: "invariant", ...objection };
      return hasToWait(admission.places, request, clock.now()) ? { kind: "queued" } : undefined;
    },
    blockerOf: (request, refusal) =>
      refusal.kind === "queued" ? blockerOf(admission.places, request, clock.now()) : refusal,
    placesOf: (request) => placesFor(admission.places, request),
    forbids: brakes.objectsToDisruption,
    limits: () => limitStatuses(admission.places, clock.now()),
    invariants: () => invariantStatuses(admission.places, clock.now()),
    join(record, node) {
      brakes.join(record.name);
      admission.join(record.id, node, record.out);
    },
    leave(record) {
      admission.leave(record.id, record.name);
      brakes.leave(record.id, record.name);
    },
    changed(id) {
      if (!hasBrakes) return;
      const name = records.get(id)?.name ?? source.read(id)?.name;
      if (name !== undefined) brakes.changed(id, name);
    },
    seen: brakes.seen,
    assess(id, node, out, unhealthy) {
      brakes.seen(id);
      admission.hold(id, node, out);
      if (hasBrakes) brakes.note(id, node.name, unhealthy);
    },
    acquire: admission.acquire,
    release: admission.release,
    wait(id, node, waits, out) {
      const queued: Step[] = [];
      for (const { step, refusal } of waits) {
        if (refusal.kind === "queued") queued.push(step);
        if (refusal.kind === "invariant") brakes.refused(id, refusal.invariant);
      }
      admission.wait(id, node, queued, out);
    },
    stop: admission.stop,
  };
  return self;
}
