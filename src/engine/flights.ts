import type { Clock } from "../clock.ts";
import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { Fleet } from "./fleet.ts";
import { isDisruptive } from "./disruption.ts";
import type { Ledger } from "./ledger.ts";
import { progressOf } from "./progress.ts";
import { type Flight, type NodeRecord, withEntry, withoutEntry } from "./record.ts";
import type { EngineHost, EngineNode, EngineOptions, Failure, Obstacle } from "./types.ts";
import { failureOf, lateFailure } from "./verdict.ts";
import { describeReached, describeStart, describeTime } from "./words.ts";

/** The most that a timeout is put off for waits in the host's own queues, in milliseconds. */
const MAX_PUT_OFF = 3_600_000;

/** Starts mutations, and sees to it that each ends exactly once: done, failed or aborted. */
export interface Flights {
  /** Runs a step that is in our context; awaits one that is not. */
  start(record: NodeRecord, node: EngineNode, step: Step, plan: Plan): void;
  /** Ends what is done by the discovered values. @returns Its steps. */
  land(record: NodeRecord, node: EngineNode): Step[];
  /** Ends what is no longer wanted. */
  abort(record: NodeRecord, flight: Flight, why: string): void;
  /** Ends everything of a node. */
  abortAll(record: NodeRecord, why: string): void;
  /** The last run of a mutation whose handler has not returned, though it is over: it must not run beside itself. */
  unsettled(id: string, key: MutationKey): Obstacle | undefined;
  /** Waits for no handler any more. */
  stop(): void;
}

/** Whether it takes a node's agent to see that a step is done: its power alone is seen without one. */
function isShownByAgent({ context, changes }: Step): boolean {
  return context === "self" || Object.keys(changes).some((url) => url !== "/physState");
}

/** A handler that has not returned though its flight is over. */
interface Unsettled {
  readonly execution: string;
  readonly until: number;
  readonly cancel: () => void;
}

/**
 * Makes the flights of an engine.
 *
 * @param grace How long a handler that does not return holds up the next run of its mutation, in milliseconds.
 * @param run Names this run of the program: no two of its executions, nor of its restarts, have the same name.
 * @param onStart Called when a handler is run; with true when that mutation had failed before.
 * @param onEnd Called when one of our mutations is over.
 * @param touch Has a node looked at soon.
 */
export function createFlights(
  host: EngineHost,
  clock: Clock,
  ledger: Ledger,
  fleet: Fleet,
  { grace }: EngineOptions,
  run: string,
  onStart: (again: boolean) => void,
  onEnd: (id: string, key: MutationKey) => void,
  touch: (id: string) => void,
): Flights {
  let started = 0;

  const unsettled = new Map<string, Unsettled>();

  /** Takes a mutation out of flight. Its timer goes with it, whatever the end; its handler is told. */
  function remove(record: NodeRecord, flight: Flight, why: string): void {
    const { step, controller } = flight;
    flight.cancelTimeout();
    record.flights = withoutEntry(record.flights, step.key);
    if (controller === undefined) return;
    if (!flight.settled) awaitHandler(record, flight);
    controller.abort(new DOMException(why, "AbortError"));
    onEnd(record.id, step.key);
  }

  function awaitHandler(record: NodeRecord, { step, execution }: Flight): void {
    const run = `${record.id} ${step.key}`;
    const cancel = clock.after(grace, () => {
      unsettled.delete(run);
      const why = `The handler of execution ${execution} has not returned within ${describeTime(grace)} after its end`;
      host.journal.log({ node: record.name, kind: "overdue", mutation: step.key, why });
      touch(record.id);
    });
    unsettled.get(run)?.cancel();
    unsettled.set(run, { execution, until: clock.now() + grace, cancel });
  }

  function settle(record: NodeRecord, flight: Flight): void {
    flight.settled = true;
    const run = `${record.id} ${flight.step.key}`;
    const waited = unsettled.get(run);
    if (waited?.execution !== flight.execution) return;
    waited.cancel();
    unsettled.delete(run);
    touch(record.id);
  }

  function abort(record: NodeRecord, flight: Flight, why: string): void {
    disturb(record, flight);
    host.journal.log({ node: record.name, kind: "aborted", mutation: flight.step.key, why });
    remove(record, flight, why);
  }

  /** What was broken off may have been done all the same. */
  function disturb(record: NodeRecord, flight: Flight): void {
    if (flight.disruptive) record.disturbedUntil = clock.now() + grace;
  }

  function finish(record: NodeRecord, node: EngineNode, flight: Flight): void {
    const { step } = flight;
    host.journal.log({ node: record.name, kind: "done", mutation: step.key, why: describeReached(step) });
    remove(record, flight, "It is done");
    fleet.succeed(step.key, node);
    ledger.succeed(record, step);
  }

  /** A handler was rejected or the time is over. */
  function fail(record: NodeRecord, flight: Flight, failure: Failure): void {
    const { step, controller } = flight;
    if (record.flights.get(step.key) !== flight) return; // it has ended otherwise
    touch(record.id); // also when what is discovered below is there already
    const node = host.source.read(record.id);
    if (node !== undefined && progressOf(step, node.planner.domain.schema, node.view) === "done") {
      return finish(record, node, flight); // seen just now, and not looked at yet
    }
    disturb(record, flight);
    remove(record, flight, failure.message);
    ledger.fail(record, step, failure);
    if (controller === undefined || failure.unavailable === true || failure.blameless === true) return;
    for (const [url, value] of Object.entries(step.failTo)) host.executor.discover(record.id, url, value);
  }

  /** What stands in a queue of the host's own is not late. @returns Ends that. */
  function queue(record: NodeRecord, flight: Flight): () => void {
    const { since, step } = flight;
    const latest = since + step.timeout + MAX_PUT_OFF;
    if (flight.queued++ === 0) flight.queuedAt = clock.now();
    failAt(record, flight, latest);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      if (--flight.queued > 0) return;
      flight.deadline = Math.min(flight.deadline + clock.now() - flight.queuedAt, latest);
      failAt(record, flight, flight.deadline);
    };
  }

  /** Has a flight fail at a time, unless it has ended by then. */
  function failAt(record: NodeRecord, flight: Flight, time: number): void {
    flight.cancelTimeout();
    if (record.flights.get(flight.step.key) !== flight) return;
    flight.cancelTimeout = clock.after(time - clock.now(), () => {
      // An agent that can't be heard may have done it: it gets its time anew.
      if (host.source.isDeaf?.() === true && isShownByAgent(flight.step)) {
        flight.deadline = clock.now() + flight.step.timeout;
        return failAt(record, flight, flight.deadline);
      }
      fail(record, flight, lateFailure(flight, clock.now()));
    });
  }

  /** What the handler of a flight may tell, as long as that is in flight. */
  function reportsOf(record: NodeRecord, flight: Flight): Reports {
    const isOver = () => record.flights.get(flight.step.key) !== flight;
    return {
      queued: () => queue(record, flight),
      saw: (sighting) => void (flight.seen = { ...sighting, at: clock.now() }),
      note(why) {
        if (!isOver()) host.journal.log({ node: record.name, kind: "noted", mutation: flight.step.key, why });
      },
    };
  }

  async function handle(record: NodeRecord, flight: Flight, controller: AbortController): Promise<void> {
    try {
      await host.executor.run(record.id, flight.step, flight.execution, controller.signal, reportsOf(record, flight));
      settle(record, flight);
    } catch (error) {
      settle(record, flight);
      fail(record, flight, failureOf(error));
    }
  }

  return {
    start(record, node, step, plan) {
      const controller = step.context === host.role ? new AbortController() : undefined;
      const flight: Flight = {
        step,
        execution: `${run}-${++started}`,
        since: clock.now(),
        controller,
        disruptive: controller !== undefined && isDisruptive(step, node),
        settled: false,
        deadline: clock.now() + step.timeout,
        queued: 0,
        queuedAt: 0,
        cancelTimeout: () => {},
        seen: undefined,
      };
      record.flights = withEntry(record.flights, step.key, flight);
      failAt(record, flight, flight.deadline);
      record.worked = true;
      const attempts = record.failures.get(step.key)?.attempts ?? 0;
      const why = describeStart(step, node, plan) +
        (attempts === 0 ? "" : `; failed ${attempts} ${attempts === 1 ? "time" : "times"} before`);
      const kind = controller === undefined ? "awaited" : attempts === 0 ? "started" : "retry";
      host.journal.log({ node: record.name, kind, mutation: step.key, why });
      if (controller === undefined) return;
      onStart(attempts > 0);
      void handle(record, flight, controller);
    },
    land(record, node) {
      if (record.flights.size === 0) return [];
      const done = [...record.flights.values()].filter((flight) =>
        progressOf(flight.step, node.planner.domain.schema, node.view) === "done"
      );
      for (const flight of done) finish(record, node, flight);
      return done.map((flight) => flight.step);
    },
    abort,
    abortAll(record, why) {
      for (const flight of [...record.flights.values()]) abort(record, flight, why);
    },
    unsettled(id, key) {
      const run = unsettled.get(`${id} ${key}`);
      return run === undefined ? undefined : { kind: "unsettled", execution: run.execution, until: run.until };
    },
    stop() {
      for (const { cancel } of unsettled.values()) cancel();
      unsettled.clear();
    },
  };
}
