import type { Clock, Random } from "../clock.ts";
import type { Blocker } from "./blocker.ts";
import { createCarrier } from "./carry_out.ts";
import { type Decision, isNews } from "./command.ts";
import { decide } from "./decide.ts";
import { executionOf } from "./execution.ts";
import { type Decided, explain } from "./explain.ts";
import type { EngineStatus } from "./explanation.ts";
import { createFleet, describeFleetHold } from "./fleet.ts";
import { createHandlers } from "./handlers.ts";
import type { EngineHost } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { createQueue } from "./queue.ts";
import type { NodeRecord } from "./record.ts";
import { createRuleBook } from "./rule_book.ts";
import type { Moment, Rules } from "./rules.ts";
import { countNow, type FindBlocker, statusOf, UNKNOWN } from "./status.ts";
import { expire, fail, forgive, letGo, meet, returned, sight, withdraw } from "./transitions.ts";
import type { Engine, EngineOptions, FleetHold, KeptHold } from "./types.ts";

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

const TURN: Blocker = { kind: "turn" };

/**
 * Makes an engine. It is level-triggered: whatever happened to a node, a look at it compares what is wanted with what is
 * seen, decides, and carries that out. It looks at nothing before the host touches nodes, or the first resync comes.
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
  const fleet = createFleet(() => book.policy.failuresInARow, (host.fleet?.kept() ?? []).map(fromKept));
  const handlers = createHandlers(host.executor, clock, all.grace, {
    returned: (id, execution) => change(id, (record) => returned(record, execution)),
    saw: (id, execution, sighting) => change(id, (record) => sight(record, execution, sighting, clock.now())),
    failed: (id, execution, failure) =>
      applyTo(id, (record, node) => fail(record, node, execution, failure, rules, moment())),
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
  const rules: Rules = {
    role: host.role,
    run: Math.floor(random() * Number.MAX_SAFE_INTEGER).toString(36),
    options: all,
    refusalOf: book.refusalOf,
    holdOf: fleet.holdOf,
    unreturnedOf: handlers.unreturnedOf,
  };
  const carrier = createCarrier({
    ...{ host, clock, handlers, book, fleet, counts, touch },
    onFleetHold() {
      keepHolds();
      touchAll(); // it is for every node to see
    },
    onFound(id) {
      change(id, (record) => ({ ...record, searching: false }));
      if (records.has(id)) touch(id);
    },
  });
  let begun = 0;
  let cancelResync = clock.after(all.resync, resync);
  let stopped = false;

  function moment(): Moment {
    const isWritable = checkpoints?.isWritable() !== false;
    const isDeaf = source.isDeaf?.() === true;
    return { now: clock.now(), wall: clock.wall(), chance: random(), begun, isWritable, isDeaf };
  }

  function look(id: string): void {
    const node = source.read(id);
    if (node === undefined) return forget(id);
    apply(node, decide(recall(id, node), node, rules, moment()));
    book.seen(id);
  }

  /** Takes a decision: first what is known from now on, then what is to be done. */
  function apply(node: EngineNode | undefined, { record, commands }: Decision): void {
    const { id } = record;
    records.set(id, record);
    if (commands.length === 0) return;
    for (const { kind } of commands) if (kind === "start" || kind === "await") begun++;
    for (const [place, command] of commands.entries()) {
      if (stopped || !records.has(id)) return; // what was just started may have stopped the engine
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
    end(record, "The node is gone");
    book.leave(record);
  }

  function end(record: NodeRecord, why: string): void {
    records.delete(record.id);
    const decision = letGo(record, why, rules, moment());
    for (const command of decision.commands) carrier.carryOut(decision.record, undefined, command);
  }

  function touch(id: string): void {
    book.changed(id);
    queue.add(id);
  }
  function touchAll(): void {
    for (const id of source.nodes()) touch(id);
    for (const id of records.keys()) touch(id); // some may be gone
  }
  function resync(): void {
    cancelResync = clock.after(all.resync, resync);
    touchAll();
  }

  function keepHolds(): void {
    const ahead = clock.wall() - clock.now();
    host.fleet?.keep(fleet.holds().map(({ since, ...hold }) => ({ ...hold, heldAt: since + ahead })));
  }
  function fromKept({ heldAt, ...hold }: KeptHold): FleetHold {
    return { ...hold, since: clock.now() - Math.max(0, clock.wall() - heldAt) };
  }
  function release(holds: readonly FleetHold[]): void {
    for (const hold of holds) {
      const why = `Someone asked to try again: ${describeFleetHold(hold)}`;
      journal.log({ node: "", kind: "released", mutation: hold.mutation, why });
    }
    if (holds.length === 0) return;
    keepHolds();
    touchAll();
  }

  /** Decides about a node as it is now, without consequences. */
  function imagine(id: string, node: EngineNode): Decided {
    const now = { ...momentToRead(), begun };
    const before = records.get(id) ?? meet(id, node, keptOf(id), rules, now).record;
    const decision = decide(before, node, rules, now);
    return { node, before, decision, role: host.role, find: findFor(node), now: now.now };
  }
  function momentToRead(): Omit<Moment, "begun"> {
    const isWritable = checkpoints?.isWritable() !== false;
    return { now: clock.now(), wall: clock.wall(), chance: 0.5, isWritable, isDeaf: source.isDeaf?.() === true };
  }
  function findFor(node: EngineNode): FindBlocker {
    return ({ id, out, unhealthy }, { step, refusal }) =>
      book.blockerOf({ id, node, step, out, unhealthy, taken: [] }, refusal);
  }

  function status(id: string): EngineStatus {
    const known = records.get(id);
    const node = known?.waits.length === 0 && !queue.has(id) ? undefined : source.read(id);
    if (node === undefined) return known === undefined ? UNKNOWN : statusOf(known, () => TURN, clock.now());
    if (known !== undefined && !queue.has(id)) return statusOf(known, findFor(node), clock.now());
    return statusAt(imagine(id, node));
  }
  /** What was not done yet is claimed by nobody: a node about which something new is decided is being worked on. */
  function statusAt({ before, decision, find, now }: Decided): EngineStatus {
    if (!isNews(decision)) return statusOf(decision.record, find, now);
    const known = statusOf(before, find, now);
    return known.phase === "working" ? known : { ...UNKNOWN, running: known.running };
  }

  return {
    touch,
    touchAll,
    status,
    explain(id) {
      const node = source.read(id);
      if (node === undefined) return undefined;
      const decided = imagine(id, node);
      const thawed = node.frozen === "no" ? decided : imagine(id, { ...node, frozen: "no" });
      return explain(thawed, node.frozen, statusAt(decided));
    },
    counts: () => ({ ...counts, ...countNow(records.values(), clock.now()) }),
    setPolicy(policy) {
      // What was done to nodes before a restart counts from the first moment on.
      for (const id of policy.invariants.length > 0 ? source.nodes() : []) {
        const node = source.read(id);
        if (node !== undefined) recall(id, node);
      }
      book.setPolicy(policy);
    },
    limits: book.limits,
    invariants: book.invariants,
    holds: fleet.holds,
    release: () => release(fleet.release()),
    retry(id) {
      const node = stopped ? undefined : source.read(id);
      if (node === undefined) return;
      const record = recall(id, node);
      const plan = record.plan ?? node.planner.plan(node);
      release(fleet.release((plan.ok ? plan.steps : []).flatMap(({ key }) => fleet.holdOf(key, node) ?? [])));
      apply(node, forgive(record, "Someone asked to try again", rules, moment()));
    },
    stop() {
      stopped = true;
      queue.stop();
      cancelResync();
      for (const record of [...records.values()]) end(record, "The engine stops");
      carrier.cancelLooks();
      handlers.stop();
      book.stop();
    },
  };
}
