import { type ModuleContext, type ModuleNode, UnavailableError } from "../../src/module/mod.ts";
import type { LogEntry } from "./log_entry.ts";
import type { Led } from "./led.ts";

/** What a controller says of its machine's power: `changing` on the way from one to the other, `unknown` where it can't say. */
export type Power = "on" | "off" | "changing" | "unknown";

/** What a controller says of its machine. What it does not tell is absent. */
export interface MachineFacts {
  /** `OK`, `Warning`, `Critical` or another word of its own. */
  readonly health?: string;
  /** Version of the machine's firmware (BIOS). */
  readonly firmware?: string;
  /** What its identify LED does. */
  readonly led?: Led;
}

/** What a controller has said when it was asked for the power. */
export interface Reading {
  /** `unknown` too where its answer has nothing of power: that proves nothing. */
  readonly power: Power;
  /** In its own words, such as `PowerState 'PoweringOn'`. */
  readonly said: string;
  /** What it says of the machine itself beside its power. */
  readonly machine?: MachineFacts;
  /** That the order it took last has failed since, in its own words: of a task, for instance. */
  readonly failed?: string;
}

/** The answer of a controller to an order. Where it answers nothing the driver throws an `UnavailableError`: it may have been done. */
export type Outcome =
  /** It took it: that is no success yet. */
  | { readonly kind: "taken" }
  /** It has no such thing, so that nothing was asked. */
  | { readonly kind: "unsupported" }
  /**
   * It said no: as it is so already (`already`), as it can't now (`later`: busy, not ready, soon after a change), or for any
   * other reason (`refused`), a server error included. Which of them is a matter of words only: what is read afterwards
   * decides, and it is ordered again where that is the opposite of what is wanted.
   */
  | { readonly kind: "already" | "later" | "refused"; readonly said: string };

/**
 * What a controller can be asked for. `shutdown` asks what runs on the machine to end; `restart` loses no power; `interrupt` sends a
 * non-maskable interrupt, and changes no power.
 */
export type PowerChange = "on" | "off" | "shutdown" | "restart" | "interrupt";

/** What a machine's sensors say. What the controller does not tell is absent. */
export interface Sensors {
  /** Degrees Celsius. */
  readonly inlet?: number;
  /** Watts. */
  readonly watts?: number;
}

/** How something is asked for. */
export interface Ask {
  readonly signal: AbortSignal;
  /** True when a mutation waits for it, which goes before polling. */
  readonly urgent: boolean;
  /** Told when it has to wait for other requests of ours; what it returns is called when that is over. */
  queued?(): () => void;
}

/** Thrown where a controller does not take the user and password: it is not asked with them for a while. */
export class CredentialsError extends UnavailableError {}

/**
 * How one kind of controller is talked to. Its methods throw an `UnavailableError` where there was no answer, or where what is
 * needed to ask is missing; a {@link CredentialsError} where the user or password is refused; a `MistakeError` where what is
 * set for this node can't be right, such as its address. Whatever else `read` throws proves nothing, and whatever else `change`
 * throws is a refusal: see {@link guardDriver}, through which every driver is asked. Messages have no secrets in them.
 */
export interface PowerDriver {
  /** Reads the power of a node's machine. */
  read(node: ModuleNode, ask: Ask): Promise<Reading>;
  /** Asks for a change of power. */
  change(node: ModuleNode, change: PowerChange, ask: Ask): Promise<Outcome>;
  /**
   * Turns the identify LED of a node's machine, where this kind of controller has one.
   *
   * @returns What it does then: as the controller says or, where it does not say that, as it took the order; undefined: it does not know.
   */
  turnLed?(node: ModuleNode, led: Led, ask: Ask): Promise<Led | undefined>;
  /** Reads the sensors of a node's machine, where this kind of controller has them. */
  sense?(node: ModuleNode, signal: AbortSignal): Promise<Sensors>;
  /**
   * Reads the newest entries of its controller's event logs, the newest first, where this kind of controller has them.
   *
   * @returns Undefined when this one has none.
   */
  readLog?(node: ModuleNode, count: number, ask: Ask): Promise<readonly LogEntry[] | undefined>;
  /** Tells of a node that is looked after, so that the driver can listen for its controller's events. */
  attend?(node: ModuleNode): void;
  /** A node is not looked after any more. */
  forget?(nodeId: string): void;
  /** Whether events of this node's controller arrive, so that it need not be polled as often. */
  hears?(nodeId: string): boolean;
  /** Ends what the driver has open. */
  stop?(): Promise<void>;
}

/**
 * Makes a driver.
 *
 * @param look Has a node's controller looked at soon, as something has happened there.
 */
export type MakeDriver = (context: ModuleContext, look: (nodeId: string) => void) => PowerDriver;

/** How controllers are looked after. All in milliseconds. */
export interface PowerSettings {
  /** Between two looks at a controller, on average. */
  readonly poll: number;
  /** Between two readings of its sensors, on average; 0: none are read. */
  readonly sense: number;
  /** How long a healthy machine may take to shut down before its power is cut; 0: it is cut at once. */
  readonly graceful: number;
  /** How long after a change of power a controller may still say what was before. */
  readonly settle: number;
}
