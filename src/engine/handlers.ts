import type { Clock } from "../clock.ts";
import type { MutationKey } from "../plan/mod.ts";
import type { Reports, Sighting } from "../reports.ts";
import { durationText } from "../toolkit/mod.ts";
import type { Executor } from "./host.ts";
import type { Execution } from "./record.ts";
import type { Unreturned } from "./rules.ts";
import type { StepFailure } from "./failure_record.ts";
import { failureOf } from "./verdict.ts";

/** The longest time by which waits in the host's own queues extend a timeout, in milliseconds. */
const MAX_PUT_OFF = 3_600_000;

/** A node with its name. */
export interface NodeName {
  readonly id: string;
  readonly name: string;
}

/** Events of an execution, from its handler and its timer. */
export interface HandlerEvents {
  returned(id: string, execution: Execution): void;
  failed(id: string, execution: Execution, failure: StepFailure): void;
  timeOver(id: string, execution: Execution): void;
  saw(id: string, execution: Execution, sighting: Sighting): void;
  noted(id: string, execution: Execution, why: string): void;
  /** A handler has not returned long after its execution ended. */
  overdue(node: NodeName, execution: Execution, why: string): void;
  /** A handler whose execution has ended has returned at last. */
  free(id: string): void;
}

/** Calls handlers, and times executions. */
export interface Handlers {
  /** Calls the handler of an execution of this program. */
  start(id: string, execution: Execution): void;
  /** Times an execution that another program runs. */
  await(id: string, execution: Execution): void;
  /** Restarts the timeout of an execution. */
  extend(id: string, execution: Execution): void;
  /** Ends an execution: stops its timer, and tells its handler why. */
  end(node: NodeName, execution: Execution, why: string): void;
  unreturnedOf(id: string, mutation: MutationKey): Unreturned | undefined;
  /** Stops waiting for handlers. */
  stop(): void;
}

/** The mutable part of an execution. */
interface Running {
  readonly controller: AbortController;
  /** When it times out, in clock milliseconds. */
  deadline: number;
  cancelTimeout: () => void;
  /** Number of its requests that wait in the host's own queues. */
  queued: number;
  /** When the first of them began to wait, in clock milliseconds. */
  queuedAt: number;
  hasReturned: boolean;
}

/**
 * Creates the handlers of an engine.
 *
 * @param executor Runs handlers.
 * @param clock Times executions.
 * @param grace How long a handler that does not return delays the next run of its mutation, in milliseconds.
 * @param events Called with what happens.
 */
export function createHandlers(executor: Executor, clock: Clock, grace: number, events: HandlerEvents): Handlers {
  /** By execution id. */
  const running = new Map<string, Running>();
  const unreturned = createUnreturnedHandlers(clock, grace, events.overdue);

  function begin(id: string, execution: Execution): Running {
    const { timeout } = execution.step;
    const run: Running = {
      controller: new AbortController(),
      deadline: clock.now() + timeout,
      cancelTimeout: () => {},
      queued: 0,
      queuedAt: 0,
      hasReturned: false,
    };
    running.set(execution.id, run);
    failAt(id, execution, run, run.deadline);
    return run;
  }

  function failAt(id: string, execution: Execution, run: Running, time: number): void {
    run.cancelTimeout();
    if (running.get(execution.id) !== run) return;
    run.cancelTimeout = clock.after(time - clock.now(), () => events.timeOver(id, execution));
  }

  /** Stops the timeout of an execution that waits in a queue of the host. @returns A function that restarts it. */
  function queue(id: string, execution: Execution, run: Running): () => void {
    const latest = execution.since + execution.step.timeout + MAX_PUT_OFF;
    if (run.queued++ === 0) run.queuedAt = clock.now();
    failAt(id, execution, run, latest);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      if (--run.queued > 0) return;
      run.deadline = Math.min(run.deadline + clock.now() - run.queuedAt, latest);
      failAt(id, execution, run, run.deadline);
    };
  }

  async function handle(id: string, execution: Execution, run: Running): Promise<void> {
    const reports: Reports = {
      queued: () => queue(id, execution, run),
      saw: (sighting) => events.saw(id, execution, sighting),
      note: (why) => events.noted(id, execution, why),
    };
    try {
      await executor.run(id, execution.step, execution.id, run.controller.signal, reports);
      markReturned(id, execution, run);
    } catch (error) {
      markReturned(id, execution, run);
      events.failed(id, execution, failureOf(error));
    }
  }

  function markReturned(id: string, execution: Execution, run: Running): void {
    run.hasReturned = true;
    events.returned(id, execution);
    if (unreturned.returned(id, execution)) events.free(id);
  }

  return {
    start: (id, execution) => void handle(id, execution, begin(id, execution)),
    await: (id, execution) => void begin(id, execution),
    extend(id, execution) {
      const run = running.get(execution.id);
      if (run === undefined) return;
      run.deadline = clock.now() + execution.step.timeout;
      failAt(id, execution, run, run.deadline);
    },
    end(node, execution, why) {
      const run = running.get(execution.id);
      if (run === undefined) return;
      running.delete(execution.id);
      run.cancelTimeout();
      if (!execution.isOurs) return;
      if (!run.hasReturned) unreturned.await(node, execution);
      run.controller.abort(new DOMException(why, "AbortError"));
    },
    unreturnedOf: unreturned.of,
    stop: unreturned.stop,
  };
}

/** Waits for handlers that have not returned when their execution ended: they delay the next run of their mutation. */
function createUnreturnedHandlers(clock: Clock, grace: number, overdue: HandlerEvents["overdue"]) {
  /** By node and mutation. */
  const waiting = new Map<string, Unreturned & { readonly cancel: () => void }>();
  const nameOf = (id: string, mutation: MutationKey): string => `${id} ${mutation}`;
  return {
    await(node: NodeName, execution: Execution): void {
      const name = nameOf(node.id, execution.step.key);
      const cancel = clock.after(grace, () => {
        waiting.delete(name);
        const after = `within ${durationText(grace)} after its end`;
        overdue(node, execution, `The handler of execution ${execution.id} has not returned ${after}`);
      });
      waiting.get(name)?.cancel();
      waiting.set(name, { execution: execution.id, until: clock.now() + grace, cancel });
    },
    /** @returns Whether it was waited for. */
    returned(id: string, execution: Execution): boolean {
      const name = nameOf(id, execution.step.key);
      const awaited = waiting.get(name);
      if (awaited?.execution !== execution.id) return false;
      awaited.cancel();
      return waiting.delete(name);
    },
    of(id: string, mutation: MutationKey): Unreturned | undefined {
      const found = waiting.get(nameOf(id, mutation));
      return found === undefined ? undefined : { execution: found.execution, until: found.until };
    },
    stop(): void {
      for (const { cancel } of waiting.values()) cancel();
      waiting.clear();
    },
  };
}
