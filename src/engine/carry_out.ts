import type { Clock } from "../clock.ts";
import type { EngineCommand } from "./command.ts";
import { describeFleetHold, type Fleet } from "./fleet.ts";
import type { Handlers } from "./handlers.ts";
import type { EngineHost } from "./host.ts";
import type { EngineNode } from "./node.ts";
import type { NodeRecord } from "./record.ts";
import type { RuleBook } from "./rule_book.ts";
import type { EngineCounts } from "./types.ts";

/** The parts that carry out commands. */
export interface CarrierParts {
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly handlers: Handlers;
  readonly book: RuleBook;
  readonly fleet: Fleet;
  readonly counts: { -readonly [K in Exclude<keyof EngineCounts, "late" | "waiting">]: number };
  /** Schedules a look at a node. */
  touch(id: string): void;
  /** Called when a mutation is held for the whole fleet. */
  onFleetHold(): void;
  /** Called when the plan that a node waits for has been found. */
  onFound(id: string): void;
}

/** Carries out commands: the only place where a decision has effects. */
export interface Carrier {
  /**
   * Carries out one command.
   *
   * @param record The node's record after the decision.
   * @param node The node that was decided about; undefined if it no longer exists.
   * @param command The command.
   */
  carryOut(record: NodeRecord, node: EngineNode | undefined, command: EngineCommand): void;
}

/** Creates a carrier from its `parts`. */
export function createCarrier(parts: CarrierParts): Carrier {
  const { host, clock, handlers, book, fleet, counts } = parts;
  const looks = new Map<string, () => void>();

  function lookAt(id: string, at: number | undefined): void {
    looks.get(id)?.();
    looks.delete(id);
    if (at === undefined) return;
    const cancel = clock.after(at - clock.now(), () => {
      looks.delete(id);
      parts.touch(id);
    });
    looks.set(id, cancel);
  }

  function countFailure(mutation: string, reason: string | undefined, node: EngineNode | undefined): void {
    counts.failures++;
    if (reason === undefined || node === undefined) return;
    const hold = fleet.fail(mutation, node, reason, clock.now());
    if (hold === undefined) return;
    host.journal.log({ node: "", kind: "held", mutation, why: describeFleetHold(hold) });
    parts.onFleetHold();
  }

  return {
    carryOut(record, node, command) {
      const { id } = record;
      switch (command.kind) {
        case "acquire":
          return node && book.acquire(id, node, command.step, command.out);
        case "release":
          return book.release(id, command.mutation);
        case "start":
          counts.mutations++;
          if (command.again) counts.retries++;
          return handlers.start(id, command.execution);
        case "await":
          return handlers.await(id, command.execution);
        case "extend":
          return handlers.extend(id, command.execution);
        case "end":
          handlers.end(record, command.execution, command.why);
          host.journal.timed?.(command.execution.step.key, clock.now() - command.execution.since, command.outcome);
          return command.execution.isOurs ? book.release(id, command.execution.step.key) : undefined;
        case "discover":
          return host.executor.discover(id, command.url, command.value);
        case "approve":
          return host.executor.approve?.(id, command.mutation);
        case "remember":
          return host.checkpoints?.write(id, command.checkpoint);
        case "hold":
          return host.journal.hold(id, command.stuck);
        case "countFailure":
          return countFailure(command.mutation, command.reason, node);
        case "countSuccess":
          return node && fleet.succeed(command.mutation, node);
        case "countPlan":
          return void counts.plans++;
        case "assess":
          return node && book.assess(id, node, command.out, command.unhealthy);
        case "wait":
          return node && book.wait(id, node, command.waits, record.out);
        case "search":
          return void node?.planner.found(command.question).then(() => parts.onFound(id));
        case "look":
          return parts.touch(id);
        case "lookAt":
          return lookAt(id, command.at);
        case "log":
          return host.journal.log(command.event);
        default:
          return command satisfies never;
      }
    },
  };
}
