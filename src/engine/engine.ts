import type { Clock, Random } from "../clock.ts";
import { createFlights } from "./flights.ts";
import { createLedger } from "./ledger.ts";
import { createQueue } from "./queue.ts";
import { createReconcile } from "./reconcile.ts";
import { createRecord, type NodeRecord } from "./record.ts";
import { statusOf } from "./status.ts";
import type { Engine, EngineHost, EngineNode, EngineOptions } from "./types.ts";

/** How an engine behaves where nothing else is asked for. */
export const defaultEngineOptions: EngineOptions = {
  maxAttempts: 5,
  backoffBase: 1000,
  backoffCap: 300_000,
  settle: 60_000,
  resync: 60_000,
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
  const ledger = createLedger(host, clock, random, all, () => void counts.failures++);
  const run = Math.floor(random() * Number.MAX_SAFE_INTEGER).toString(36);
  const flights = createFlights(host, clock, ledger, run, countStart, queue.add);
  const reconcile = createReconcile(host, clock, ledger, flights, () => void counts.plans++, queue.add);
  let cancelResync = clock.after(all.resync, resync);
  let stopped = false;

  function countStart(again: boolean): void {
    counts.mutations++;
    if (again) counts.retries++;
  }

  function look(id: string): void {
    const node = host.read(id);
    if (node === undefined) forget(id);
    else reconcile(recall(id, node), node);
  }

  function recall(id: string, node: EngineNode): NodeRecord {
    const known = records.get(id);
    if (known !== undefined) return known;
    const record = createRecord(id, node);
    records.set(id, record);
    ledger.restore(record);
    return record;
  }

  function forget(id: string): void {
    const record = records.get(id);
    if (record === undefined) return;
    records.delete(id);
    end(record, "The node is gone");
  }

  function end(record: NodeRecord, why: string): void {
    record.ended = true;
    record.cancelRetry?.();
    record.cancelRetry = undefined;
    flights.abortAll(record, why);
  }

  function touchAll(): void {
    for (const id of host.nodes()) queue.add(id);
    for (const id of records.keys()) queue.add(id); // some may be gone
  }

  function resync(): void {
    cancelResync = clock.after(all.resync, resync);
    touchAll();
  }

  return {
    touch: queue.add,
    touchAll,
    status(id) {
      const status = statusOf(records.get(id));
      // What was converged at the last look need not be so any more: a change that waits to be looked at may say else.
      const node = status.phase === "converged" && queue.has(id) ? host.read(id) : undefined;
      const plan = node?.planner.plan(node);
      if (plan === undefined || (plan.ok && plan.steps.length === 0)) return status;
      return { phase: "working", reason: "Not looked at yet", running: status.running };
    },
    counts: () => ({ ...counts }),
    retry(id) {
      const node = stopped ? undefined : host.read(id);
      if (node === undefined) return;
      ledger.clear(recall(id, node), "Someone asked to try again");
      queue.add(id);
    },
    stop() {
      stopped = true;
      queue.stop();
      cancelResync();
      for (const record of records.values()) end(record, "The engine stops");
      records.clear();
    },
  };
}
