import type { Clock } from "../clock.ts";
import type { Plan, Step } from "../plan/mod.ts";
import { failureOf } from "./failures.ts";
import type { Ledger } from "./ledger.ts";
import { progressOf } from "./progress.ts";
import type { Flight, NodeRecord } from "./record.ts";
import type { EngineHost, EngineNode, Failure } from "./types.ts";
import { describeReached, describeStart, describeTime } from "./words.ts";

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
}

/**
 * Makes the flights of an engine.
 *
 * @param run Names this run of the program: no two of its executions, nor of its restarts, have the same name.
 * @param onStart Called when a handler is run; with true when that mutation had failed before.
 * @param touch Has a node looked at soon.
 */
export function createFlights(
  host: EngineHost,
  clock: Clock,
  ledger: Ledger,
  run: string,
  onStart: (again: boolean) => void,
  touch: (id: string) => void,
): Flights {
  let started = 0;

  /** Takes a mutation out of flight. Its timer goes with it, whatever the end. */
  function remove(record: NodeRecord, flight: Flight): void {
    flight.cancelTimeout();
    record.flights.delete(flight.step.key);
  }

  function abort(record: NodeRecord, flight: Flight, why: string): void {
    remove(record, flight);
    host.log({ node: record.name, kind: "aborted", mutation: flight.step.key, why });
    flight.controller?.abort(new DOMException(why, "AbortError"));
  }

  function finish(record: NodeRecord, flight: Flight): void {
    remove(record, flight);
    host.log({ node: record.name, kind: "done", mutation: flight.step.key, why: describeReached(flight.step) });
    ledger.succeed(record, flight.step);
  }

  /** A handler was rejected or the time is over. */
  function fail(record: NodeRecord, flight: Flight, failure: Failure): void {
    const { step, controller } = flight;
    if (record.flights.get(step.key) !== flight) return; // it has ended otherwise
    touch(record.id); // also when what is discovered below is there already
    const node = host.read(record.id);
    if (node !== undefined && progressOf(step, node.planner.domain.schema, node.view) === "done") {
      return finish(record, flight); // seen just now, and not looked at yet
    }
    remove(record, flight);
    ledger.fail(record, step, failure);
    if (controller === undefined) return;
    controller.abort(new DOMException(failure.message, "AbortError"));
    for (const [url, value] of Object.entries(step.failTo)) host.discover(record.id, url, value);
  }

  async function handle(record: NodeRecord, flight: Flight, controller: AbortController): Promise<void> {
    try {
      await host.run(record.id, flight.step, flight.execution, controller.signal);
    } catch (error) {
      fail(record, flight, failureOf(error));
    }
  }

  return {
    start(record, node, step, plan) {
      const controller = step.context === host.role ? new AbortController() : undefined;
      const late = `Timed out after ${describeTime(step.timeout)}`;
      const flight: Flight = {
        step,
        execution: `${run}-${++started}`,
        since: clock.now(),
        controller,
        cancelTimeout: clock.after(step.timeout, () => fail(record, flight, { message: late, retry: true })),
      };
      record.flights.set(step.key, flight);
      record.worked = true;
      const attempts = record.failures.get(step.key)?.attempts ?? 0;
      const why = describeStart(step, node, plan) + (attempts === 0 ? "" : `; failed ${attempts} times before`);
      const kind = controller === undefined ? "awaited" : attempts === 0 ? "started" : "retry";
      host.log({ node: record.name, kind, mutation: step.key, why });
      if (controller === undefined) return;
      onStart(attempts > 0);
      void handle(record, flight, controller);
    },
    land(record, node) {
      const done = [...record.flights.values()].filter((flight) =>
        progressOf(flight.step, node.planner.domain.schema, node.view) === "done"
      );
      for (const flight of done) finish(record, flight);
      return done.map((flight) => flight.step);
    },
    abort,
    abortAll(record, why) {
      for (const flight of [...record.flights.values()]) abort(record, flight, why);
    },
  };
}
