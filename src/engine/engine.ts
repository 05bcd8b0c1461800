import type { Clock, Random } from "../clock.ts";
import { explainNode } from "./explain.ts";
import { createFleet, describeFleetHold } from "./fleet.ts";
import { createFlights } from "./flights.ts";
import { createLedger } from "./ledger.ts";
import { createQueue } from "./queue.ts";
import { createReconcile } from "./reconcile.ts";
import { createRecord, type NodeRecord } from "./record.ts";
import { createRules } from "./rules.ts";
import { countNow, statusOf } from "./status.ts";
import type { Engine, EngineHost, EngineNode, EngineOptions, EngineStatus, FleetHold, KeptHold } from "./types.ts";

/** How an engine behaves where nothing else is asked for. */
export const defaultEngineOptions: EngineOptions = {
  maxAttempts: 5,
  backoffBase: 1000,
  backoffCap: 300_000,
  settle: 60_000,
  resync: 60_000,
  grace: 30_000,
  slice: 10,
};

/**
 * Makes an engine. It is level-triggered: whatever happened to a node, a look at it compares what is wanted with what is
 * seen and acts on the difference. It looks at nothing before the host touches nodes, or the first resync comes.
 */
export function createEngine(
  host: EngineHost,
  deps: { readonly clock: Clock; readonly random: Random },
  options: Partial<EngineOptions> = {},
): Engine {
  const { clock, random } = deps;
  const all: EngineOptions = { ...defaultEngineOptions, ...options };
  const counts = { plans: 0, mutations: 0, retries: 0, failures: 0 };
  const records = new Map<string, NodeRecord>();
  const queue = createQueue(clock, all.slice, look);
  const rules = createRules(host, clock, records, queue.add);
  const fleet = createFleet(() => rules.policy.failuresInARow, (host.fleet?.kept() ?? []).map(fromKept));
  const ledger = createLedger(host, clock, random, all, fleet, countFailure);
  const run = Math.floor(random() * Number.MAX_SAFE_INTEGER).toString(36);
  const flights = createFlights(host, clock, ledger, fleet, all, run, countStart, rules.ended, touch);
  const reconcile = createReconcile(host, clock, ledger, flights, fleet, rules, () => void counts.plans++, queue.add);
  let cancelResync = clock.after(all.resync, resync);
  let stopped = false;

  function countStart(again: boolean): void {
    counts.mutations++;
    if (again) counts.retries++;
  }

  /** A fleet-wide hold is for every node to see. */
  function countFailure(fleetHold: boolean): void {
    counts.failures++;
    if (!fleetHold) return;
    keepHolds();
    touchAll();
  }

  function keepHolds(): void {
    const ahead = clock.wall() - clock.now();
    host.fleet?.keep(fleet.holds().map(({ since, ...hold }) => ({ ...hold, heldAt: since + ahead })));
  }
  function fromKept({ heldAt, ...hold }: KeptHold): FleetHold {
    return { ...hold, since: clock.now() - Math.max(0, clock.wall() - heldAt) };
  }

  function touch(id: string): void {
    rules.changed(id);
    queue.add(id);
  }

  function look(id: string): void {
    const node = host.source.read(id);
    if (node === undefined) return forget(id);
    reconcile(recall(id, node), node);
    rules.seen(id);
  }

  function recall(id: string, node: EngineNode): NodeRecord {
    const known = records.get(id);
    if (known !== undefined) return known;
    const record = createRecord(id, node, host.checkpoints?.read(id));
    records.set(id, record);
    rules.join(record, node);
    ledger.restore(record);
    return record;
  }

  function forget(id: string): void {
    const record = records.get(id);
    if (record === undefined) return rules.gone(id);
    records.delete(id);
    end(record, "The node is gone");
    rules.leave(record);
  }

  function end(record: NodeRecord, why: string): void {
    record.ended = true;
    record.cancelRetry?.();
    record.cancelRetry = undefined;
    flights.abortAll(record, why);
    if (record.cleared !== undefined) rules.ended(record.id, record.cleared.key);
  }

  function touchAll(): void {
    for (const id of host.source.nodes()) touch(id);
    for (const id of records.keys()) touch(id); // some may be gone
  }

  function resync(): void {
    cancelResync = clock.after(all.resync, resync);
    touchAll();
  }

  function release(holds: readonly FleetHold[]): void {
    for (const hold of holds) {
      const why = `Someone asked to try again: ${describeFleetHold(hold)}`;
      host.journal.log({ node: "", kind: "released", mutation: hold.mutation, why });
    }
    if (holds.length === 0) return;
    keepHolds();
    touchAll();
  }

  function status(id: string): EngineStatus {
    const status = statusOf(records.get(id), rules.obstacle, clock.now());
    // What was converged at the last look need not be so any more: a change that waits to be looked at may say else.
    const node = status.phase === "converged" && queue.has(id) ? host.source.read(id) : undefined;
    const plan = node?.planner.plan(node);
    if (plan === undefined || (plan.ok && plan.steps.length === 0)) return status;
    return { phase: "working", reason: "Not looked at yet", running: status.running };
  }

  return {
    touch,
    touchAll,
    status,
    explain(id) {
      const node = host.source.read(id);
      if (node === undefined) return undefined;
      return explainNode(node, records.get(id), status(id), host.role, rules.obstacle, clock.now());
    },
    counts: () => ({ ...counts, ...countNow(records.values(), clock.now()) }),
    setPolicy(policy) {
      // What was done to nodes before a restart counts from the first moment on.
      for (const id of policy.invariants.length > 0 ? host.source.nodes() : []) {
        const node = host.source.read(id);
        if (node !== undefined) recall(id, node);
      }
      rules.setPolicy(policy);
    },
    limits: rules.limits,
    invariants: rules.invariants,
    holds: fleet.holds,
    release: () => release(fleet.release()),
    retry(id) {
      const node = stopped ? undefined : host.source.read(id);
      if (node === undefined) return;
      const record = recall(id, node);
      const plan = record.plan ?? node.planner.plan(node);
      release(fleet.release((plan.ok ? plan.steps : []).flatMap(({ key }) => fleet.holdOf(key, node) ?? [])));
      ledger.clear(record, "Someone asked to try again");
      touch(id);
    },
    stop() {
      stopped = true;
      queue.stop();
      cancelResync();
      for (const record of records.values()) end(record, "The engine stops");
      flights.stop();
      rules.stop();
      records.clear();
    },
  };
}
