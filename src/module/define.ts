import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ModuleDeclaration } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { Bindings, Value, Values } from "../state/mod.ts";

/** One node as a module sees it. */
export interface ModuleNode {
  readonly id: string;
  readonly name: string;
  /** Known discovered values and constants. */
  readonly view: Values;
  readonly cfg: Values;
}

/** Everything that a module may use, wherever it runs. */
export interface ModuleContext {
  /** Its name in this program, as in `/services/{name}/state`. */
  readonly name: string;
  /** The nodes that it serves: its own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  node(id: string): ModuleNode | undefined;
  /**
   * Reports an observed value of a node; null if it can no longer be known.
   *
   * @throws {TypeError} If the module does not declare that it discovers this URL, or the value does not fit it.
   */
  discover(node: string, url: string, value: Value | null): void;
  /** Its config: the program's own `/services/{name}/config`; undefined if it is not set or not valid. */
  config(): Value | undefined;
  /** Calls `changed` when cfg or view of a node that it serves, or its own config, may have changed. Ends with `signal`. */
  onChange(changed: (node: string) => void): void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when the module must stop. */
  readonly signal: AbortSignal;
}

/** One run of a mutation of one node, as its handler sees it. */
export interface MutationRun extends Reports {
  readonly node: ModuleNode;
  readonly mutation: string;
  readonly bindings: Bindings;
  /** Identifies this run: two calls with the same one ask for the same work. */
  readonly execution: string;
  /** Fires on timeout, when the plan no longer needs it, and when the change is seen before the handler has returned. */
  readonly signal: AbortSignal;
  /** Reports an observed value of this node. See {@link ModuleContext.discover}. */
  discover(url: string, value: Value | null): void;
}

/**
 * Does the work of a mutation. It may return before the change is seen, and throws if the work fails.
 *
 * @throws {PermanentError} If another attempt cannot help.
 * @throws {UnavailableError} If nothing could be tried, because a controller or another service could not be reached.
 * @throws {DeclinedError} If a controller or another service refused.
 * @throws {MistakeError} If the node's own settings are wrong.
 */
export type MutationHandler = (run: MutationRun) => Promise<void> | void;

/** A running module. */
export interface RunningModule {
  /** Handlers by mutation id. A mutation without one needs no work: the program only waits for the change. */
  readonly mutations?: { readonly [id: string]: MutationHandler | undefined };
  /** Ends everything that the module started. Called once, after the context's signal has fired. */
  stop?(): Promise<void> | void;
}

/** A module: its declaration, and the function that starts it. */
export interface Module {
  readonly declaration: ModuleDeclaration;
  /**
   * Starts it. Its extensions declare the type of its config, `/services/{name}/config`. It must have started within 10 s;
   * one that fails to start stays in state ERROR.
   */
  start(context: ModuleContext): Promise<RunningModule> | RunningModule;
}

/** Thrown by a handler if another attempt cannot help. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
}

/**
 * Thrown by a handler if it could not reach a controller or another service, so that nothing was tried. The mutation
 * is tried again later, and no attempt is used up: a controller that does not answer says nothing about its machine.
 */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/**
 * Thrown by a handler if a controller or another service refused. An attempt is used up, but nothing is concluded
 * about the node (its `failTo` does not apply) or about other nodes.
 */
export class DeclinedError extends Error {
  override readonly name = "DeclinedError";
}

/**
 * Thrown by a handler if the node's own settings cannot be right, such as a malformed address. The mutation is held at
 * once, on this node alone, and nothing is concluded about the node.
 */
export class MistakeError extends Error {
  override readonly name = "MistakeError";
}

/**
 * Ties handlers to a declaration. A handler for a mutation that the declaration does not have fails the type check.
 *
 * @param declaration The declaration, from `declareModule`.
 * @param start Starts the module in a program and returns its handlers. It may be called for several programs.
 * @returns The module, for `ModuleHostOptions.modules`.
 *
 * @example A module that switches a fan
 * ```ts
 * import assert from "node:assert/strict";
 * import { defineModule } from "../src/module/mod.ts";
 * import { declareModule } from "../src/plan/mod.ts";
 * import { defineExtension, enumeration } from "../src/state/mod.ts";
 *
 * const cooling = defineExtension("cooling", {
 *   "/fan": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "self", about: "Speed of the fan" },
 * });
 * const declaration = declareModule({
 *   name: "cooling",
 *   about: "Sets the speed of fans",
 *   extensions: [cooling],
 *   discovers: ["/fan"],
 *   mutations: { speedUp: { context: "self", changes: { "/fan": ["SLOW", "FAST"] }, timeout: 5_000 } },
 * });
 * const fans = defineModule(declaration, (context) => {
 *   for (const { id } of context.nodes()) context.discover(id, "/fan", "SLOW");
 *   return { mutations: { speedUp: (run) => run.discover("/fan", "FAST") } };
 * });
 * assert.equal(fans.declaration.name, "cooling");
 * ```
 */
export function defineModule<const D extends ModuleDeclaration>(
  declaration: D,
  start: (
    context: ModuleContext,
  ) => Promise<TypedRunningModule<D>> | TypedRunningModule<D>,
): Module {
  return { declaration, start };
}

/** A {@link RunningModule} with handlers for the mutations of one declaration only. */
export interface TypedRunningModule<D extends ModuleDeclaration> extends RunningModule {
  readonly mutations?: { readonly [id in keyof D["mutations"] & string]?: MutationHandler };
}
