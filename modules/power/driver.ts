import { type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import type { LogEntry } from "./log_entry.ts";
import type { Led } from "./led.ts";

/** The power of a machine as its controller reports it: `changing` between on and off, `unknown` if it cannot tell. */
export type Power = "on" | "off" | "changing" | "unknown";

/** Facts that a controller reports about its machine. Those that it does not report are absent. */
export interface MachineFacts {
  /** `OK`, `Warning`, `Critical` or another word of its own. */
  readonly health?: string;
  /** Version of the machine's firmware (BIOS). */
  readonly firmware?: string;
  /** The state of its identify LED. */
  readonly led?: Led;
}

/** A controller's report of the power. */
export interface Reading {
  /** Also `unknown` if its answer does not mention the power: that proves nothing. */
  readonly power: Power;
  /** In its own words, such as `PowerState 'PoweringOn'`. */
  readonly said: string;
  /** Its report of the machine itself. */
  readonly machine?: MachineFacts;
  /** The failure of the last order that it accepted, such as of a task, in its own words. */
  readonly failed?: string;
}

/** A controller's answer to an order. Without an answer the driver throws an `UnavailableError`: the order may have been carried out. */
export type ChangeOutcome =
  /** It accepted the order, which is not yet a success. */
  | { readonly kind: "taken" }
  /** It does not support the order, so that nothing was asked. */
  | { readonly kind: "unsupported" }
  /**
   * It refused: the machine is in that state (`already`), it cannot now (`later`: busy, not ready, soon after a change), or
   * there is another reason (`refused`), server errors included. The kinds differ only in messages: the next reading decides,
   * and the order is repeated if the machine is in the opposite state.
   */
  | { readonly kind: "already" | "later" | "refused"; readonly said: string };

/**
 * An order to a controller. `shutdown` asks the operating system to shut down; `restart` loses no power; `interrupt` sends a
 * non-maskable interrupt, and changes no power.
 */
export type PowerChange = "on" | "off" | "shutdown" | "restart" | "interrupt";

/** Readings of a machine's sensors. Those that the controller does not report are absent. */
export interface Sensors {
  /** Degrees Celsius. */
  readonly inlet?: number;
  /** Watts. */
  readonly watts?: number;
}

/** The conditions of a request to a controller. */
export interface Ask {
  readonly signal: AbortSignal;
  /** True if a mutation waits for it. Such requests come before polling. */
  readonly urgent: boolean;
  /** Called if the request has to wait for others of this program. It returns a function that is called when the wait ends. */
  queued?(): () => void;
}

/** Thrown if a controller rejects the user or password. It is not asked with them for a while. */
export class CredentialsError extends UnavailableError {}

/**
 * The interface to one kind of controller. Its methods throw an `UnavailableError` if there was no answer, or if something
 * that a request needs is missing; a {@link CredentialsError} if the user or password is rejected; a `MistakeError` if the
 * node's settings cannot be right, such as its address. Any other error of `read` proves nothing, and any other error of
 * `change` is a refusal: see {@link guardDriver}, which wraps every driver. Messages have no secrets in them.
 */
export interface PowerDriver {
  /** Reads the power of a node's machine. */
  read(node: ModuleNode, ask: Ask): Promise<Reading>;
  /** Asks for a change of power. */
  change(node: ModuleNode, change: PowerChange, ask: Ask): Promise<ChangeOutcome>;
  /**
   * Turns the identify LED of a node's machine, if this kind of controller has one.
   *
   * @returns Its state: as the controller reports it, otherwise as ordered; undefined if the controller does not know.
   */
  turnLed?(node: ModuleNode, led: Led, ask: Ask): Promise<Led | undefined>;
  /** Reads the sensors of a node's machine, if this kind of controller has them. */
  sense?(node: ModuleNode, signal: AbortSignal): Promise<Sensors>;
  /**
   * Reads the newest entries of its controller's event logs, the newest first, if this kind of controller has them.
   *
   * @returns Undefined if this one has none.
   */
  readLog?(node: ModuleNode, count: number, ask: Ask): Promise<readonly LogEntry[] | undefined>;
  /** Tells of a managed node, so that the driver can listen for its controller's events. */
  attend?(node: ModuleNode): void;
  /** Tells that a node is no longer managed. */
  forget?(nodeId: string): void;
  /** Whether events of this node's controller arrive, so that it need not be polled as often. */
  hears?(nodeId: string): boolean;
  /** Closes everything that the driver has open. */
  stop?(): Promise<void>;
}

/**
 * Makes a driver.
 *
 * @param context The module's context.
 * @param look Asks for a look at a node's controller soon, because something has happened there.
 */
export type MakeDriver = (context: ModuleContext, look: (nodeId: string) => void) => PowerDriver;

/** The settings of power management. All in milliseconds. */
export interface PowerSettings {
  /** Between two looks at a controller, on average. */
  readonly poll: number;
  /** Between two readings of its sensors, on average; 0: none are read. */
  readonly sense: number;
  /** The time that a healthy machine gets to shut down before its power is cut; 0: it is cut at once. */
  readonly graceful: number;
  /** The time after a change of power during which a controller may still report the previous state. */
  readonly settle: number;
}
