/**
 * What a simulated controller has power over. The simulator's own kind is a process of the agent
 * (`createProcessMachine`); a virtual machine plugs in the same way, through `startSimulator`.
 *
 * The controller makes the calls, one after the other: `start` only when {@link Machine.state} is `off`. All of Redfish is
 * its business (delays, failures, what it says on the way), and none of it the machine's.
 */
export interface Machine {
  /** Whether it has power: `on` from the beginning of `start`, `off` when `stop` has ended or {@link onExit} is told. */
  readonly state: MachineState;
  /** Gives it power. Resolves when it has it: booting is its own affair. Rejects when it can't be started, and is off then. */
  start(): Promise<void>;
  /**
   * Cuts its power. Resolves when nothing of it runs any more: also of an earlier life, which a simulator that was killed
   * left behind. On a machine that is off it does no harm.
   */
  stop(): Promise<void>;
  /** Asks what runs on it to end, as the power button does (ACPI). Nothing may come of it. Its end is told by {@link onExit}. */
  shutdown(): void;
  /** Restarts it without a loss of power. Absent: it is stopped and started. */
  restart?(): Promise<void>;
  /** Interrupts it (NMI), as the button for a dump of its memory does. Absent: nothing comes of that. */
  interrupt?(): void;
  /** Calls back each time that it goes off without `stop`: its process died, or what runs on it has shut down. */
  onExit(listener: () => void): void;
  /** Where it boots from, from the next time on. Absent: it can't be told. @returns False when it is no such URI. */
  bootFrom?(uri: string): boolean;
  /** With true, boots hang from now on, for tests. Absent: it can't. */
  hang?(hangs: boolean): void;
  /** What its sensors say at this moment. Absent: what an idle machine of its state would say. */
  sense?(): Sensors;
}

/** Whether a machine has power. */
export type MachineState = "off" | "on";

/** What the sensors of a machine say. */
export interface Sensors {
  /** Of the air that it takes in, in degrees Celsius. */
  readonly inlet: number;
  /** What it draws, in watts. */
  readonly watts: number;
}
