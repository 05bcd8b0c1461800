import type { Clock, Random } from "../clock.ts";
import { createCarrier } from "./carry_out.ts";
import type { Decision } from "./command.ts";
import { decide, isAtRest } from "./decide.ts";
import { executionOf } from "./execution.ts";
import type { EngineStatus, Explanation } from "./explanation.ts";
import { createFleetHolds } from "./fleet_holds.ts";
import { createHandlers } from "./handlers.ts";
import type { EngineHost } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { defaultEngineOptions, type EngineOptions } from "./options.ts";
import type { Policy } from "./policy.ts";
import type { Preview } from "./preview.ts";
import { createQueue } from "./queue.ts";
import type { NodeRecord } from "./record.ts";
import { createRuleBook } from "./rule_book.ts";
import type { Moment, Outlook, Rules } from "./rules.ts";
import { createReader } from "./reader.ts";
import { countNow } from "./status.ts";
import { endAll, expire, failExecution, forgive, meet, returned, sight, withdraw } from "./transitions.ts";
import type { EngineCounts, FleetHold, InvariantStatus, LimitStatus } from "./types.ts";
import { every } from "../toolkit/mod.ts";

/** Brings nodes to their goals: compares, plans, acts, observes. */
export interface Engine {
  /** Reports that something about this node may have changed: the engine looks at it soon. */
  touch(id: string): void;
  /** Schedules a look at every node, for example after a thaw. */
  touchAll(): void;
  status(id: string): EngineStatus;
  /** Explains every remaining step and what it waits for; undefined if there is no such node. */
  explain(id: string): Explanation | undefined;
  /**
   * Returns what the engine would do if the node were like `node`, for example with another cfg. The node need not
   * exist.
   */
  preview(id: string, node: EngineNode): Preview;
  counts(): EngineCounts;
  /** Replaces limits, invariants and brakes. Executions continue and count; waiting nodes keep their turns. */
  setPolicy(policy: Policy): void;
  /** Lists limits, with the nodes that wait at them. */
  limits(): LimitStatus[];
  /** Lists invariants with a bound, with the nodes that wait for them. */
  invariants(): InvariantStatus[];
  /** Lists the fleet-wide holds. */
  holds(): FleetHold[];
  /** Ends all fleet-wide holds. */
  release(): void;
  /** Clears the failures of a node, and the fleet-wide holds in its way, so that the engine tries again. */
  retry(id: string): void;
  /** Aborts all executions and ends every timer. */
  stop(): void;
}

/** Used in place of a random number when the result is not used. */
const UNDRAWN = 0.5;

/**
 * Creates an engine. It is level-triggered: whatever happened to a node, a look at it compares cfg with the discovered
 * values, decides, and carries out the decision. It looks at nothing before the host calls `touch` or the first resync
 * is due.
 *
 * @param host Provides the nodes, and carries out what the engine decides.
 * @param deps The clock, and the source of random numbers for backoffs.
 * @param options Settings. Missing ones have the values of `defaultEngineOptions`.
 */
export function createEngine(
  host: EngineHost,
  deps: { readonly clock: Clock; readonly random: Random },
  options: Partial<EngineOptions> = {},
): Engine {
  const { clock, random } = deps;
  const { source, journal, checkpoints } = host;
  const all: EngineOptions = { ...defaultEngineOptions, ...options };
  const counts = { plans: 0, mutations: 0, retries: 0, failures: 0 };
  const records = new Map<string, NodeRecord>();
  const queue = createQueue(clock, all.slice, look);
  const book = createRuleBook(source, clock, records, queue.add);
  const holds = createFleetHolds(host, clock, () => book.policy.failuresInARow);
  const { fleet } = holds;
  const handlers = createHandlers(host.executor, clock, all.grace, {
    returned: (id, execution) => change(id, (record) => returned(record, execution)),
    saw: (id, execution, sighting) => change(id, (record) => sight(record, execution, sighting, clock.now())),
    failed: (id, execution, failure) =>
      applyTo(id, (record, node) => failExecution(record, node, execution, failure, rules, moment())),
    timeOver: (id, execution) => applyTo(id, (record, node) => expire(record, node, execution, rules, moment())),
    noted(id, execution, why) {
      const record = records.get(id);
      if (record === undefined || executionOf(record, execution) === undefined) return;
      journal.log({ node: record.name, kind: "noted", mutation: execution.step.key, why });
    },
    overdue({ id, name }, execution, why) {
      journal.log({ node: name, kind: "overdue", mutation: execution.step.key, why });
      touch(id);
    },
    free: touch,
  });
  const rules: Rules & Outlook = {
    role: host.role,
    run: Math.floor(random() * Number.MAX_SAFE_INTEGER).toString(36),
    options: all,
    refusalOf: book.refusalOf,
    placesOf: book.placesOf,
    forbids: book.forbids,
    blockerOf: book.blockerOf,
    holdOf: fleet.holdOf,
    unreturnedOf: handlers.unreturnedOf,
  };
  const carrier = createCarrier({
    ...{ host, clock, handlers, book, fleet, counts, touch },
    onFleetHold() {
      holds.keep();
      touchAll(); // every node depends on it
    },
    onFound(id) {
      change(id, (record) => ({ ...record, searching: false }));
      if (records.has(id)) touch(id);
    },
  });
  const reader = createReader({ source, records, rules, isDue: queue.has, now: () => moment(UNDRAWN), keptOf });
  let begun = 0;
  const cancelResync = every(clock, all.resync, touchAll);
  let stopped = false;

  /** @param chance A random number of at least 0, below 1; a fixed one for what is only imagined. */
  function moment(chance = random()): Moment {
    const isWritable = checkpoints?.isWritable() !== false;
    const isDeaf = source.isDeaf?.() === true;
    return { now: clock.now(), wall: clock.wall(), chance, begun, isWritable, isDeaf };
  }

  function look(id: string): void {
    const node = source.read(id);
    if (node === undefined) return forget(id);
    const record = recall(id, node);
    if (!isAtRest(record, node)) apply(node, decide(record, node, rules, moment()));
    book.seen(id);
  }

  /** Carries out a decision: first updates the record, then carries out the commands. */
  function apply(node: EngineNode | undefined, { record, commands }: Decision): void {
    const { id } = record;
    records.set(id, record);
    if (commands.length === 0) return;
    for (const { kind } of commands) if (kind === "start" || kind === "await") begun++;
    for (const [place, command] of commands.entries()) {
      if (stopped || !records.has(id)) return; // a command may have stopped the engine
      carrier.carryOut(record, node, command);
      if (command.kind !== "remember" || !command.required || checkpoints?.isWritable() !== false) continue;
      if (node === undefined) return;
      return apply(node, withdraw(records.get(id) ?? record, node, commands.slice(place + 1), rules, moment()));
    }
  }

  function applyTo(id: string, decideOn: (record: NodeRecord, node: EngineNode | undefined) => Decision): void {
    const record = records.get(id);
    if (record === undefined) return;
    const node = source.read(id);
    apply(node, decideOn(record, node));
  }

  function change(id: string, make: (record: NodeRecord) => NodeRecord): void {
    const record = records.get(id);
    if (record !== undefined) records.set(id, make(record));
  }

  function recall(id: string, node: EngineNode): NodeRecord {
    const known = records.get(id);
    if (known !== undefined) return known;
    const decision = meet(id, node, keptOf(id), rules, moment());
    book.join(decision.record, node);
    apply(node, decision);
    return decision.record;
  }
  function keptOf(id: string) {
    return { checkpoint: checkpoints?.read(id), stuck: journal.held(id) };
  }

  function forget(id: string): void {
    const record = records.get(id);
    if (record === undefined) return book.seen(id);
    end(record, "The node no longer exists");
    book.leave(record);
  }

  function end(record: NodeRecord, why: string): void {
    records.delete(record.id);
    const decision = endAll(record, why, rules, moment());
    for (const command of decision.commands) carrier.carryOut(decision.record, undefined, command);
  }

  function touch(id: string): void {
    book.changed(id);
    queue.add(id);
  }
  function touchAll(): void {
    for (const id of source.nodes()) touch(id);
    for (const id of records.keys()) touch(id); // some may no longer exist
  }
  return {
    touch,
    touchAll,
    status: reader.status,
    explain: reader.explain,
    preview: reader.preview,
    counts: () => ({ ...counts, ...countNow(records.values(), clock.now()) }),
    setPolicy(policy) {
      // What was done to nodes before a restart counts from the first moment.
      for (const id of policy.invariants.length > 0 ? source.nodes() : []) {
        const node = source.read(id);
        if (node !== undefined) recall(id, node);
      }
      book.setPolicy(policy);
    },
    limits: book.limits,
    invariants: book.invariants,
    holds: fleet.holds,
    release() {
      if (holds.release()) touchAll();
    },
    retry(id) {
      const node = stopped ? undefined : source.read(id);
      if (node === undefined) return;
      const record = recall(id, node);
      const plan = record.plan ?? node.planner.plan(node);
      const inTheWay = (plan.ok ? plan.steps : []).flatMap(({ key }) => fleet.holdOf(key, node) ?? []);
      if (holds.release(inTheWay)) touchAll();
      apply(node, forgive(record, "A person asked for a retry", rules, moment()));
    },
    stop() {
      stopped = true;
      queue.stop();
      cancelResync();
      for (const record of [...records.values()]) end(record, "The engine stops");
      handlers.stop();
      book.stop();
    },
  };
}
