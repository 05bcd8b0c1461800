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

/** What a module may do, wherever it runs. */
export interface ModuleContext {
  /** Its name in this program, as in `/services/{name}/state`. */
  readonly name: string;
  /** The nodes that it serves: its own in an agent, the children in an aggregator. */
  nodes(): Iterable<ModuleNode>;
  node(id: string): ModuleNode | undefined;
  /**
   * States what was observed. null: it can't be known any more.
   *
   * @throws {TypeError} When the URL is not among what the module discovers, or the value does not fit it.
   */
  discover(node: string, url: string, value: Value | null): void;
  /** Its config: the program's own `/services/{name}/config`, or undefined. */
  config(): Value | undefined;
  /** Calls back when cfg or view of a node that it serves, or its own config, may have changed. Ends with `signal`. */
  onChange(changed: (node: string) => void): void;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when the module must stop. */
  readonly signal: AbortSignal;
}

/** What a handler gets to do one mutation of one node. */
export interface MutationRun extends Reports {
  readonly node: ModuleNode;
  readonly mutation: string;
  readonly bindings: Bindings;
  /** Unique to this run: a handler that is called twice with the same one is the same work. */
  readonly execution: string;
  /** Fires on timeout, when the plan no longer wants it, and when the change is seen before the handler has returned. */
  readonly signal: AbortSignal;
  /** States what was observed of this node. See {@link ModuleContext.discover}. */
  discover(url: string, value: Value | null): void;
}

/** Does the work of a mutation. It may return before the change is seen; it throws when the work can't be done. */
export type MutationHandler = (run: MutationRun) => Promise<void> | void;

/** A running module. */
export interface RunningModule {
  /** By mutation id. A mutation without a handler happens by itself and is only waited for. */
  readonly mutations?: { readonly [id: string]: MutationHandler | undefined };
  /** Ends what the module started. Called once; the context's signal has fired before. */
  stop?(): Promise<void> | void;
}

/** A module: what it says of itself, and how to start it. */
export interface Module {
  readonly declaration: ModuleDeclaration;
  /** What its config must look like, in `/services/{name}/config`: declared in its extensions. */
  start(context: ModuleContext): Promise<RunningModule> | RunningModule;
}

/** Thrown by a handler when trying again can't help. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
}

/**
 * Thrown by a handler when what it works with can't be reached, so that nothing was tried: it is tried again later, and no
 * attempt is used up. A controller that does not answer says nothing of its machine.
 */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/**
 * Thrown by a handler when what it works with says no: an attempt is used up, but nothing is concluded of the node (the
 * mutation's `failTo` is not stated), nor of other nodes.
 */
export class DeclinedError extends Error {
  override readonly name = "DeclinedError";
}

/**
 * Thrown by a handler when what is set for this very node can't be right, such as an address that is none. The mutation is held
 * at once, on this node alone, and nothing is concluded of the node.
 */
export class MistakeError extends Error {
  override readonly name = "MistakeError";
}

/** Ties handlers to a declaration. Handlers for mutations that the declaration does not have fail the type check. */
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
