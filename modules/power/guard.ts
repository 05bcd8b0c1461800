import { MistakeError, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import {
  type Ask,
  type ChangeOutcome,
  CredentialsError,
  type PowerChange,
  type PowerDriver,
  type Reading,
} from "./driver.ts";

/** The longest words of a controller that are passed on, in characters. */
const MAX_SAID = 400;

/** The result of one look at a controller. */
export interface Look extends Reading {
  /** True if there was no answer, or an unreadable one: `said` says why, and `power` is unknown. */
  readonly silent: boolean;
}

/** The outcome of an order: `lost` if there was no answer, so that it may have been carried out or not. */
export type OrderOutcome = ChangeOutcome | { readonly kind: "lost"; readonly said: string };

/**
 * A driver behind the rules that hold for each: a reading that fails proves nothing; an order whose answer is lost may
 * have been carried out; a refusal is not a failure of the machine. Its methods therefore reject only if another
 * request is pointless: with a `MistakeError`, a {@link CredentialsError}, or the signal's reason.
 */
export interface GuardedDriver {
  look(node: ModuleNode, ask: Ask): Promise<Look>;
  order(node: ModuleNode, change: PowerChange, ask: Ask): Promise<OrderOutcome>;
}

/** Wraps `driver` in these rules. */
export function guardDriver(driver: Pick<PowerDriver, "read" | "change">): GuardedDriver {
  return {
    async look(node, ask) {
      try {
        const { failed, ...reading } = await driver.read(node, ask);
        const task = failed === undefined ? {} : { failed: shorten(failed) };
        return { ...reading, said: shorten(reading.said), ...task, silent: false };
      } catch (error) {
        ask.signal.throwIfAborted();
        return { power: "unknown", said: shorten(wordsOf(judged(error))), silent: true };
      }
    },
    async order(node, change, ask) {
      try {
        return await driver.change(node, change, ask);
      } catch (error) {
        ask.signal.throwIfAborted();
        const said = shorten(wordsOf(judged(error)));
        return { kind: error instanceof UnavailableError ? "lost" : "refused", said };
      }
    },
  };
}

/**
 * Makes the request that must precede an order. The order itself has not been given yet, so it cannot be lost.
 *
 * @param work The request.
 * @returns The reason why the order cannot be given; undefined if it can.
 * @throws {CredentialsError} If the controller rejects the user or password.
 * @throws {Error} Any error of `work` but an `UnavailableError`, which means "later".
 */
export async function beforeOrder(work: () => Promise<ChangeOutcome>): Promise<ChangeOutcome | undefined> {
  try {
    const outcome = await work();
    return outcome.kind === "taken" ? undefined : outcome;
  } catch (error) {
    if (!(error instanceof UnavailableError) || error instanceof CredentialsError) throw error;
    return { kind: "later", said: error.message };
  }
}

/** Throws an error that makes another request pointless; a permanent error is a mistake in the node's settings. */
function judged(error: unknown): unknown {
  if (error instanceof CredentialsError || error instanceof MistakeError) throw error;
  if (error instanceof Error && error.name === "PermanentError") throw new MistakeError(error.message);
  return error;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** One line of limited length. */
function shorten(words: string): string {
  // deno-lint-ignore no-control-regex
  const line = words.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID - 3)}...` : line;
}
