/**
 * A machine that a simulated controller powers. The simulator's own kind is a process of the agent
 * (`createProcessMachine`); a virtual machine can be used in the same way, with `startSimulator`.
 *
 * The controller calls the methods one after the other, and `start` only if {@link SimulatedMachine.state} is `off`. Everything
 * about Redfish (delays, failures, intermediate states) is the controller's task, not the machine's.
 */
export interface SimulatedMachine {
  /**
   * Whether it has power: `on` from the beginning of `start`, `off` when `stop` has ended or {@link onExit} is called.
   */
  readonly state: MachineState;
  /**
   * Powers it on. Resolves when it has power, before it has booted. Rejects if it cannot be started; it is off then.
   */
  start(): Promise<void>;
  /**
   * Cuts its power. Resolves when none of its processes runs any more, including those that a killed simulator left
   * behind. Harmless if the machine is off.
   */
  stop(): Promise<void>;
  /** Requests a shutdown, as the power button does (ACPI). It may have no effect. {@link onExit} reports the end. */
  shutdown(): void;
  /** Restarts it without a loss of power. Absent: it is stopped and started. */
  restart?(): Promise<void>;
  /** Interrupts it (NMI), as the button for a memory dump does. Absent: no effect. */
  interrupt?(): void;
  /** Calls back each time that it goes off without `stop`: its process died, or it has shut down. */
  onExit(listener: () => void): void;
  /**
   * Sets where it boots from, from the next boot on. Absent: it cannot be set. @returns False if the URI is invalid.
   */
  bootFrom?(uri: string): boolean;
  /** With true, boots hang from now on, for tests. Absent: not supported. */
  hang?(hangs: boolean): void;
  /** Returns its sensor readings now. Absent: those of an idle machine. */
  sense?(): SimulatedSensors;
}

/** Whether a machine has power. */
export type MachineState = "off" | "on";

/** The sensor readings of a machine. */
export interface SimulatedSensors {
  /** Temperature of the inlet air, in degrees Celsius. */
  readonly inlet: number;
  /** Power consumption, in watts. */
  readonly watts: number;
}
