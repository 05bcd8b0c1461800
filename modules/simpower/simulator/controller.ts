import type { Clock, Random } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import { triangular } from "./chance.ts";
import type { ControllerConfig } from "./config.ts";
import type { MachineState, SimulatedMachine, SimulatedSensors } from "./machine.ts";
import type { PowerState, ResetType } from "./reset_types.ts";
import { createTurns, errorText } from "../../../src/toolkit/mod.ts";

/** How often a machine was told to do something, whether or not that changed anything. */
export interface Counters {
  readonly powerOn: number;
  readonly powerOff: number;
  /** ForceRestart, GracefulRestart and PowerCycle. */
  readonly resets: number;
}

/** The controller (BMC) of one machine: carries out requests after delays, with faults, one after the other. */
export interface Controller {
  readonly name: string;
  readonly id: string;
  /** The power that it reports: for a while after a change perhaps the old state. */
  readonly power: PowerState;
  /** The readings of its sensors. */
  readonly sensors: SimulatedSensors;
  readonly counters: Counters;
  readonly machine: SimulatedMachine;
  /** Accepts a reset. @returns False if the controller fails, by config or by {@link Controller.simulate}. */
  reset(type: ResetType): boolean;
  /** Injects faults: `hang`: boots never start the agent; `fail`: this many of the next resets fail. */
  simulate(faults: { readonly hang?: boolean; readonly fail?: number }): void;
  /** Calls back whenever `power` has changed. */
  onPower(listener: () => void): void;
  /** Cuts its power at once. Resolves when none of its processes runs any more. */
  unplug(): Promise<void>;
}

/**
 * Creates the controller of a machine. It reports that the machine is off; {@link Controller.unplug} ends what an
 * earlier simulator left running.
 *
 * @param system Name and id of the machine.
 * @param machine The machine.
 * @param config The behaviour.
 * @param parts Clock, random numbers and log.
 */
export function createController(
  system: { readonly name: string; readonly id: string },
  machine: SimulatedMachine,
  config: ControllerConfig,
  parts: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): Controller {
  const { clock, random } = parts;
  const log = parts.log.with({ system: system.name });
  const counters = { powerOn: 0, powerOff: 0, resets: 0 };
  const report = createPowerReport(() => triangular(config.staleDelay, random), clock);
  const { turn } = report;
  let failures = 0;
  /** Whether it must be powered on again when it has shut down. */
  let startsAgain = false;
  const { inTurn, delay } = createErrands(() => triangular(config.resetDelay, random), clock, (error) => {
    log.error("A machine failed", { why: errorText(error) });
    turn(machine.state === "on" ? "On" : "Off");
  });

  async function powerOn(): Promise<void> {
    if (report.power() === "On") return;
    turn("PoweringOn");
    await delay();
    await machine.start();
    turn("On");
  }
  async function powerOff(): Promise<void> {
    if (report.power() === "Off") return;
    turn("PoweringOff");
    await delay();
    await machine.stop();
    turn("Off");
  }
  async function restart(): Promise<void> {
    if (report.power() !== "On") return await powerOn();
    if (machine.restart !== undefined) return await machine.restart();
    await machine.stop();
    await machine.start();
  }
  function shutDown(): Promise<void> {
    return inTurn(async () => {
      if (report.power() === "On") machine.shutdown();
    });
  }
  function perform(type: ResetType): void {
    if (type !== "Nmi") startsAgain = type === "GracefulRestart" && report.power() === "On";
    switch (type) {
      case "On":
        counters.powerOn++;
        inTurn(powerOn);
        return;
      case "GracefulShutdown":
        counters.powerOff++;
        shutDown();
        return;
      case "GracefulRestart":
        counters.resets++;
        if (startsAgain) shutDown();
        else inTurn(powerOn);
        return;
      case "Nmi":
        inTurn(async () => {
          if (report.power() === "On") machine.interrupt?.();
        });
        return;
      case "PushPowerButton":
        if (report.power() === "On") return perform("GracefulShutdown");
        return perform("On");
      case "ForceOff":
        counters.powerOff++;
        inTurn(powerOff);
        return;
      case "ForceRestart":
        counters.resets++;
        inTurn(restart);
        return;
      case "PowerCycle":
        counters.resets++;
        inTurn(async () => {
          await powerOff();
          await powerOn();
        });
        return;
      default:
        throw new RangeError(`Cannot perform '${type satisfies never}'`);
    }
  }

  machine.onExit(() => {
    log.info("The machine went off by itself");
    inTurn(async () => {
      turn(machine.state === "on" ? "On" : "Off");
      if (startsAgain) await powerOn();
      startsAgain = false;
    });
  });
  return {
    name: system.name,
    id: system.id,
    machine,
    get power() {
      return report.said();
    },
    get sensors() {
      return machine.sense?.() ?? idleSensors(machine.state, random);
    },
    get counters() {
      return { ...counters };
    },
    reset(type) {
      const fails = failures > 0 || random() < config.failProbability;
      if (failures > 0) failures--;
      log.info(fails ? "Fails a reset" : "Takes a reset", { type });
      if (!fails) perform(type);
      return !fails;
    },
    simulate({ hang, fail }) {
      if (hang !== undefined) machine.hang?.(hang);
      failures = fail ?? failures;
    },
    onPower: report.onTurn,
    unplug: () =>
      inTurn(async () => {
        await machine.stop();
        turn("Off");
      }),
  };
}

/** What a controller says of the power: for a while after a change perhaps what was before. @param stale Draws how long, in milliseconds. */
function createPowerReport(stale: () => number, clock: Clock) {
  const listeners: (() => void)[] = [];
  let power: PowerState = "Off";
  let said: PowerState = "Off";
  const say = () => said = power;
  return {
    power: (): PowerState => power,
    said: (): PowerState => said,
    onTurn: (listener: () => void): void => void listeners.push(listener),
    turn(to: PowerState): void {
      if (power === to) return;
      power = to;
      const ms = stale();
      if (ms > 0) clock.after(ms, say);
      else say();
      for (const listener of listeners) listener();
    },
  };
}

/**
 * What a machine is told to do, one thing after the other. What is asked for ends the delay of what was asked before.
 *
 * @param time Draws how long a delay is, in milliseconds.
 */
function createErrands(time: () => number, clock: Clock, failed: (error: unknown) => void) {
  const inTurn = createTurns();
  let hurry = () => {};
  return {
    inTurn(next: () => Promise<void>): Promise<void> {
      hurry();
      return inTurn(() => next().catch(failed));
    },
    delay: (): Promise<void> =>
      new Promise((resolve) => {
        const cancel = clock.after(time(), resolve);
        hurry = () => {
          cancel();
          resolve();
        };
      }),
  };
}

/** Returns the readings of an idle machine's sensors, with noise. */
function idleSensors(state: MachineState, random: Random): SimulatedSensors {
  const watts = state === "on" ? 180 + random() * 4 : 8 + random();
  return { inlet: 21 + random() / 2, watts };
}
