import type { Clock, Random } from "../clock.ts";
import type { Blocker } from "./blocker.ts";
import { createCarrier } from "./carry_out.ts";
import { type Decision, isNews } from "./command.ts";
import { decide } from "./decide.ts";
import { executionOf } from "./execution.ts";
import { blockersOf, explain, imagine } from "./explain.ts";
import type { EngineStatus, Explanation } from "./explanation.ts";
import { createFleet, describeFleetHold } from "./fleet.ts";
import { createHandlers } from "./handlers.ts";
import type { EngineHost } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { defaultEngineOptions, type EngineOptions } from "./options.ts";
import type { Policy } from "./policy.ts";
import { type Preview, preview } from "./preview.ts";
import { createQueue } from "./queue.ts";
import type { NodeRecord } from "./record.ts";
import { createRuleBook } from "./rule_book.ts";
import type { Moment, Outlook, Rules } from "./rules.ts";
import { countNow, statusOf, UNKNOWN } from "./status.ts";
import { endAll, expire, fail, forgive, meet, returned, sight, withdraw } from "./transitions.ts";
import type { EngineCounts, FleetHold, InvariantStatus, KeptHold, LimitStatus } from "./types.ts";
import { every } from "../toolkit/mod.ts";

/** Reconciles nodes: diff, plan, mutate, observe. */
export interface Engine {
  /** Something about this node changed, or may have: look at it soon. */
  touch(id: string): void;
  /** Look at every node, for instance after a thaw. */
  touchAll(): void;
  status(id: string): EngineStatus;
  /** Every step that is left, and what it waits for; undefined when there is no such node. */
  explain(id: string): Explanation | undefined;
  /** Tells what would be done about a node if it were like this: with another cfg, say. It need not be there. */
  preview(id: string, node: EngineNode): Preview;
  counts(): EngineCounts;
  /** Replaces limits, invariants and brakes. What is in flight goes on, and counts; who waits keeps its turn. */
  setPolicy(policy: Policy): void;
  /** Limits, with who waits at them. */
  limits(): LimitStatus[];
  /** Invariants with a bound, with who waits for them. */
  invariants(): InvariantStatus[];
  /** Lists what is held for the whole fleet. */
  holds(): FleetHold[];
  /** Lets everything that is held for the whole fleet be tried again. */
  release(): void;
  /** Forgets failures of a node, and what is held for the whole fleet in its way, so that it is tried again. */
  retry(id: string): void;
  /** Aborts what runs and ends every timer. */
  stop(): void;
}

const TURN: Blocker = { kind: "turn" };

/** In place of a random number where nothing comes of it. */
const UNDRAWN = 0.5;

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
      keepHolds();
      touchAll(); // it is for every node to see
    },
    onFound(id) {
      change(id, (record) => ({ ...record, searching: false }));
      if (records.has(id)) touch(id);
    },
  });
  let begun = 0;
  const cancelResync = every(clock, all.resync, touchAll);
  let stopped = false;

  /** @param chance A random number; the same for what is only thought of. */
  function moment(chance = random()): Moment {
    const isWritable = checkpoints?.isWritable() !== false;
    const isDeaf = source.isDeaf?.() === true;
    return { now: clock.now(), wall: clock.wall(), chance, begun, isWritable, isDeaf };
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
    const decision = endAll(record, why, rules, moment());
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

  /** Finds the record of a node, or makes the one that it would have once it is looked at. */
  function recordOf(id: string, node: EngineNode): NodeRecord {
    return records.get(id) ?? meet(id, node, keptOf(id), rules, moment(UNDRAWN)).record;
  }

  /** Claims nothing that is not done yet: a node about which something new is decided is being worked on. */
  function status(id: string): EngineStatus {
    const known = records.get(id);
    const isDue = known === undefined || queue.has(id);
    const node = isDue || known.waits.length > 0 ? source.read(id) : undefined;
    const find = node === undefined ? () => TURN : blockersOf(node, rules);
    const before = known === undefined ? UNKNOWN : statusOf(known, find, clock.now());
    if (!isDue || node === undefined) return before;
    const { decision } = imagine(recordOf(id, node), node, rules, moment(UNDRAWN));
    if (!isNews(decision)) return statusOf(decision.record, find, clock.now());
    return before.phase === "working" ? before : { ...UNKNOWN, running: before.running };
  }

  return {
    touch,
    touchAll,
    status,
    explain(id) {
      const node = source.read(id);
      if (node === undefined) return undefined;
      const { phase, reason } = status(id);
      const { reason: _, ...explanation } = explain(recordOf(id, node), node, rules, moment(UNDRAWN));
      return { ...explanation, phase, ...(reason !== undefined && { reason }) };
    },
    preview(id, node) {
      const { frozen, frozenWhy } = source.read(id) ?? node;
      const isKept = frozen === "everything" || frozen === "moved"; // no change of a node lifts that
      const asked = isKept ? { ...node, frozen, ...(frozenWhy !== undefined && { frozenWhy }) } : node;
      return preview(recordOf(id, node), asked, rules, moment(UNDRAWN));
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
