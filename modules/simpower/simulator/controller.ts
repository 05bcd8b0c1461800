import type { Clock, Random } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import { triangular } from "./chance.ts";
import type { ControllerConfig } from "./config.ts";
import type { MachineState, SimulatedMachine, SimulatedSensors } from "./machine.ts";
import type { PowerState, ResetType } from "./reset_types.ts";
import { errorText } from "../../../src/toolkit/mod.ts";

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
  const listeners: (() => void)[] = [];
  let power: PowerState = "Off";
  let said: PowerState = "Off";
  let failures = 0;
  /** Whether it must be powered on again when it has shut down. */
  let startsAgain = false;
  /** Resolves when everything that was requested has been done. */
  let work: Promise<void> = Promise.resolve();
  /** Ends the running delay early, because something else was requested meanwhile. */
  let hurry = () => {};

  function turn(to: PowerState): void {
    if (power === to) return;
    power = to;
    const stale = triangular(config.staleDelay, random);
    if (stale > 0) clock.after(stale, say);
    else say();
    for (const listener of listeners) listener();
  }
  function say(): void {
    said = power;
  }
  function inTurn(next: () => Promise<void>): Promise<void> {
    hurry();
    work = work.then(next).catch((error: unknown) => {
      log.error("A machine failed", { why: errorText(error) });
      turn(machine.state === "on" ? "On" : "Off");
    });
    return work;
  }
  function delay(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(triangular(config.resetDelay, random), resolve);
      hurry = () => {
        cancel();
        resolve();
      };
    });
  }

  async function powerOn(): Promise<void> {
    if (power === "On") return;
    turn("PoweringOn");
    await delay();
    await machine.start();
    turn("On");
  }
  async function powerOff(): Promise<void> {
    if (power === "Off") return;
    turn("PoweringOff");
    await delay();
    await machine.stop();
    turn("Off");
  }
  async function restart(): Promise<void> {
    if (power !== "On") return await powerOn();
    if (machine.restart !== undefined) return await machine.restart();
    await machine.stop();
    await machine.start();
  }
  function shutDown(): Promise<void> {
    return inTurn(async () => {
      if (power === "On") machine.shutdown();
    });
  }
  function perform(type: ResetType): void {
    if (type !== "Nmi") startsAgain = type === "GracefulRestart" && power === "On";
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
          if (power === "On") machine.interrupt?.();
        });
        return;
      case "PushPowerButton":
        if (power === "On") return perform("GracefulShutdown");
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
      return said;
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
    onPower: (listener) => void listeners.push(listener),
    unplug: () =>
      inTurn(async () => {
        await machine.stop();
        turn("Off");
      }),
  };
}

/** Returns the readings of an idle machine's sensors, with noise. */
function idleSensors(state: MachineState, random: Random): SimulatedSensors {
  const watts = state === "on" ? 180 + random() * 4 : 8 + random();
  return { inlet: 21 + random() / 2, watts };
}
