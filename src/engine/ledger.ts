import type { Clock, Random } from "../clock.ts";
import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import { bindUrl, valueIn } from "../state/mod.ts";
import { type Memory, rememberFailure, rememberSuccess, restoreMemory, review } from "./failures.ts";
import { progressOf } from "./progress.ts";
import { describeFleetHold, type Fleet } from "./fleet.ts";
import { isFailure, memoOf, restoreFailure } from "./memo.ts";
import { type NodeRecord, withEntry, withoutEntry } from "./record.ts";
import type { EngineHost, EngineNode, EngineOptions, Failure } from "./types.ts";
import { describeFailure, describeTime } from "./words.ts";

/** Keeps the failure memory of nodes, and tells the host what is held. */
export interface Ledger {
  /** Takes over what failed in an earlier run of this program, and what it gave up, unless the node's target is another one by now. */
  restore(record: NodeRecord): void;
  /** Notes a failure. */
  fail(record: NodeRecord, step: Step, failure: Failure): void;
  /** Notes a success, whose lasting {@link Ledger.review} watches. */
  succeed(record: NodeRecord, step: Step): void;
  /** Takes a success back that the plan itself undoes, as it needs the mutation once more: that is no relapse. */
  expectAgain(record: NodeRecord, key: MutationKey): void;
  /** Forgets what has lasted; counts what has not lasted, and is needed again, as failed. */
  review(record: NodeRecord, node: EngineNode, plan: Plan, needed: ReadonlyMap<MutationKey, Step>): void;
  /** Forgets all failures of a node. */
  clear(record: NodeRecord, why: string): void;
}

/** Makes a ledger. `onFailure` is called for each failure that is noted, with true when it led to a hold of the fleet. */
export function createLedger(
  host: EngineHost,
  clock: Clock,
  random: Random,
  options: EngineOptions,
  fleet: Fleet,
  onFailure: (fleetHold: boolean) => void,
): Ledger {
  /** Tells the host what is held: one mutation, for as long as it is, then the next. */
  function show(record: NodeRecord): void {
    const held = [...record.failures.values()].filter((memory) => memory.held);
    const [first] = held;
    if (first?.key === record.shown || held.some((memory) => memory.key === record.shown)) return;
    record.shown = first?.key;
    if (first === undefined) return host.journal.hold(record.id, undefined);
    const { key: mutation, reason, attempts } = first;
    host.journal.hold(record.id, { mutation, reason, target: record.target, attempts });
  }

  function save(record: NodeRecord): void {
    host.checkpoints?.write(record.id, memoOf(record, clock));
  }

  function release(record: NodeRecord, memory: Memory, why: string): void {
    record.failures = withoutEntry(record.failures, memory.key);
    if (isFailure(memory)) save(record);
    if (memory.held) host.journal.log({ node: record.name, kind: "unstuck", mutation: memory.key, why });
  }

  /** What succeeded before this failure may be needed again because of it: one event counts once. */
  function excuse(record: NodeRecord): void {
    for (const key of record.failures.keys()) expectAgain(record, key);
  }

  function expectAgain(record: NodeRecord, key: MutationKey): void {
    const memory = record.failures.get(key);
    if (memory !== undefined) setMemory(record, { ...memory, reachedAt: undefined });
  }

  function fail(record: NodeRecord, step: Step, failure: Failure): void {
    const now = clock.now();
    excuse(record);
    const memory = rememberFailure(record.failures.get(step.key), step, failure, now, random, options);
    setMemory(record, memory);
    save(record);
    const entry = { node: record.name, mutation: step.key };
    host.journal.log({ ...entry, kind: "failed", why: describeFailure(memory, now, options) });
    if (memory.held) host.journal.log({ ...entry, kind: "stuck", why: memory.reason });
    show(record);
    onFailure(failure.outside !== true && failsForAll(record, step, failure));
  }

  /** Notes a failure for the whole fleet. @returns True when it is held there from now on. */
  function failsForAll(record: NodeRecord, step: Step, failure: Failure): boolean {
    const node = host.source.read(record.id);
    const hold = node === undefined
      ? undefined
      : fleet.fail(step.key, node, failure.summary ?? failure.message, clock.now());
    if (hold === undefined) return false;
    host.journal.log({ node: "", kind: "held", mutation: step.key, why: describeFleetHold(hold) });
    return true;
  }

  /** Goes on with the backoffs of an earlier run. */
  function restoreFailures(record: NodeRecord): void {
    const failed = host.checkpoints?.read(record.id)?.failed;
    if (failed === undefined) return;
    if (failed.target !== record.target) return save(record);
    for (const kept of failed.mutations) {
      setMemory(record, restoreFailure(kept, clock, options.backoffCap));
    }
  }

  return {
    restore(record) {
      restoreFailures(record);
      const stuck = host.journal.held(record.id);
      if (stuck === undefined) return;
      if (stuck.target === record.target) {
        if (!record.failures.has(stuck.mutation)) {
          setMemory(record, restoreMemory(stuck, clock.now()));
        }
        record.shown = stuck.mutation;
        return;
      }
      host.journal.hold(record.id, undefined);
      const why = "Its cfg has changed since it was given up";
      host.journal.log({ node: record.name, kind: "unstuck", mutation: stuck.mutation, why });
    },
    fail,
    succeed(record, step) {
      setMemory(record, rememberSuccess(record.failures.get(step.key), step, clock.now()));
    },
    expectAgain,
    review(record, node, plan, needed) {
      const { schema } = node.planner.domain;
      const atGoal = plan.ok && plan.steps.length === 0;
      for (const key of newestFirst(record.failures)) {
        const memory = record.failures.get(key);
        if (memory === undefined) continue;
        const step = needed.get(memory.key) ?? memory.step;
        const reached = atGoal || (step !== undefined && progressOf(step, schema, node.view) === "done");
        const result = review(memory, needed.get(memory.key), reached, clock.now(), options.settle);
        switch (result.kind) {
          case "keep":
            setMemory(record, result.memory);
            break;
          case "forget":
            release(record, memory, `What it changes has lasted ${describeTime(options.settle)}`);
            break;
          case "relapsed":
            if (step === undefined) break;
            if (isConsequence(step, node)) expectAgain(record, step.key);
            else fail(record, step, { message: "Did not last", retry: true });
            break;
        }
      }
      show(record);
    },
    clear(record, why) {
      for (const memory of [...record.failures.values()]) release(record, memory, why);
      show(record);
    },
  };
}

/**
 * Tells whether what a step had changed is lost only because it can't be known any more: what made it unknown is to blame. A
 * service did not fail because its node went down.
 */
function isConsequence(step: Step, node: EngineNode): boolean {
  const { schema, conditions } = node.planner.domain;
  return Object.keys(step.changes).every((url) => {
    const found = schema.find(url);
    if (found === undefined || node.view.has(url)) return false;
    const condition = conditions.get(found.pattern) ?? {};
    return Object.entries(condition).some(([other, value]) =>
      valueIn(schema, node.view, bindUrl(other, found.bindings)) !== value
    );
  });
}

function setMemory(record: NodeRecord, memory: Memory): void {
  record.failures = withEntry(record.failures, memory.key, memory);
}

/** What succeeded last comes first: of successes that are lost at once it is the one that did not last. */
function newestFirst(failures: ReadonlyMap<MutationKey, Memory>): MutationKey[] {
  return [...failures.values()].sort((a, b) => (b.reachedAt ?? 0) - (a.reachedAt ?? 0)).map((memory) => memory.key);
}
